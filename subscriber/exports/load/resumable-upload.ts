import type { BigQuery } from '@google-cloud/bigquery';
import { RelayError } from '../../../shared/errors.ts';
import { refusedUpload } from './bigquery-failure.ts';
import { type Answer, authorize, isPassing, isSuccess, send } from './upload-request.ts';
import { pause, UploadSession } from './upload-session.ts';

export interface UploadOptions {
  bigquery: BigQuery;
  /** The body of jobs.insert. */
  job: object;
  /** What is loaded: at least one byte. It is read once. */
  content: AsyncIterable<Uint8Array>;
  signal?: AbortSignal | undefined;
}

/** `duplicate`: a job of this id exists already, and this upload loads nothing. */
type UploadResult = 'inserted' | 'duplicate';

/** All of an upload but its end: BigQuery makes no job before it has that. */
export interface BegunUpload {
  /** Sends the end, however much later: a session lives for a week. */
  end(): Promise<UploadResult>;
}

const maxTries = 6;
/** What is sent in several requests is cut at multiples of it. */
const unitBytes = 256 * 1024;
/** Of one request. It is kept until BigQuery has it: two of them take turns. */
const pieceBytes = 16 * unitBytes;

/**
 * Uploads the file of a load job but for its end, which is read and kept: 256 KiB at most. How long it is
 * nobody needs to know before. Not by the client's own `Table.createWriteStream`: that is a multipart upload,
 * which is lost with a 503, and which makes a job of half a file when its source breaks off.
 * https://cloud.google.com/bigquery/docs/reference/api-uploads
 *
 * @throws RelayError `export.*`, and whatever ends what is uploaded
 */
export async function beginUpload(options: UploadOptions): Promise<BegunUpload | 'duplicate'> {
  const session = await openSession(options);
  if (session === 'duplicate') return session;
  const pieces = new Pieces(session);
  for await (const chunk of options.content) {
    if ((await pieces.add(chunk)) === 'duplicate') return 'duplicate';
  }
  return await pieces.endLater();
}

/** Gathers what is uploaded into pieces: while one is sent the next is filled. */
class Pieces {
  readonly #session: UploadSession;
  #piece: Buffer = Buffer.allocUnsafeSlow(pieceBytes);
  #length = 0;
  #spare: Buffer | undefined;
  /** Bytes before the piece. */
  #before = 0;
  #sent: Promise<Answer | undefined> = Promise.resolve(undefined);

  constructor(session: UploadSession) {
    this.#session = session;
  }

  async add(chunk: Uint8Array): Promise<'duplicate' | undefined> {
    for (let at = 0; at < chunk.length; ) {
      // More comes: it is not the end.
      if (this.#length === pieceBytes && (await this.#send())) return 'duplicate';
      const part = chunk.subarray(at, at + pieceBytes - this.#length);
      this.#piece.set(part, this.#length);
      this.#length += part.length;
      at += part.length;
    }
    return undefined;
  }

  async endLater(): Promise<BegunUpload | 'duplicate'> {
    if (isDuplicate(await this.#sent)) return 'duplicate';
    const cut = Math.floor((this.#length - 1) / unitBytes) * unitBytes;
    if (cut > 0) {
      const reply = await this.#session.send(this.#piece.subarray(0, cut), this.#before);
      if (isDuplicate(reply)) return 'duplicate';
    }
    // A copy: the piece would be kept with it.
    const end = Buffer.from(this.#piece.subarray(cut, this.#length));
    const start = this.#before + cut;
    return { end: () => endUpload(this.#session, end, start) };
  }

  async #send(): Promise<boolean> {
    if (isDuplicate(await this.#sent)) return true;
    const piece = this.#piece;
    this.#sent = this.#session.send(piece, this.#before);
    // Whoever waits for it next hears of it.
    this.#sent.catch(() => {});
    this.#piece = this.#spare ?? Buffer.allocUnsafeSlow(pieceBytes);
    this.#spare = piece;
    this.#before += this.#length;
    this.#length = 0;
    return false;
  }
}

function isDuplicate(reply: Answer | undefined): boolean {
  if (!reply) return false;
  if (resultOf(reply) === 'duplicate') return true;
  throw new RelayError('export.upload', 'BigQuery made a job of an upload without its end');
}

async function endUpload(
  session: UploadSession,
  end: Buffer,
  start: number,
): Promise<UploadResult> {
  const reply = await session.send(end, start, start + end.length);
  if (!reply)
    throw new RelayError('export.upload', 'BigQuery has all of an upload, and made no job');
  return resultOf(reply);
}

async function openSession(options: UploadOptions): Promise<UploadSession | 'duplicate'> {
  const { bigquery, job, signal } = options;
  const { url, headers, body } = await authorize(bigquery, '/jobs?uploadType=resumable', job);
  Object.assign(headers, {
    'content-type': 'application/json; charset=UTF-8',
    'x-upload-content-type': 'text/csv',
  });
  for (let tries = 1; ; tries++) {
    const reply = await send(url, { method: 'POST', headers, body }, signal);
    if (isPassing(reply) && tries < maxTries) {
      await pause(tries, signal);
      continue;
    }
    if (reply instanceof Error) throw reply;
    const session = isSuccess(reply) && reply.headers.location;
    if (session) return new UploadSession(session, signal);
    if (resultOf(reply) === 'duplicate') return 'duplicate';
    throw new RelayError('export.upload', `BigQuery answered ${reply.status} and opened no upload`);
  }
}

function resultOf(reply: Answer): UploadResult {
  if (isSuccess(reply)) return 'inserted';
  // Also when it was our own request before that made the job, and whose answer was lost.
  if (reply.status === 409) return 'duplicate';
  throw refusedUpload(reply.status, reply.text);
}
