import type { IncomingHttpHeaders } from 'node:http';
import { text } from 'node:stream/consumers';
import type { BigQuery } from '@google-cloud/bigquery';
import { RelayError } from '../../../shared/errors.ts';
import { type Body, exchange, type HttpRequest } from '../fetch/http-request.ts';
import { Silence } from '../fetch/idle-timeout.ts';

export interface AuthorizedRequest {
  url: string;
  headers: Record<string, string>;
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
            headers: Object.fromEntries(new Headers(request.headers as Record<string, string>)),
            body: JSON.stringify(request.json),
          });
        },
      },
    );
  });
}

/** The longest silence: until a part of the body is taken, and until the answer is there. */
const silenceMs = 120_000;

export interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  text: string;
}

/** An answer, or why there is none. */
export type Reply = Answer | Error;

/** @param stop ends the request, and rejects with its reason */
export async function send(
  url: string,
  { body, ...request }: HttpRequest,
  stop: AbortSignal | undefined,
): Promise<Reply> {
  const silence = new Silence(silenceMs, stop);
  silence.heard();
  try {
    const content = typeof body === 'object' ? heard(body, silence) : body;
    const response = await exchange(url, { ...request, body: content }, silence.signal);
    silence.heard();
    const { statusCode: status = 0, headers } = response;
    return { status, headers, text: await text(response) };
  } catch (error) {
    stop?.throwIfAborted();
    // What is uploaded can't be read.
    if (error instanceof RelayError) throw error;
    return new RelayError(
      'export.network',
      `the upload to BigQuery failed: ${silence.explain(error)}`,
      {
        cause: error,
      },
    );
  } finally {
    silence.end();
  }
}

async function* heard(body: Body, silence: Silence): AsyncGenerator<Uint8Array> {
  for await (const chunk of body) {
    yield chunk;
    silence.heard();
  }
}

/** Is it worth another try of the same request? */
export function isPassing(reply: Reply): boolean {
  if (reply instanceof Error) return true;
  return reply.status === 408 || reply.status === 429 || reply.status >= 500;
}

export function isSuccess({ status }: Answer): boolean {
  return status >= 200 && status < 300;
}
