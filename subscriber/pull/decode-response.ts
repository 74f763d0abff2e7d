// Reads a StreamingPullResponse by hand: the generated code makes each message twice, with all its times and names,
// and that was a third of what the subscriber's garbage collector had to do.
// https://protobuf.dev/programming-guides/encoding/

/**
 * Takes a message of a response. `data` is a view of the response's bytes; the message was published at `publishedAt`
 * (Unix milliseconds). `deliveryAttempt` is 0 where the subscription does not count them.
 */
export type OnReceived = (
  ackId: string,
  id: string,
  data: Uint8Array,
  attributes: Record<string, string>,
  publishedAt: number,
  deliveryAttempt: number,
) => void;

const varint = 0;
const fixed64 = 1;
const lengthDelimited = 2;
const fixed32 = 5;

/** The tags of the fields that are read. */
const receivedMessages = (1 << 3) | lengthDelimited;
const ackIdTag = (1 << 3) | lengthDelimited;
const messageTag = (2 << 3) | lengthDelimited;
const deliveryAttemptTag = (3 << 3) | varint;
const dataTag = (1 << 3) | lengthDelimited;
const attributesTag = (2 << 3) | lengthDelimited;
const messageIdTag = (3 << 3) | lengthDelimited;
const publishTimeTag = (4 << 3) | lengthDelimited;
const secondsTag = (1 << 3) | varint;
const nanosTag = (2 << 3) | varint;
const keyTag = (1 << 3) | lengthDelimited;
const valueTag = (2 << 3) | lengthDelimited;

const noData = new Uint8Array();

/** A name of an attribute, and its last value: most messages have the same names, and many the same values. */
interface Known {
  key: string;
  value: string;
}

/** More names than the edge uses; what somebody else publishes must not fill the memory. */
const maxKnown = 64;

export class ResponseDecoder {
  #bytes: Buffer = Buffer.alloc(0);
  #at = 0;
  readonly #known: Known[] = [];

  /**
   * @returns how many messages there were
   * @throws RangeError if the bytes are no response
   */
  decode(bytes: Buffer, onReceived: OnReceived): number {
    this.#bytes = bytes;
    this.#at = 0;
    let count = 0;
    while (this.#at < bytes.length) {
      if (this.#skippedTo(receivedMessages)) {
        this.#readReceived(this.#end(), onReceived);
        count++;
      }
    }
    this.#bytes = Buffer.alloc(0);
    return count;
  }

  #readReceived(end: number, onReceived: OnReceived): void {
    let ackId = '';
    let id = '';
    let data: Uint8Array = noData;
    let publishedAt = 0;
    let deliveryAttempt = 0;
    const attributes: Record<string, string> = {};
    while (this.#at < end) {
      const tag = this.#uint();
      if (tag === ackIdTag) ackId = this.#latin1();
      else if (tag === messageTag) {
        const messageEnd = this.#end();
        while (this.#at < messageEnd) {
          const field = this.#uint();
          if (field === dataTag) data = this.#view();
          else if (field === attributesTag) this.#readAttribute(attributes);
          else if (field === messageIdTag) id = this.#latin1();
          else if (field === publishTimeTag) publishedAt = this.#readTime();
          else this.#skip(field);
        }
      } else if (tag === deliveryAttemptTag) deliveryAttempt = this.#uint();
      else this.#skip(tag);
    }
    onReceived(ackId, id, data, attributes, publishedAt, deliveryAttempt);
  }

  /** A google.protobuf.Timestamp in Unix milliseconds. */
  #readTime(): number {
    const end = this.#end();
    let ms = 0;
    while (this.#at < end) {
      const tag = this.#uint();
      if (tag === secondsTag) ms += this.#uint() * 1000;
      else if (tag === nanosTag) ms += Math.floor(this.#uint() / 1e6);
      else this.#skip(tag);
    }
    return ms;
  }

  #readAttribute(attributes: Record<string, string>): void {
    const end = this.#end();
    let known: Known | undefined;
    let value = '';
    while (this.#at < end) {
      const tag = this.#uint();
      if (tag === keyTag) known = this.#readKey();
      else if (tag === valueTag) value = this.#readValue(known);
      else this.#skip(tag);
    }
    const key = known?.key ?? '';
    // As an assigned property, it would be the object's prototype.
    if (key !== '__proto__') attributes[key] = value;
  }

  #readKey(): Known {
    const end = this.#end();
    const start = this.#at;
    this.#at = end;
    for (const known of this.#known) {
      if (this.#equals(known.key, start, end)) return known;
    }
    const known = { key: this.#bytes.toString('utf8', start, end), value: '' };
    if (this.#known.length < maxKnown) this.#known.push(known);
    return known;
  }

  #readValue(known: Known | undefined): string {
    const end = this.#end();
    const start = this.#at;
    this.#at = end;
    if (known && this.#equals(known.value, start, end)) return known.value;
    const value = this.#bytes.toString('utf8', start, end);
    if (known) known.value = value;
    return value;
  }

  /** Whether these bytes are the text, which may be longer than ASCII: then its bytes differ. */
  #equals(text: string, start: number, end: number): boolean {
    if (text.length !== end - start) return false;
    const bytes = this.#bytes;
    for (let index = 0; index < text.length; index++) {
      const code = bytes[start + index] ?? 0;
      if (code > 127 || text.charCodeAt(index) !== code) return false;
    }
    return true;
  }

  /** Reads a tag; skips the field if it is another. */
  #skippedTo(wanted: number): boolean {
    const tag = this.#uint();
    if (tag === wanted) return true;
    this.#skip(tag);
    return false;
  }

  #latin1(): string {
    const end = this.#end();
    const start = this.#at;
    this.#at = end;
    return this.#bytes.toString('latin1', start, end);
  }

  #view(): Uint8Array {
    const end = this.#end();
    const start = this.#at;
    this.#at = end;
    return this.#bytes.subarray(start, end);
  }

  /** Reads a length: where the field ends. */
  #end(): number {
    const length = this.#uint();
    const end = this.#at + length;
    if (end > this.#bytes.length) throw new RangeError('a field is longer than its response');
    return end;
  }

  #uint(): number {
    const bytes = this.#bytes;
    let value = 0;
    for (let factor = 1; factor <= 2 ** 63; factor *= 128) {
      const byte = bytes[this.#at++];
      if (byte === undefined) break;
      value += (byte & 127) * factor;
      if (byte < 128) return value;
    }
    throw new RangeError('a number does not end');
  }

  #skip(tag: number): void {
    const type = tag & 7;
    if (type === varint) this.#uint();
    else if (type === fixed64) this.#at += 8;
    else if (type === lengthDelimited) this.#at = this.#end();
    else if (type === fixed32) this.#at += 4;
    else throw new RangeError(`the wire type ${type} is unknown`);
  }
}
