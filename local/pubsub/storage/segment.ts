/**
 * Messages that were committed together: the unit of storage and of paging. A message's id is its
 * place: `segment id * 1024 + index`, which keeps ids unique and rising without a row for each.
 */
export interface Segment {
  readonly id: number;
  readonly publishedMs: number;
  /** Each an encoded PubsubMessage with data, attributes and ordering key alone. */
  readonly messages: readonly Buffer[];
  readonly bytes: number;
}

export const SEGMENT_MESSAGES = 1000;
/** A message larger than this is a segment of its own. */
export const SEGMENT_BYTES = 1024 * 1024;
const PLACES = 1024;

export function messageKey(segment: number, index: number): number {
  return segment * PLACES + index;
}

export function placeOf(key: number): { segment: number; index: number } {
  return { segment: Math.floor(key / PLACES), index: key % PLACES };
}

/** One blob: each message behind its length (u32, little endian). */
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

/** Recently used segments, bounded by bytes, so that redelivery need not read the disk each time. */
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
    // A Map keeps insertion order: putting it back makes it the last to go.
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
