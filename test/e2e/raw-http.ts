import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** An HTTP/1.1 answer. Names of headers are in lower case. */
export interface Answer {
  status: number;
  headers: Record<string, string>;
  body: string;
}

/** How long an answer may take before the test is told which request had none, in milliseconds. */
const answerWithinMs = 60_000;

/** What a connection may say before a request is complete: `100 Continue`, any number of times. */
const isInterim = (status: number) => status >= 100 && status < 200;

/**
 * One connection, on which bytes are sent as they are and answers are read one after another. Opened again
 * when the other side has closed it, as a client with keep-alive does.
 */
export class RawConnection {
  readonly #port: number;
  #socket: Socket | undefined;
  #received = Buffer.alloc(0);
  #ended = false;
  #wake: () => void = () => {};

  constructor(port: number) {
    this.#port = port;
  }

  /**
   * @param pieces of one request, written one after another
   * @throws Error where the connection ends without an answer, or none comes in time
   */
  async send(pieces: readonly (string | Buffer)[], method = 'POST'): Promise<Answer> {
    const socket = await this.#open();
    for (const piece of pieces) socket.write(toBuffer(piece));
    return await this.answer(method);
  }

  /** The next answer on the connection. */
  async answer(method = 'POST'): Promise<Answer> {
    for (;;) {
      const answer = await this.#readAnswer(method);
      if (!isInterim(answer.status)) return answer;
    }
  }

  /** Writes what is no whole request, or only the rest of one. */
  async write(piece: string | Buffer): Promise<void> {
    (await this.#open()).write(toBuffer(piece));
  }

  /** Sends nothing more, but listens on. */
  async end(): Promise<void> {
    (await this.#open()).end();
  }

  close(): void {
    this.#socket?.destroy();
    this.#socket = undefined;
  }

  async #open(): Promise<Socket> {
    if (this.#socket && !this.#ended) return this.#socket;
    this.close();
    const socket = connect(this.#port, '127.0.0.1');
    this.#received = Buffer.alloc(0);
    this.#ended = false;
    socket.on('data', (chunk) => {
      this.#received = Buffer.concat([this.#received, chunk]);
      this.#wake();
    });
    for (const event of ['end', 'close'] as const) {
      socket.on(event, () => {
        if (this.#socket !== socket) return;
        this.#ended = true;
        this.#wake();
      });
    }
    // The edge may close while we still write: that is one of the things under test.
    socket.on('error', () => {});
    await once(socket, 'connect');
    this.#socket = socket;
    return socket;
  }

  async #readAnswer(method: string): Promise<Answer> {
    const head = await this.#until((bytes) => bytes.indexOf('\r\n\r\n'), 4);
    const [statusLine = '', ...lines] = head.toString('latin1').split('\r\n');
    const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(statusLine)?.[1]);
    const headers = Object.fromEntries(
      lines.map((line) => {
        const colon = line.indexOf(':');
        return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
      }),
    );
    const hasBody = method !== 'HEAD' && !isInterim(status) && status !== 204 && status !== 304;
    const body = hasBody ? await this.#readBody(headers) : Buffer.alloc(0);
    if (headers['connection']?.toLowerCase() === 'close') this.#ended = true;
    return { status, headers, body: body.toString() };
  }

  async #readBody(headers: Record<string, string>): Promise<Buffer> {
    if (headers['transfer-encoding'] === 'chunked') {
      const chunks: Buffer[] = [];
      for (;;) {
        const line = await this.#until((bytes) => bytes.indexOf('\r\n'), 2);
        const size = Number.parseInt(line.toString('latin1'), 16);
        const chunk = await this.#until((bytes) => (bytes.length < size + 2 ? -1 : size), 2);
        if (size === 0) return Buffer.concat(chunks);
        chunks.push(chunk);
      }
    }
    const length = Number(headers['content-length'] ?? 0);
    return await this.#until((bytes) => (bytes.length < length ? -1 : length), 0);
  }

  /** Takes as many bytes as `find` says once it gives no -1, and drops `gap` bytes behind them. */
  async #until(find: (bytes: Buffer) => number, gap: number): Promise<Buffer> {
    for (;;) {
      const end = find(this.#received);
      if (end >= 0) {
        const taken = this.#received.subarray(0, end);
        this.#received = this.#received.subarray(end + gap);
        return taken;
      }
      if (this.#ended) throw new Error(`the connection ended: "${this.#received.toString()}"`);
      await this.#more();
    }
  }

  async #more(): Promise<void> {
    const late = Promise.withResolvers<void>();
    const timer = setTimeout(() => late.reject(new Error('no answer')), answerWithinMs);
    this.#wake = late.resolve;
    try {
      await late.promise;
    } finally {
      clearTimeout(timer);
    }
  }
}

/** Text is Latin-1: one byte a character, as header lines may hold any. */
function toBuffer(piece: string | Buffer): Buffer {
  return typeof piece === 'string' ? Buffer.from(piece, 'latin1') : piece;
}

/** The head of a request, its header lines as they are given; a name may come twice. */
export function requestHead(
  method: string,
  target: string,
  headers: readonly (readonly [string, string])[],
): string {
  const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`);
  return `${method} ${target} HTTP/1.1\r\nHost: hooks.example.com\r\n${lines.join('')}\r\n`;
}

/** One request whose body has a declared length; a method that usually has no body declares none for an empty one. */
export function request(
  method: string,
  target: string,
  headers: readonly (readonly [string, string])[],
  body: Buffer,
): Buffer {
  const declares = body.length > 0 || method === 'POST';
  const length = declares ? [['Content-Length', String(body.length)] as const] : [];
  return Buffer.concat([
    Buffer.from(requestHead(method, target, [...headers, ...length]), 'latin1'),
    body,
  ]);
}
