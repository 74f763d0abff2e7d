// Group commit: all publishes and acks that arrive in one turn of the event loop share one
// transaction, and so one fsync. They are answered after it.

import { PubsubError } from '../errors.ts';
import {
  messageKey,
  packMessages,
  SEGMENT_BYTES,
  SEGMENT_MESSAGES,
  type Segment,
  SegmentCache,
  unpackMessages,
} from './segment.ts';
import type { Store, StoredSegment } from './store.ts';

const CACHE_BYTES = 32 * 1024 * 1024;
/** Segment ids are reserved in blocks, so that a restart never uses an id again. */
const RESERVED_IDS = 1_000_000;

/** A topic as the log knows it. */
export interface PublishTarget {
  readonly id: number;
  /** How many subscriptions get each segment. With 0 the segment is not stored. */
  readonly subscriptionCount: number;
  /** Called after a segment is committed. */
  published(segment: Segment): void;
}

/** A subscription as the log knows it: its acks wait for the next commit. */
export interface AckSource {
  /** Writes the acks, inside the transaction. */
  writeAcks(store: Store): void;
  /** Called when the acks are on disk. */
  acksWritten(): void;
}

interface Publish {
  readonly messages: readonly Buffer[];
  readonly resolve: (ids: number[]) => void;
  readonly reject: (error: PubsubError) => void;
}

interface AckWaiter {
  readonly resolve: () => void;
  readonly reject: (error: PubsubError) => void;
}

export class CommitLog {
  readonly store: Store;
  readonly #cache = new SegmentCache(CACHE_BYTES);
  #publishes = new Map<PublishTarget, Publish[]>();
  #acks = new Set<AckSource>();
  #waiting: AckWaiter[] = [];
  #scheduled = false;
  #last: number;
  #reserved: number;

  constructor(store: Store) {
    this.store = store;
    this.#last = this.#reserved = store.reservedSegment();
  }

  /** The newest segment id in use. */
  get last(): number {
    return this.#last;
  }

  /** Resolves with the message ids when the messages are on disk. */
  publish(target: PublishTarget, messages: readonly Buffer[]): Promise<number[]> {
    return new Promise((resolve, reject) => {
      const publish = { messages, resolve, reject };
      const queue = this.#publishes.get(target);
      if (queue) queue.push(publish);
      else this.#publishes.set(target, [publish]);
      this.#schedule();
    });
  }

  /** Resolves when the subscription's acks are on disk. */
  writeAcks(source: AckSource): Promise<void> {
    this.#acks.add(source);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      this.#schedule();
    });
  }

  segment(id: number): Segment | null {
    const cached = this.#cache.get(id);
    if (cached) return cached;
    const stored = this.store.segment(id);
    if (stored) this.#cache.put(stored);
    return stored;
  }

  /** As `store.backlog`, after a flush of what still waits for its commit. */
  backlog(topic: number, subscription: number, after: number): Generator<StoredSegment> {
    this.flush();
    return this.store.backlog(topic, subscription, after);
  }

  flush(): void {
    if (!this.#scheduled) return;
    this.#scheduled = false;
    const publishes = this.#publishes;
    const waiting = this.#waiting;
    this.#publishes = new Map();
    this.#waiting = [];
    try {
      this.#commit(publishes);
    } catch (cause) {
      // The reservation of segment ids was rolled back too.
      this.#reserved = 0;
      const error = new PubsubError('UNAVAILABLE', `The store refused the write: ${cause}`, cause);
      for (const publish of [...publishes.values()].flat()) publish.reject(error);
      for (const waiter of waiting) waiter.reject(error);
      return;
    }
    for (const waiter of waiting) waiter.resolve();
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => this.flush());
  }

  #commit(publishes: Map<PublishTarget, Publish[]>): void {
    const written = this.store.transact(() => {
      for (const source of this.#acks) source.writeAcks(this.store);
      return [...publishes].map(([target, queue]) => ({
        target,
        queue,
        ...this.#write(
          target,
          queue.flatMap(({ messages }) => messages),
        ),
      }));
    });
    for (const source of this.#acks) source.acksWritten();
    this.#acks.clear();
    for (const { target, queue, segments, ids } of written) {
      let next = 0;
      for (const { messages, resolve } of queue) {
        resolve(ids.slice(next, next + messages.length));
        next += messages.length;
      }
      if (target.subscriptionCount === 0) continue;
      for (const segment of segments) {
        this.#cache.put(segment);
        target.published(segment);
      }
    }
  }

  #write(
    target: PublishTarget,
    messages: readonly Buffer[],
  ): { segments: Segment[]; ids: number[] } {
    const segments: Segment[] = [];
    const ids: number[] = [];
    const publishedMs = Date.now();
    for (const part of divide(messages)) {
      const id = this.#nextSegment();
      const body = packMessages(part);
      const segment = { id, publishedMs, messages: unpackMessages(body), bytes: body.length };
      if (target.subscriptionCount > 0)
        this.store.insertSegment(segment, body, target.id, target.subscriptionCount);
      segments.push(segment);
      for (let index = 0; index < part.length; index++) ids.push(messageKey(id, index));
    }
    return { segments, ids };
  }

  #nextSegment(): number {
    this.#last++;
    if (this.#last > this.#reserved) {
      this.#reserved = this.#last + RESERVED_IDS;
      this.store.reserveSegments(this.#reserved);
    }
    return this.#last;
  }
}

function* divide(messages: readonly Buffer[]): Generator<readonly Buffer[]> {
  let start = 0;
  let bytes = 0;
  for (const [index, message] of messages.entries()) {
    const full = index - start >= SEGMENT_MESSAGES || bytes + message.length > SEGMENT_BYTES;
    if (full && index > start) {
      yield messages.slice(start, index);
      start = index;
      bytes = 0;
    }
    bytes += message.length;
  }
  if (start < messages.length) yield messages.slice(start);
}
