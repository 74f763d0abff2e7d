import { setTimeout as sleep } from 'node:timers/promises';
import { backoffMs } from '../bigquery/backoff.ts';
import { postpone } from './failure.ts';
import type { Body } from './http-exchange.ts';
import { type Answer, isPassing, type Reply, send } from './upload-request.ts';

/** Bytes from an offset on. */
type Content = (from: number) => Body;

export interface SessionOptions {
  /** All bytes of the upload. */
  bytes: number;
  signal?: AbortSignal | undefined;
}

/** Tries without progress before a session is given up; each failure takes two, see `send`. */
const maxTries = 10;
const resumeIncomplete = 308;

/** A session of a resumable upload: knows how far the server has come. */
export class UploadSession {
  readonly #url: string;
  readonly #bytes: number;
  readonly #signal: AbortSignal | undefined;
  /** How many bytes the server has. */
  #persisted = 0;

  constructor(url: string, { bytes, signal }: SessionOptions) {
    this.#url = url;
    this.#bytes = bytes;
    this.#signal = signal;
  }

  /**
   * Sends what the server lacks before `end`. After a failure it asks first: the server may have taken a
   * part of it, or all. Resolves with the answer that ends the upload, or undefined if more is wanted.
   */
  async send(content: Content, end: number): Promise<Answer | undefined> {
    let ask = false;
    for (let tries = 0; ; ) {
      const before = this.#persisted;
      const reply = await (ask ? this.#ask() : this.#put(content, end));
      ask = isPassing(reply);
      if (!(reply instanceof Error) && !ask) {
        if (reply.status !== resumeIncomplete) return reply;
        this.#persisted = persistedBytes(reply);
        if (this.#persisted < before) throw lost(before, this.#persisted);
        if (this.#persisted === end && end < this.#bytes) return undefined;
        // All is there, and no job yet: nothing is left to send but the question.
        ask = this.#persisted === end;
      }
      tries = this.#persisted > before ? 0 : tries + 1;
      if (tries === maxTries) throw givenUp(reply);
      if (tries > 0) await pause(tries, this.#signal);
    }
  }

  async #put(content: Content, end: number): Promise<Reply> {
    const first = this.#persisted;
    const headers = {
      'Content-Length': end - first,
      'Content-Range': `bytes ${first}-${end - 1}/${this.#bytes}`,
    };
    return await send(this.#url, { method: 'PUT', headers, body: content(first) }, this.#signal);
  }

  async #ask(): Promise<Reply> {
    const headers = { 'Content-Length': 0, 'Content-Range': `bytes */${this.#bytes}` };
    return await send(this.#url, { method: 'PUT', headers }, this.#signal);
  }
}

/** Without a `Range` the server has nothing. */
function persistedBytes({ headers }: Answer): number {
  const last = /^bytes=0-(\d+)$/.exec(headers.range ?? '')?.[1];
  return last === undefined ? 0 : Number(last) + 1;
}

function lost(before: number, now: number): Error {
  return postpone(
    'upload',
    `BigQuery forgot a part of an upload: it had ${before} bytes, now ${now}`,
  );
}

function givenUp(reply: Reply): Error {
  if (reply instanceof Error) return reply;
  return postpone('unavailable', `BigQuery answered ${reply.status} to an upload, again and again`);
}

/** Full jitter, and no longer than a stop allows. */
export async function pause(tries: number, signal: AbortSignal | undefined): Promise<void> {
  const options = signal ? { signal } : {};
  await sleep(backoffMs('transient', tries - 1, Math.random), undefined, options);
}
