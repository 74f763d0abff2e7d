import type { AckSource, Log } from '../storage/commit-log.ts';
import { messageKey, placeOf, type Segment } from '../storage/segment.ts';
import type { Store, SubscriptionRow } from '../storage/store.ts';
import { Fifo } from './fifo.ts';
import { Progress } from './progress.ts';

/** How much of a backlog is held in memory ahead of its delivery. */
const AHEAD_BYTES = 4 * 1024 * 1024;

/** A message that is ready for delivery. */
export interface Ready {
  readonly key: number;
  readonly publishedMs: number;
  readonly payload: Buffer;
}

/**
 * What one subscription has not acked. Payloads ahead of delivery are paged in from the store;
 * delivered segments are remembered as bits alone.
 */
export class Backlog implements AckSource {
  readonly #log: Log;
  #row: SubscriptionRow;
  /** Segments that are (partly) delivered or ahead, until all of their messages are acked. */
  readonly #progress = new Map<number, Progress>();
  readonly #dirty = new Set<number>();
  readonly #ahead = new Fifo<Segment>();
  #aheadIndex = 0;
  #aheadBytes = 0;
  #aheadMessages = 0;
  /** Keys that came back from a lease, first come first served. */
  readonly #returned = new Fifo<number>();
  /** The newest segment that was paged in, or skipped. */
  #cursor: number;
  /** True while nothing is on disk above the cursor: new segments then come by `published`. */
  #caughtUp = false;

  constructor(log: Log, row: SubscriptionRow) {
    this.#log = log;
    this.#row = row;
    this.#cursor = row.start;
  }

  /** How many messages are known to be ready without a look at the disk. */
  get known(): number {
    return this.#returned.length + this.#aheadMessages;
  }

  published(segment: Segment): void {
    if (!this.#caughtUp) return;
    if (this.#aheadBytes > AHEAD_BYTES) this.#caughtUp = false;
    else this.#append(segment);
  }

  /** The next message to deliver: those that came back first, then the oldest. */
  next(): Ready | null {
    return this.#nextReturned() ?? this.#nextAhead();
  }

  /** Puts a message back whose lease ended without an ack. */
  giveBack(key: number): void {
    this.#returned.push(key);
  }

  /** Whether a message that was delivered is still waited for. */
  holds(key: number): boolean {
    const { segment, index } = placeOf(key);
    return this.#progress.get(segment)?.has(index) === false;
  }

  /** False when it was acked before, or is not of this backlog. */
  ack(key: number): boolean {
    const { segment, index } = placeOf(key);
    const progress = this.#progress.get(segment) ?? this.#fromDisk(segment);
    if (!progress?.ack(index)) return false;
    this.#dirty.add(segment);
    return true;
  }

  /** Forgets whatever was published before the time. The caller holds a transaction. */
  expire(beforeMs: number): void {
    this.#discard(this.#log.store.lastSegmentBefore(this.#row, beforeMs));
  }

  discardAll(): void {
    this.#discard(this.#log.last);
  }

  writeAcks(store: Store): void {
    for (const segment of this.#dirty) {
      const progress = this.#progress.get(segment);
      if (!progress) continue;
      if (progress.remaining === 0) store.finishSegment(segment, this.#row.id);
      else store.saveProgress(segment, this.#row.id, progress.acked);
    }
  }

  acksWritten(): void {
    for (const segment of this.#dirty) {
      if (this.#progress.get(segment)?.remaining === 0) this.#progress.delete(segment);
    }
    this.#dirty.clear();
  }

  #nextReturned(): Ready | null {
    for (let key = this.#returned.shift(); key !== undefined; key = this.#returned.shift()) {
      if (!this.holds(key)) continue;
      const { segment, index } = placeOf(key);
      const stored = this.#log.segment(segment);
      if (stored) return readyAt(stored, index);
    }
    return null;
  }

  #nextAhead(): Ready | null {
    for (;;) {
      const segment = this.#ahead.first();
      if (!segment) {
        if (this.#caughtUp) return null;
        this.#load();
        continue;
      }
      const index = this.#aheadIndex++;
      this.#aheadMessages--;
      if (this.#aheadIndex >= segment.messages.length) {
        this.#ahead.shift();
        this.#aheadIndex = 0;
        this.#aheadBytes -= segment.bytes;
      }
      if (this.#progress.get(segment.id)?.has(index) === false) return readyAt(segment, index);
    }
  }

  #load(): void {
    const { topic, id } = this.#row;
    for (const segment of this.#log.backlog(topic, id, this.#cursor)) {
      this.#append(segment, segment.acked);
      if (this.#aheadBytes > AHEAD_BYTES) return;
    }
    this.#caughtUp = true;
  }

  #append(segment: Segment, acked?: Uint8Array | null): void {
    this.#ahead.push(segment);
    this.#aheadBytes += segment.bytes;
    this.#aheadMessages += segment.messages.length;
    this.#cursor = segment.id;
    if (!this.#progress.has(segment.id)) {
      this.#progress.set(segment.id, new Progress(segment.messages.length, acked));
    }
  }

  /** An ack id from an earlier run may name a segment that has not been paged in yet. */
  #fromDisk(segment: number): Progress | null {
    if (segment <= this.#cursor || segment > this.#log.last) return null;
    const stored = this.#log.store.progress(segment, this.#row.id, this.#row.topic);
    if (!stored) return null;
    const progress = new Progress(stored.count, stored.acked);
    this.#progress.set(segment, progress);
    return progress;
  }

  #discard(through: number): void {
    if (through <= this.#row.start) return;
    this.#log.store.advanceStart(this.#row, through);
    this.#row = { ...this.#row, start: through };
    for (const segment of this.#progress.keys()) {
      if (segment <= through) this.#progress.delete(segment);
    }
    this.#cursor = Math.max(this.#cursor, through);
  }
}

function readyAt(segment: Segment, index: number): Ready | null {
  const payload = segment.messages[index];
  if (!payload) return null;
  return { key: messageKey(segment.id, index), publishedMs: segment.publishedMs, payload };
}
