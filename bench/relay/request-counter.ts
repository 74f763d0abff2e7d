const preface = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';
const frameHeadBytes = 9;
const messageHeadBytes = 5;
const dataFrame = 0;

/** Counts the requests in the bytes that a client sends on one connection. */
export class RequestCounter {
  #rest: Buffer = Buffer.alloc(0);
  #isHttp2: boolean | undefined;
  /** For each stream of HTTP/2: the bytes that its current message of gRPC still has. */
  readonly #messages = new Map<number, MessageCounter>();

  /** @returns how many requests begin in these bytes */
  add(bytes: Buffer): number {
    this.#rest = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes]);
    if (this.#isHttp2 === undefined) {
      const isPreface = preface.startsWith(this.#rest.toString('latin1', 0, preface.length));
      if (isPreface && this.#rest.length < preface.length) return 0;
      this.#isHttp2 = isPreface;
      if (isPreface) this.#rest = this.#rest.subarray(preface.length);
    }
    return this.#isHttp2 ? this.#readFrames() : this.#readRequests();
  }

  /** RFC 9113, section 4.1. */
  #readFrames(): number {
    let count = 0;
    while (this.#rest.length >= frameHeadBytes) {
      const length = this.#rest.readUIntBE(0, 3);
      if (this.#rest.length < frameHeadBytes + length) break;
      const stream = this.#rest.readUInt32BE(5) & 0x7fffffff;
      if (this.#rest[3] === dataFrame) {
        const messages = this.#messages.get(stream) ?? new MessageCounter();
        this.#messages.set(stream, messages);
        count += messages.add(this.#rest.subarray(frameHeadBytes, frameHeadBytes + length));
      }
      this.#rest = this.#rest.subarray(frameHeadBytes + length);
    }
    return count;
  }

  /** Each has a head that ends in an empty line, and a body whose length it says or that is chunked. */
  #readRequests(): number {
    let count = 0;
    for (;;) {
      const end = this.#rest.indexOf('\r\n\r\n');
      if (end < 0) return count;
      const head = this.#rest.toString('latin1', 0, end);
      const length = /^content-length: *(\d+)/im.exec(head)?.[1];
      const ends =
        length === undefined ? this.#rest.indexOf('0\r\n\r\n', end) + 5 : end + 4 + Number(length);
      const isComplete = length !== undefined || ends > end + 4;
      if (!isComplete || this.#rest.length < ends) return count;
      this.#rest = this.#rest.subarray(ends);
      count++;
    }
  }
}

/** Counts messages of gRPC: each has a flag, its length in four bytes, and its bytes. */
class MessageCounter {
  #head: Buffer = Buffer.alloc(0);
  #left = 0;

  add(given: Buffer): number {
    let bytes = given;
    let count = 0;
    while (bytes.length > 0) {
      if (this.#left > 0) {
        const taken = Math.min(this.#left, bytes.length);
        this.#left -= taken;
        bytes = bytes.subarray(taken);
        continue;
      }
      const taken = bytes.subarray(0, messageHeadBytes - this.#head.length);
      this.#head = Buffer.concat([this.#head, taken]);
      bytes = bytes.subarray(taken.length);
      if (this.#head.length < messageHeadBytes) break;
      this.#left = this.#head.readUInt32BE(1);
      this.#head = Buffer.alloc(0);
      count++;
    }
    return count;
  }
}
