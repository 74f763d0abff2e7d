import { setTimeout as sleep } from 'node:timers/promises';
import { RelayError } from '../../../shared/errors.ts';
import { backoffMs } from '../../bigquery/append/backoff.ts';
import { type Answer, isPassing, type Reply, send } from './upload-request.ts';

/** Tries without progress before a session is given up; each failure takes two, see `send`. */
const maxTries = 10;
const resumeIncomplete = 308;
/** A connection that takes none of them for long is dead. */
const stepBytes = 256 * 1024;

/** A session of a resumable upload: knows how far the server has come. */
export class UploadSession {
  readonly #url: string;
  readonly #signal: AbortSignal | undefined;
  /** How many bytes the server has. */
  #persisted = 0;

  constructor(url: string, signal: AbortSignal | undefined) {
    this.#url = url;
    this.#signal = signal;
  }

  /**
   * Sends a piece. After a failure it asks first: the server may have taken a part of it, or all. Resolves
   * with the answer that ends the upload, or undefined if more is wanted.
   *
   * @param first its place in the upload
   * @param total bytes of the whole upload, with the last piece; without it the piece is a multiple of 256 KiB
   */
  async send(piece: Uint8Array, first: number, total?: number): Promise<Answer | undefined> {
    const end = first + piece.length;
    let ask = false;
    for (let tries = 0; ; ) {
      const before = this.#persisted;
      const rest = piece.subarray(before - first);
      const reply = await (ask ? this.#ask(total) : this.#put(rest, total));
      ask = isPassing(reply);
      if (!(reply instanceof Error) && !ask) {
        if (reply.status !== resumeIncomplete) return reply;
        this.#persisted = persistedBytes(reply);
        if (this.#persisted < before) throw lost(before, this.#persisted);
        if (this.#persisted === end && total === undefined) return undefined;
        // All is there, and no job yet: nothing is left to send but the question.
        ask = this.#persisted === end;
      }
      tries = this.#persisted > before ? 0 : tries + 1;
      if (tries === maxTries) throw givenUp(reply);
      if (tries > 0) await pause(tries, this.#signal);
    }
  }

  async #put(bytes: Uint8Array, total: number | undefined): Promise<Reply> {
    const first = this.#persisted;
    const headers = {
      'Content-Length': bytes.length,
      'Content-Range': `bytes ${first}-${first + bytes.length - 1}/${total ?? '*'}`,
    };
    return await send(this.#url, { method: 'PUT', headers, body: steps(bytes) }, this.#signal);
  }

  async #ask(total: number | undefined): Promise<Reply> {
    const headers = { 'Content-Length': 0, 'Content-Range': `bytes */${total ?? '*'}` };
    return await send(this.#url, { method: 'PUT', headers }, this.#signal);
  }
}

function* steps(bytes: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += stepBytes) yield bytes.subarray(at, at + stepBytes);
}

/** Without a `Range` the server has nothing. */
function persistedBytes({ headers }: Answer): number {
  const last = /^bytes=0-(\d+)$/.exec(headers.range ?? '')?.[1];
  return last === undefined ? 0 : Number(last) + 1;
}

function lost(before: number, now: number): Error {
  return new RelayError(
    'export.upload',
    `BigQuery forgot a part of an upload: it had ${before} bytes, now ${now}`,
  );
}

function givenUp(reply: Reply): Error {
  if (reply instanceof Error) return reply;
  return new RelayError(
    'export.unavailable',
    `BigQuery answered ${reply.status} to an upload, again and again`,
  );
}

/** Full jitter, and no longer than a stop allows. */
export async function pause(tries: number, signal: AbortSignal | undefined): Promise<void> {
  const options = signal ? { signal } : {};
  await sleep(backoffMs('transient', tries - 1, Math.random), undefined, options);
}
