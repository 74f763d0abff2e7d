import type { BigQuery } from '@google-cloud/bigquery';
import { refusedUpload } from './bigquery-failure.ts';
import { postpone } from './failure.ts';
import type { Piece } from './pieces.ts';
import { type Answer, authorize, isPassing, isSuccess, send } from './upload-request.ts';
import { pause, UploadSession } from './upload-session.ts';

export interface UploadOptions {
  bigquery: BigQuery;
  /** The body of jobs.insert. */
  job: object;
  /** What is loaded. */
  pieces: AsyncIterable<Piece>;
  /** How many bytes the pieces hold together: with fewer, no job comes into being. */
  bytes: number;
  signal?: AbortSignal | undefined;
  /** Told how many bytes the server has. */
  onProgress?: ((bytes: number) => void) | undefined;
}

/** `duplicate`: a job of this id exists already, and this upload loads nothing. */
export type UploadResult = 'inserted' | 'duplicate';

const maxTries = 6;

/**
 * Inserts a load job by a resumable upload. Not by the client's own `Table.createWriteStream`: that is
 * a multipart upload, which is lost with a 503, and which makes a job of half a file when its source
 * breaks off. https://cloud.google.com/bigquery/docs/reference/api-uploads
 *
 * @throws RelayError `export.*`
 */
export async function uploadJob(options: UploadOptions): Promise<UploadResult> {
  const opened = await openSession(options);
  if (opened === 'duplicate') return opened;
  for await (const piece of options.pieces) {
    const reply = await opened.send(piece);
    if (reply) return resultOf(reply);
    options.onProgress?.(opened.persisted);
  }
  throw postpone('upload', `an upload of ${options.bytes} bytes ended without a job`);
}

async function openSession(options: UploadOptions): Promise<UploadSession | 'duplicate'> {
  const { bigquery, job, bytes, signal } = options;
  const { url, headers, body } = await authorize(bigquery, '/jobs?uploadType=resumable', job);
  Object.assign(headers, {
    'content-type': 'application/json; charset=UTF-8',
    'x-upload-content-type': 'text/csv',
    'x-upload-content-length': String(bytes),
  });
  for (let tries = 1; ; tries++) {
    const reply = await send(url, { method: 'POST', headers, body }, signal);
    if (isPassing(reply) && tries < maxTries) {
      await pause(tries, signal);
      continue;
    }
    if (reply instanceof Error) throw reply;
    const session = isSuccess(reply) && reply.headers.location;
    if (session) return new UploadSession(session, options);
    if (resultOf(reply) === 'duplicate') return 'duplicate';
    throw postpone('upload', `BigQuery answered ${reply.status} and opened no upload`);
  }
}

function resultOf(reply: Answer): UploadResult {
  if (isSuccess(reply)) return 'inserted';
  // Also when it was our own request before that made the job, and whose answer was lost.
  if (reply.status === 409) return 'duplicate';
  throw refusedUpload(reply.status, reply.text);
}
