import { buffer } from 'node:stream/consumers';
import type { BigQuery } from '@google-cloud/bigquery';
import { refusedUpload } from './bigquery-failure.ts';
import { postpone } from './failure.ts';
import { Rereadable } from './rereadable.ts';
import { type Answer, authorize, isPassing, isSuccess, send } from './upload-request.ts';
import { pause, UploadSession } from './upload-session.ts';

export interface UploadOptions {
  bigquery: BigQuery;
  /** The body of jobs.insert. */
  job: object;
  /** Opens what is loaded: once, and again for each time that the connection is lost. */
  open: () => AsyncIterable<Buffer>;
  /** Bytes at the beginning that are left out. */
  skip?: number;
  /** How many bytes there are behind them: with fewer, no job comes into being. */
  bytes: number;
  signal?: AbortSignal | undefined;
  /** Told how many bytes are sent. */
  onProgress?: ((bytes: number) => void) | undefined;
}

/** `duplicate`: a job of this id exists already, and this upload loads nothing. */
type UploadResult = 'inserted' | 'duplicate';

/** All of an upload but its end: BigQuery makes no job before it has that. */
export interface BegunUpload {
  /** Sends the end, however much later: a session lives for a week. */
  end(): Promise<UploadResult>;
}

const maxTries = 6;
/** What is sent in two requests is cut at a multiple of it. */
const unitBytes = 256 * 1024;

/**
 * Uploads the file of a load job but for its end, which is read and kept: 256 KiB at most. Not by the
 * client's own `Table.createWriteStream`: that is a multipart upload, which is lost with a 503, and which
 * makes a job of half a file when its source breaks off.
 * https://cloud.google.com/bigquery/docs/reference/api-uploads
 *
 * @throws RelayError `export.*`, and whatever ends what is uploaded
 */
export async function beginUpload(options: UploadOptions): Promise<BegunUpload | 'duplicate'> {
  const session = await openSession(options);
  if (session === 'duplicate') return session;
  const { open, skip, bytes, onProgress } = options;
  const content = new Rereadable(open, skip);
  try {
    const cut = Math.floor((bytes - 1) / unitBytes) * unitBytes;
    const reply =
      cut > 0 && (await session.send((from) => told(content, from, cut, onProgress), cut));
    if (reply && resultOf(reply) === 'duplicate') return 'duplicate';
    if (reply) throw postpone('upload', 'BigQuery made a job of an upload without its end');
    const end = await buffer(content.read(cut, bytes));
    return { end: () => endUpload(session, end, bytes) };
  } finally {
    await content.close();
  }
}

async function* told(
  content: Rereadable,
  from: number,
  to: number,
  onProgress: UploadOptions['onProgress'],
): AsyncGenerator<Buffer> {
  let sent = from;
  for await (const chunk of content.read(from, to)) {
    yield chunk;
    sent += chunk.length;
    onProgress?.(sent);
  }
}

async function endUpload(
  session: UploadSession,
  end: Buffer,
  bytes: number,
): Promise<UploadResult> {
  const start = bytes - end.length;
  const reply = await session.send((from) => [end.subarray(from - start)], bytes);
  if (!reply) throw postpone('upload', 'BigQuery has all of an upload, and made no job');
  return resultOf(reply);
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
