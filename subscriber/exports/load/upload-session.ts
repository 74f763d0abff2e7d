import { RelayError } from '../../../shared/errors.ts';
import { Retry, type RetryPolicy } from '../../retry.ts';
import { isTransient, send, type UploadReply, type UploadResponse } from './upload-request.ts';

/** Without progress. A failure takes two tries: the request and the question how far the server is. */
const retryPolicy: RetryPolicy = { maxTries: 10 };
const resumeIncomplete = 308;
/** A connection that accepts no such part within the idle timeout is dead. */
const partBytes = 256 * 1024;

/** A session of a resumable upload. It knows how many bytes the server has. */
export class UploadSession {
  readonly #url: string;
  readonly #signal: AbortSignal | undefined;
  #persisted = 0;

  constructor(url: string, signal: AbortSignal | undefined) {
    this.#url = url;
    this.#signal = signal;
  }

  /**
   * Sends a chunk. After a failure it first asks how much the server has taken, which may be a part or all.
   *
   * @param first the chunk's offset in the upload
   * @param total bytes of the whole upload, with the last chunk; every other chunk is a multiple of 256 KiB
   * @returns the response that ends the upload; undefined if the server expects more
   */
  async send(
    chunk: Uint8Array,
    first: number,
    total?: number,
  ): Promise<UploadResponse | undefined> {
    const end = first + chunk.length;
    let ask = false;
    let retry = new Retry(retryPolicy, this.#signal);
    for (;;) {
      const before = this.#persisted;
      const rest = chunk.subarray(before - first);
      const reply = await (ask ? this.#ask(total) : this.#put(rest, total));
      ask = isTransient(reply);
      if (!(reply instanceof Error) && !ask) {
        if (reply.status !== resumeIncomplete) return reply;
        this.#persisted = persistedBytes(reply);
        if (this.#persisted < before) throw lostBytes(before, this.#persisted);
        if (this.#persisted === end && total === undefined) return undefined;
        // The server has everything and made no job yet: only the question is left to send.
        ask = this.#persisted === end;
      }
      if (this.#persisted > before) retry = new Retry(retryPolicy, this.#signal);
      else if (!(await retry.next('transient'))) throw noProgress(reply);
    }
  }

  async #put(bytes: Uint8Array, total: number | undefined): Promise<UploadReply> {
    const first = this.#persisted;
    const headers = {
      'Content-Length': bytes.length,
      'Content-Range': `bytes ${first}-${first + bytes.length - 1}/${total ?? '*'}`,
    };
    return await send(this.#url, { method: 'PUT', headers, body: partsOf(bytes) }, this.#signal);
  }

  async #ask(total: number | undefined): Promise<UploadReply> {
    const headers = { 'Content-Length': 0, 'Content-Range': `bytes */${total ?? '*'}` };
    return await send(this.#url, { method: 'PUT', headers }, this.#signal);
  }
}

function* partsOf(bytes: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += partBytes) yield bytes.subarray(at, at + partBytes);
}

/** Without a `Range` header the server has nothing. */
function persistedBytes({ headers }: UploadResponse): number {
  const last = /^bytes=0-(\d+)$/.exec(headers.range ?? '')?.[1];
  return last === undefined ? 0 : Number(last) + 1;
}

function lostBytes(before: number, now: number): Error {
  const problem = `BigQuery lost a part of an upload: it had ${before} bytes, now ${now}`;
  return new RelayError('export.upload', problem);
}

function noProgress(reply: UploadReply): Error {
  if (reply instanceof Error) return reply;
  const problem = `BigQuery answered ${reply.status} to an upload repeatedly`;
  return new RelayError('export.unavailable', problem);
}
