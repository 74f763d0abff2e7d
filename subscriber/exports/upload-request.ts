import type { BigQuery } from '@google-cloud/bigquery';
import { causeOf, postpone } from './failure.ts';

export interface AuthorizedRequest {
  url: string;
  headers: Headers;
  body: string;
}

/** Lets the client put in its credentials (none for a local server) and the project's id. */
export function authorize(
  bigquery: BigQuery,
  path: string,
  body: object,
): Promise<AuthorizedRequest> {
  const uri = `${bigquery.apiEndpoint}/upload/bigquery/v2/projects/${bigquery.projectId}${path}`;
  return new Promise((resolve, reject) => {
    bigquery.makeAuthenticatedRequest(
      { uri, json: body },
      {
        onAuthenticated(error, request) {
          if (error || !request) return reject(error);
          resolve({
            url: request.uri,
            headers: new Headers(request.headers as Record<string, string>),
            body: JSON.stringify(request.json),
          });
        },
      },
    );
  });
}

const replyWithinMs = 120_000;

/** An answer, or why there is none. */
export type Reply = Response | Error;

/** @param stop ends the request, and rejects with its reason */
export async function send(
  url: string,
  init: RequestInit,
  stop: AbortSignal | undefined,
): Promise<Reply> {
  const late = AbortSignal.timeout(replyWithinMs);
  try {
    const signal = stop ? AbortSignal.any([stop, late]) : late;
    // 308 means "go on" here, and has no Location to follow.
    return await fetch(url, { ...init, redirect: 'manual', signal });
  } catch (error) {
    stop?.throwIfAborted();
    return postpone('network', `the upload to BigQuery failed: ${causeOf(error)}`, {
      cause: error,
    });
  }
}

/** Is it worth another try of the same request? */
export function isPassing(reply: Reply): boolean {
  if (reply instanceof Error) return true;
  return reply.status === 408 || reply.status === 429 || reply.status >= 500;
}
