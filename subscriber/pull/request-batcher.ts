import { setTimeout as sleep } from 'node:timers/promises';
import { backoffMs, endOf, isFatal, type StreamEnd } from './stream-end.ts';

/** A message as an ack, a nack or an extension needs it. */
export interface Leased {
  readonly ackId: string;
  release(): void;
}

/** Of one Acknowledge or ModifyAckDeadline. Google's limit is 512 KiB; a field takes up to 4 bytes besides its id. */
const maxIds = 1000;
const maxIdBytes = 500 * 1024;
const bytesBesides = 4;

/** Splits messages into requests, in order. */
export function idBatches<Message extends { readonly ackId: string }>(
  messages: readonly Message[],
): Message[][] {
  const batches: Message[][] = [];
  let bytes = Number.POSITIVE_INFINITY;
  for (const message of messages) {
    const size = message.ackId.length + bytesBesides;
    const last = batches.at(-1);
    if (last && last.length < maxIds && bytes + size <= maxIdBytes) {
      last.push(message);
      bytes += size;
    } else {
      batches.push([message]);
      bytes = size;
    }
  }
  return batches;
}

export interface RequestBatcherOptions {
  send(ackIds: string[]): Promise<void>;
  /** A request was refused for good, or failed for too long. Pub/Sub delivers its messages again. */
  onDropped(count: number, end: StreamEnd): void;
  /** How long the first id waits for others. */
  gatherMs?: number;
  random?: () => number;
  now?: () => number;
}

/** An ack of a lease that ended still counts until somebody else acks; but not for ever. */
const maxElapsedMs = 600_000;

/**
 * Sends acks, or nacks, in batches, and tries again until they are answered. A message is released when its request
 * is: until then its lease is extended, because another subscriber would write its rows a second time.
 */
export class RequestBatcher {
  readonly #options: Required<RequestBatcherOptions>;
  readonly #requests = new Set<Promise<void>>();
  #pending: Leased[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(options: RequestBatcherOptions) {
    this.#options = {
      gatherMs: 5,
      random: Math.random,
      now: () => performance.now(),
      ...options,
    };
  }

  add(message: Leased): void {
    this.#pending.push(message);
    if (this.#pending.length >= maxIds) this.#sendPending();
    else this.#timer ??= setTimeout(() => this.#sendPending(), this.#options.gatherMs);
  }

  /** Sends what waits; resolves when every request is answered, or the signal is given. */
  async flush(signal: AbortSignal): Promise<void> {
    const aborted = new Promise<void>((resolve) => {
      signal.addEventListener('abort', () => resolve(), { once: true });
    });
    while (!signal.aborted && (this.#pending.length > 0 || this.#requests.size > 0)) {
      this.#sendPending();
      await Promise.race([aborted, ...this.#requests]);
    }
  }

  #sendPending(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    for (const batch of idBatches(this.#pending)) {
      const request = this.#sendUntilAnswered(batch).finally(() => this.#requests.delete(request));
      this.#requests.add(request);
    }
    this.#pending = [];
  }

  async #sendUntilAnswered(messages: readonly Leased[]): Promise<void> {
    const { send, onDropped, random, now } = this.#options;
    const begunAt = now();
    let left = messages;
    for (let tries = 0; ; tries++) {
      try {
        await send(left.map(({ ackId }) => ackId));
        break;
      } catch (error) {
        const end = endOf(error);
        const named = transientIds(error);
        if (named) left = left.filter(({ ackId }) => named.has(ackId));
        if (left.length === 0) break;
        if ((!named && isFatal(end.code)) || now() - begunAt > maxElapsedMs) {
          onDropped(left.length, end);
          break;
        }
        await sleep(backoffMs(tries, random), undefined, { ref: false });
      }
    }
    for (const message of messages) message.release();
  }
}

interface ErrorInfo {
  errorInfoMetadata?: Record<string, string>;
}

/**
 * With exactly-once delivery, an error names the ids that failed for good and those that may be tried again; the
 * others succeeded. https://cloud.google.com/pubsub/docs/exactly-once-delivery
 *
 * @returns those that may be tried again; undefined if the error names none of either kind
 */
function transientIds(error: unknown): ReadonlySet<string> | undefined {
  const { errorInfoMetadata = {} } = error as ErrorInfo;
  const reasons = Object.entries(errorInfoMetadata).filter(([, reason]) =>
    /^(PERMANENT|TRANSIENT)_FAILURE_/.test(reason),
  );
  if (reasons.length === 0) return undefined;
  const transient = reasons.filter(([, reason]) => reason.startsWith('TRANSIENT'));
  return new Set(transient.map(([id]) => id));
}
