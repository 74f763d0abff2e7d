import type { IncomingHttpHeaders } from 'node:http';
import { text } from 'node:stream/consumers';
import type { BigQuery } from '@google-cloud/bigquery';
import { RelayError } from '../../../shared/errors.ts';
import {
  type Body,
  type HttpRequest,
  isTransientStatus,
  sendRequest,
} from '../fetch/http-request.ts';
import { IdleTimeout } from '../fetch/idle-timeout.ts';

export interface AuthorizedRequest {
  url: string;
  headers: Record<string, string>;
  body: string;
}

/** Lets the client add its credentials (none for a local server) and the project's id. */
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

/** Until a part of the body is accepted, and until the response is complete. */
const idleTimeoutMs = 120_000;

export interface UploadResponse {
  status: number;
  headers: IncomingHttpHeaders;
  text: string;
}

/** A response, or why there is none. */
export type UploadReply = UploadResponse | Error;

/** @param stop aborts the request, which then rejects with the signal's reason */
export async function send(
  url: string,
  { body, ...request }: HttpRequest,
  stop: AbortSignal | undefined,
): Promise<UploadReply> {
  const idle = new IdleTimeout(idleTimeoutMs, stop);
  idle.restart();
  try {
    const content = typeof body === 'object' ? restartingAt(body, idle) : body;
    const response = await sendRequest(url, { ...request, body: content }, idle.signal);
    idle.restart();
    const { statusCode: status = 0, headers } = response;
    return { status, headers, text: await text(response) };
  } catch (error) {
    stop?.throwIfAborted();
    // The content to upload can't be read.
    if (error instanceof RelayError) throw error;
    return new RelayError(
      'export.network',
      `the upload to BigQuery failed: ${idle.explain(error)}`,
      {
        cause: error,
      },
    );
  } finally {
    idle.clear();
  }
}

async function* restartingAt(body: Body, idle: IdleTimeout): AsyncGenerator<Uint8Array> {
  for await (const chunk of body) {
    yield chunk;
    idle.restart();
  }
}

/** Can the same request succeed later? */
export function isTransient(reply: UploadReply): boolean {
  return reply instanceof Error || isTransientStatus(reply.status);
}

export function isSuccess({ status }: UploadResponse): boolean {
  return status >= 200 && status < 300;
}
