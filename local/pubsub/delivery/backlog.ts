import type { AckSource, CommitLog } from '../storage/commit-log.ts';
import { messageKey, placeOf, type Segment, SegmentAcks } from '../storage/segment.ts';
import type { Store, SubscriptionRow } from '../storage/store.ts';

/** How much of a backlog is read into memory before its delivery. */
const PREFETCH_BYTES = 4 * 1024 * 1024;

/** A message that is ready for delivery. */
export interface Ready {
  readonly key: number;
  readonly publishedMs: number;
  readonly payload: Buffer;
}

/**
 * The messages that one subscription has not acked. Payloads are read from the store shortly before
 * delivery. Of delivered segments only the ack bits stay in memory.
 */
export class Backlog implements AckSource {
  readonly #log: CommitLog;
  #row: SubscriptionRow;
  /** Segments that are prefetched or delivered, until all of their messages are acked. */
  readonly #acks = new Map<number, SegmentAcks>();
  readonly #dirty = new Set<number>();
  readonly #prefetched = new Queue<Segment>();
  #prefetchIndex = 0;
  #prefetchedBytes = 0;
  #prefetchedMessages = 0;
  /** Messages to deliver again, in the order in which they were requeued. */
  readonly #requeued = new Queue<number>();
  /** The newest segment that was prefetched or skipped. */
  #cursor: number;
  /** True while the disk has no segment above the cursor; new segments then arrive through `published`. */
  #caughtUp = false;

  constructor(log: CommitLog, row: SubscriptionRow) {
    this.#log = log;
    this.#row = row;
    this.#cursor = row.start;
  }

  get row(): SubscriptionRow {
    return this.#row;
  }

  /** Begins anew from what the store says, after a seek. */
  reset(row: SubscriptionRow): void {
    this.#row = row;
    this.#acks.clear();
    this.#dirty.clear();
    this.#prefetched.clear();
    this.#requeued.clear();
    this.#prefetchIndex = this.#prefetchedBytes = this.#prefetchedMessages = 0;
    this.#cursor = row.start;
    this.#caughtUp = false;
  }

  /** An outstanding message; null if it is acked or has expired. */
  read(key: number): Ready | null {
    if (!this.isOutstanding(key)) return null;
    const { segment, index } = placeOf(key);
    const stored = this.#log.segment(segment);
    return stored && readyAt(stored, index);
  }

  /** How many messages in memory are ready; the disk may have more. */
  get readyCount(): number {
    return this.#requeued.length + this.#prefetchedMessages;
  }

  published(segment: Segment): void {
    if (!this.#caughtUp) return;
    if (this.#prefetchedBytes > PREFETCH_BYTES) this.#caughtUp = false;
    else this.#append(segment);
  }

  /** The next message to deliver: requeued messages first, then the oldest. */
  next(): Ready | null {
    return this.#nextRequeued() ?? this.#nextPrefetched();
  }

  /** Makes a message ready again after its lease ended without an ack. */
  requeue(key: number): void {
    this.#requeued.push(key);
  }

  /** Whether a message is prefetched or delivered, and not acked. */
  isOutstanding(key: number): boolean {
    const { segment, index } = placeOf(key);
    return this.#acks.get(segment)?.isAcked(index) === false;
  }

  /** Returns false if the message is acked already or is not in this backlog. */
  ack(key: number): boolean {
    const { segment, index } = placeOf(key);
    const acks = this.#acks.get(segment) ?? this.#fromDisk(segment);
    if (!acks?.ack(index)) return false;
    this.#dirty.add(segment);
    return true;
  }

  /** Drops all messages published before the time, in the caller's transaction. */
  expire(beforeMs: number): void {
    this.#discard(this.#log.store.lastSegmentBefore(this.#row, beforeMs));
  }

  discardAll(): void {
    this.#discard(this.#log.last);
  }

  writeAcks(store: Store): void {
    for (const segment of this.#dirty) {
      const acks = this.#acks.get(segment);
      if (!acks) continue;
      if (acks.remaining === 0) store.finishSegment(segment, this.#row.id);
      else store.saveProgress(segment, this.#row.id, acks.bits);
    }
  }

  acksWritten(): void {
    for (const segment of this.#dirty) {
      if (this.#acks.get(segment)?.remaining === 0) this.#acks.delete(segment);
    }
    this.#dirty.clear();
  }

  #nextRequeued(): Ready | null {
    for (let key = this.#requeued.shift(); key !== undefined; key = this.#requeued.shift()) {
      const ready = this.read(key);
      if (ready) return ready;
    }
    return null;
  }

  #nextPrefetched(): Ready | null {
    for (;;) {
      const segment = this.#prefetched.first();
      if (!segment) {
        if (this.#caughtUp) return null;
        this.#load();
        continue;
      }
      const index = this.#prefetchIndex++;
      this.#prefetchedMessages--;
      if (this.#prefetchIndex >= segment.messages.length) {
        this.#prefetched.shift();
        this.#prefetchIndex = 0;
        this.#prefetchedBytes -= segment.bytes;
      }
      if (this.#acks.get(segment.id)?.isAcked(index) === false) return readyAt(segment, index);
    }
  }

  #load(): void {
    const { topic, id } = this.#row;
    for (const segment of this.#log.backlog(topic, id, this.#cursor)) {
      this.#append(segment, segment.acked);
      if (this.#prefetchedBytes > PREFETCH_BYTES) return;
    }
    this.#caughtUp = true;
  }

  #append(segment: Segment, acked?: Uint8Array | null): void {
    this.#prefetched.push(segment);
    this.#prefetchedBytes += segment.bytes;
    this.#prefetchedMessages += segment.messages.length;
    this.#cursor = segment.id;
    if (!this.#acks.has(segment.id)) {
      this.#acks.set(segment.id, new SegmentAcks(segment.messages.length, acked));
    }
  }

  /** An ack id from before a restart may name a segment that is not prefetched yet. */
  #fromDisk(segment: number): SegmentAcks | null {
    if (segment <= this.#cursor || segment > this.#log.last) return null;
    const stored = this.#log.store.progress(segment, this.#row.id, this.#row.topic);
    if (!stored) return null;
    const acks = new SegmentAcks(stored.count, stored.acked);
    this.#acks.set(segment, acks);
    return acks;
  }

  #discard(through: number): void {
    if (through <= this.#row.start) return;
    this.#log.store.advanceStart(this.#row, through);
    this.#row = { ...this.#row, start: through };
    for (const segment of this.#acks.keys()) {
      if (segment <= through) this.#acks.delete(segment);
    }
    this.#cursor = Math.max(this.#cursor, through);
  }
}

function readyAt(segment: Segment, index: number): Ready | null {
  const payload = segment.messages[index];
  if (!payload) return null;
  return { key: messageKey(segment.id, index), publishedMs: segment.publishedMs, payload };
}

/** A first-in, first-out queue. Unlike with an array, `shift` does not move the items behind the first. */
class Queue<T> {
  #items: (T | undefined)[] = [];
  #head = 0;

  get length(): number {
    return this.#items.length - this.#head;
  }

  clear(): void {
    this.#items = [];
    this.#head = 0;
  }

  push(item: T): void {
    this.#items.push(item);
  }

  first(): T | undefined {
    return this.#items[this.#head];
  }

  shift(): T | undefined {
    const item = this.#items[this.#head];
    this.#items[this.#head] = undefined;
    this.#head++;
    if (this.#head >= this.#items.length) {
      this.#items = [];
      this.#head = 0;
    } else if (this.#head > 1024 && this.#head * 2 > this.#items.length) {
      this.#items.splice(0, this.#head);
      this.#head = 0;
    }
    return item;
  }
}
