import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

/** What befalls a try to publish, on its way to Pub/Sub. */
type ProxyFault =
  /** Answered with this status; Pub/Sub never sees it. */
  | { status: number }
  /** Never answered; Pub/Sub never sees it. */
  | 'hang'
  /** Stored by Pub/Sub; the connection breaks before the answer. */
  | 'lose-ack';

/** Which fault befalls the nth try (from 1) of its deliveries, if any. */
export type Faults = (nth: number) => ProxyFault | undefined;

/** Stands between the edge and local/pubsub, and spoils what goes through. */
export class FaultProxy {
  faults: Faults = () => undefined;
  /** How many tries each delivery has had. */
  readonly tries = new Map<string, number>();
  readonly #target: string;
  readonly #sockets = new Set<Socket>();
  readonly #server = createServer((request, response) => {
    this.#take(request, response).catch(() => response.destroy());
  });

  constructor(target: string) {
    this.#target = target;
    this.#server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
    });
  }

  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks);
    const fault = this.faults(this.#count(body));
    if (fault === 'hang') return;
    if (fault !== undefined && fault !== 'lose-ack') {
      response.writeHead(fault.status).end('{"error":{}}');
      return;
    }
    const answer = await fetch(this.#target + request.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    });
    const text = await answer.text();
    if (fault === 'lose-ack') response.destroy();
    else response.writeHead(answer.status, { 'content-type': 'application/json' }).end(text);
  }

  /** Which try this is of that of its deliveries which has had the most. */
  #count(body: Buffer): number {
    const { messages } = JSON.parse(body.toString()) as {
      messages: { attributes: Record<string, string> }[];
    };
    const counts = messages.map(({ attributes }) => {
      const id = attributes['delivery_id'] ?? '';
      const nth = (this.tries.get(id) ?? 0) + 1;
      this.tries.set(id, nth);
      return nth;
    });
    return Math.max(...counts);
  }
}
