/**
 * Messages that were committed together: the unit of storage and of reading. A message's id is
 * `segment id * 1024 + index`, so ids are unique and increase without a database row per message.
 */
export interface Segment {
  readonly id: number;
  readonly publishedMs: number;
  /** Encoded PubsubMessages that have only data, attributes and ordering key. */
  readonly messages: readonly Buffer[];
  readonly bytes: number;
}

export const SEGMENT_MESSAGES = 1000;
/** A larger message gets its own segment. */
export const SEGMENT_BYTES = 1024 * 1024;
const PLACES = 1024;

export function messageKey(segment: number, index: number): number {
  return segment * PLACES + index;
}

export function placeOf(key: number): { segment: number; index: number } {
  return { segment: Math.floor(key / PLACES), index: key % PLACES };
}

/** One blob: each message after its length (u32, little endian). */
export function packMessages(messages: readonly Buffer[]): Buffer {
  const size = messages.reduce((sum, message) => sum + 4 + message.length, 0);
  const body = Buffer.allocUnsafe(size);
  let offset = 0;
  for (const message of messages) {
    offset = body.writeUInt32LE(message.length, offset);
    body.set(message, offset);
    offset += message.length;
  }
  return body;
}

export function unpackMessages(body: Uint8Array): Buffer[] {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  const messages: Buffer[] = [];
  for (let offset = 0; offset < bytes.length; ) {
    const start = offset + 4;
    offset = start + bytes.readUInt32LE(offset);
    messages.push(bytes.subarray(start, offset));
  }
  return messages;
}

/** Which messages of one segment a subscription has acked: one bit a message. */
export class SegmentAcks {
  readonly bits: Uint8Array;
  #remaining: number;

  /** @param bits as stored by an earlier run */
  constructor(count: number, bits?: Uint8Array | null) {
    this.bits = bits ? new Uint8Array(bits) : new Uint8Array(Math.ceil(count / 8));
    this.#remaining = count;
    for (let index = 0; index < count; index++) if (this.isAcked(index)) this.#remaining--;
  }

  get remaining(): number {
    return this.#remaining;
  }

  isAcked(index: number): boolean {
    return (((this.bits[index >> 3] ?? 0) >> (index & 7)) & 1) === 1;
  }

  /** Returns false if the message is acked already. */
  ack(index: number): boolean {
    if (this.isAcked(index)) return false;
    this.bits[index >> 3] = (this.bits[index >> 3] ?? 0) | (1 << (index & 7));
    this.#remaining--;
    return true;
  }
}

/** Recently used segments up to a number of bytes, so that redelivery rarely reads the disk. */
export class SegmentCache {
  readonly #segments = new Map<number, Segment>();
  readonly #maxBytes: number;
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get(id: number): Segment | undefined {
    const segment = this.#segments.get(id);
    if (!segment) return undefined;
    // A Map keeps insertion order: inserted again, the segment is evicted last.
    this.#segments.delete(id);
    this.#segments.set(id, segment);
    return segment;
  }

  put(segment: Segment): void {
    this.delete(segment.id);
    this.#segments.set(segment.id, segment);
    this.#bytes += segment.bytes;
    for (const id of this.#segments.keys()) {
      if (this.#bytes <= this.#maxBytes) break;
      this.delete(id);
    }
  }

  delete(id: number): void {
    const segment = this.#segments.get(id);
    if (!segment) return;
    this.#segments.delete(id);
    this.#bytes -= segment.bytes;
  }
}
