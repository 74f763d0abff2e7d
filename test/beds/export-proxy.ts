import { once } from 'node:events';
import {
  createServer,
  request as httpRequest,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';

/** The purpose of a request of an export; `body` and `end` are the parts of an upload. */
export type Step = 'zip' | 'dataset' | 'table' | 'job' | 'session' | 'body' | 'end' | 'other';

/**
 * The progress of an exchange: `asked` before the server gets the request, `half` when half of a large body has
 * passed, `taken` when the server has answered and the subscriber has no response yet, `answered` when it has.
 */
export type Phase = 'asked' | 'half' | 'taken' | 'answered';

export interface Point {
  step: Step;
  phase: Phase;
  /** How many of the same pass before. */
  after?: number;
}

export interface ProxyTargets {
  absmartlyPort: number;
  bigqueryPort: number;
}

/** A proxy between a subscriber and its servers that stops everything at a point. */
export class ExportProxy {
  readonly #targets: ProxyTargets;
  readonly #server: Server;
  #point: Point | undefined;
  #seen = 0;
  /** From the point on nothing passes. */
  #isDead = false;
  #strike = () => {};

  constructor(targets: ProxyTargets) {
    this.#targets = targets;
    this.#server = createServer((request, response) => {
      // A kill of the subscriber also ends requests here.
      this.#pass(request, response).catch(() => response.destroy());
    });
  }

  async listen(): Promise<string> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  /** Lets everything pass until the point, and resolves at the point. */
  async reached(point: Point): Promise<void> {
    this.open();
    this.#point = point;
    this.#seen = 0;
    await new Promise<void>((resolve) => {
      this.#strike = resolve;
    });
  }

  /** Lets everything pass. */
  open(): void {
    this.#point = undefined;
    this.#isDead = false;
  }

  async #pass(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const step = stepOf(request);
    if (this.#isAt(step, 'asked')) return;
    const { method, headers, url = '' } = request;
    const port = step === 'zip' ? this.#targets.absmartlyPort : this.#targets.bigqueryPort;
    const forwarded = httpRequest({ host: '127.0.0.1', port, path: url, method, headers });
    const answered = once(forwarded, 'response') as Promise<[IncomingMessage]>;
    answered.catch(() => {});
    const half = Number(headers['content-length'] ?? 0) / 2;
    let sent = 0;
    for await (const chunk of request as AsyncIterable<Buffer>) {
      forwarded.write(chunk);
      sent += chunk.length;
      if (step !== 'zip' && sent >= half && this.#isAt(step, 'half')) {
        forwarded.destroy();
        return;
      }
    }
    forwarded.end();
    const [answer] = await answered;
    const body = await buffer(answer);
    if (this.#isAt(step, 'taken')) return;
    response.writeHead(answer.statusCode ?? 500, answer.headers);
    if (step === 'zip') {
      response.write(body.subarray(0, body.length / 2));
      if (this.#isAt(step, 'half')) return;
      response.end(body.subarray(body.length / 2));
    } else response.end(body);
    await once(response, 'finish');
    this.#isAt(step, 'answered');
  }

  /** True at the point and behind it: nothing may pass any more. */
  #isAt(step: Step, phase: Phase): boolean {
    const { step: due, phase: when, after = 0 } = this.#point ?? {};
    if (!this.#isDead && step === due && phase === when && this.#seen++ === after) {
      this.#isDead = true;
      this.#strike();
    }
    return this.#isDead;
  }
}

function stepOf({ method, url = '', headers }: IncomingMessage): Step {
  if (url.endsWith('.zip')) return 'zip';
  if (url.includes('/jobs/')) return 'job';
  if (method === 'POST' && url.startsWith('/upload/')) return 'session';
  if (method === 'PUT') {
    const [, last, all] = /-(\d+)\/(\d+)$/.exec(headers['content-range'] ?? '') ?? [];
    return Number(last) + 1 === Number(all) ? 'end' : 'body';
  }
  if (url.includes('/datasets/ab/tables/')) return 'table';
  return url.includes('/datasets/ab') ? 'dataset' : 'other';
}
