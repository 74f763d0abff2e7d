import { Agent, request } from 'node:http';
import type { Delivery } from './deliveries.ts';
import type { Signed } from './signatures.ts';

export interface Answer {
  /** 0: nobody answered. */
  status: number;
  deliveryId?: string;
  isFiltered: boolean;
}

const nobody: Answer = { status: 0, isFiltered: false };

/** How long a sender waits for an answer, as many do. */
const timeoutMs = 5000;

/** Sends one request over a kept connection. Never rejects. */
export class Poster {
  readonly #port: number;
  readonly #agent: Agent;

  constructor(port: number, connections: number) {
    this.#port = port;
    this.#agent = new Agent({ keepAlive: true, maxSockets: connections });
  }

  post({ path, headers, body }: Signed, hangUp: Delivery['hangUp']): Promise<Answer> {
    return new Promise((resolve) => {
      const sent = request(
        {
          ...{ host: '127.0.0.1', port: this.#port, path, method: 'POST', agent: this.#agent },
          headers: { ...headers, 'content-length': body.byteLength },
        },
        (response) => {
          response.resume();
          response.once('error', () => {});
          const { statusCode = 0, headers: answered } = response;
          const id = answered['tributary-delivery-id'];
          resolve({
            status: statusCode,
            isFiltered: answered['tributary-outcome'] === 'filtered',
            ...(typeof id === 'string' && { deliveryId: id }),
          });
        },
      );
      sent.setTimeout(timeoutMs, () => sent.destroy());
      sent.once('error', () => resolve(nobody));
      sent.once('close', () => resolve(nobody));
      if (hangUp === 'in mid-body') {
        sent.write(body.subarray(0, body.byteLength >> 1), () => sent.destroy());
      } else {
        sent.end(body, () => {
          if (hangUp === 'before the answer') setImmediate(() => sent.destroy());
        });
      }
    });
  }

  close(): void {
    this.#agent.destroy();
  }
}
