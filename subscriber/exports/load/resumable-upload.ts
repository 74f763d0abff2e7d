import type { BigQuery } from '@google-cloud/bigquery';
import { RelayError } from '../../../shared/errors.ts';
import { Retry } from '../../retry.ts';
import { uploadFailure } from './bigquery-failure.ts';
import { authorize, isSuccess, isTransient, send, type UploadResponse } from './upload-request.ts';
import { UploadSession } from './upload-session.ts';

export interface UploadOptions {
  bigquery: BigQuery;
  /** The body of jobs.insert. */
  job: object;
  /** At least one byte. It is read once. */
  content: AsyncIterable<Uint8Array>;
  signal?: AbortSignal | undefined;
}

/** `duplicate`: a job with this id exists already, and this upload loads nothing. */
type UploadResult = 'inserted' | 'duplicate';

/** An upload that lacks its end. BigQuery makes no job before it has the end. */
export interface StartedUpload {
  /** Sends the end. That may be much later, because a session lives for a week. */
  finish(): Promise<UploadResult>;
}

const openingPolicy = { maxTries: 6 };
/** Requests other than the last one carry multiples of it. */
const unitBytes = 256 * 1024;
/** Of one request. A chunk stays in memory until BigQuery has it. */
const chunkBytes = 16 * unitBytes;

/**
 * Uploads the file of a load job except its end (256 KiB at most), which stays in memory. The length need not be
 * known before. The client's own `Table.createWriteStream` does not fit: its multipart upload is lost with a
 * 503, and it makes a job of half a file when the source breaks off.
 * https://cloud.google.com/bigquery/docs/reference/api-uploads
 *
 * @throws RelayError `export.*`, and the errors of `content`
 */
export async function startUpload(options: UploadOptions): Promise<StartedUpload | 'duplicate'> {
  const session = await openSession(options);
  if (session === 'duplicate') return session;
  const chunks = new UploadChunks(session);
  for await (const bytes of options.content) {
    if ((await chunks.add(bytes)) === 'duplicate') return 'duplicate';
  }
  return await chunks.holdEnd();
}

/** Collects the content into chunks. While one is sent, the next is filled. */
class UploadChunks {
  readonly #session: UploadSession;
  #chunk: Buffer = Buffer.allocUnsafeSlow(chunkBytes);
  #length = 0;
  #spare: Buffer | undefined;
  /** The chunk's offset in the upload. */
  #offset = 0;
  #sent: Promise<UploadResponse | undefined> = Promise.resolve(undefined);

  constructor(session: UploadSession) {
    this.#session = session;
  }

  async add(bytes: Uint8Array): Promise<'duplicate' | undefined> {
    for (let at = 0; at < bytes.length; ) {
      // More bytes follow, so the full chunk is not the end.
      if (this.#length === chunkBytes && (await this.#send())) return 'duplicate';
      const part = bytes.subarray(at, at + chunkBytes - this.#length);
      this.#chunk.set(part, this.#length);
      this.#length += part.length;
      at += part.length;
    }
    return undefined;
  }

  async holdEnd(): Promise<StartedUpload | 'duplicate'> {
    if (isDuplicate(await this.#sent)) return 'duplicate';
    const cut = Math.floor((this.#length - 1) / unitBytes) * unitBytes;
    if (cut > 0) {
      const response = await this.#session.send(this.#chunk.subarray(0, cut), this.#offset);
      if (isDuplicate(response)) return 'duplicate';
    }
    // A copy, because a view would keep the whole chunk in memory.
    const end = Buffer.from(this.#chunk.subarray(cut, this.#length));
    const offset = this.#offset + cut;
    return { finish: () => finishUpload(this.#session, end, offset) };
  }

  async #send(): Promise<boolean> {
    if (isDuplicate(await this.#sent)) return true;
    const chunk = this.#chunk;
    this.#sent = this.#session.send(chunk, this.#offset);
    // The next one to await it gets the error.
    this.#sent.catch(() => {});
    this.#chunk = this.#spare ?? Buffer.allocUnsafeSlow(chunkBytes);
    this.#spare = chunk;
    this.#offset += this.#length;
    this.#length = 0;
    return false;
  }
}

function isDuplicate(response: UploadResponse | undefined): boolean {
  if (!response) return false;
  if (resultOf(response) === 'duplicate') return true;
  throw new RelayError('export.upload', 'BigQuery made a job of an upload without its end');
}

async function finishUpload(
  session: UploadSession,
  end: Buffer,
  offset: number,
): Promise<UploadResult> {
  const response = await session.send(end, offset, offset + end.length);
  if (response) return resultOf(response);
  throw new RelayError('export.upload', 'BigQuery has all of an upload, and made no job');
}

async function openSession(options: UploadOptions): Promise<UploadSession | 'duplicate'> {
  const { bigquery, job, signal } = options;
  const { url, headers, body } = await authorize(bigquery, '/jobs?uploadType=resumable', job);
  Object.assign(headers, {
    'content-type': 'application/json; charset=UTF-8',
    'x-upload-content-type': 'text/csv',
  });
  for (const retry = new Retry(openingPolicy, signal); ; ) {
    const reply = await send(url, { method: 'POST', headers, body }, signal);
    if (isTransient(reply) && (await retry.next('transient'))) continue;
    if (reply instanceof Error) throw reply;
    const session = isSuccess(reply) && reply.headers.location;
    if (session) return new UploadSession(session, signal);
    if (resultOf(reply) === 'duplicate') return 'duplicate';
    throw new RelayError('export.upload', `BigQuery answered ${reply.status} and opened no upload`);
  }
}

function resultOf(response: UploadResponse): UploadResult {
  if (isSuccess(response)) return 'inserted';
  // Also if an earlier request of ours made the job and its response was lost.
  if (response.status === 409) return 'duplicate';
  throw uploadFailure(response.status, response.text);
}
