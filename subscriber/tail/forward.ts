import type { Envelope } from '../../shared/envelope.ts';

/** A request that carries a delivery to a receiver. */
export interface ForwardedRequest {
  url: string;
  method: string;
  headers: Record<string, string>;
  body?: Uint8Array;
}

export type ForwardResult =
  | { kind: 'answered'; status: number; ms: number }
  /** It was sent, or was to be sent: whether the receiver has it is not known. */
  | { kind: 'unanswered'; reason: string; ms: number }
  /** There is no way to make the request. */
  | { kind: 'not sent'; reason: string };

export interface ForwarderOptions {
  /** Makes the request of a delivery. It throws an error with a reason for a person if there is none. */
  requestOf(envelope: Envelope): Promise<ForwardedRequest>;
  timeoutMs: number;
  /** How many requests are under way at once, each of another stream; 8 by default. */
  atOnce?: number;
  signal: AbortSignal;
}

/**
 * Posts deliveries to a receiver: those of one stream one after the other, in the order in which they came. A receiver
 * that hangs or is away costs each of them its time limit, and no more.
 */
export class Forwarder {
  readonly #options: ForwarderOptions;
  /** The last request of each stream. */
  readonly #last = new Map<string, Promise<unknown>>();
  readonly #waiting: (() => void)[] = [];
  #free: number;

  constructor(options: ForwarderOptions) {
    this.#options = options;
    this.#free = options.atOnce ?? 8;
  }

  /** Never rejects. */
  forward(envelope: Envelope): Promise<ForwardResult> {
    const { stream } = envelope;
    const before = this.#last.get(stream);
    const result = before ? before.then(() => this.#inTurn(envelope)) : this.#inTurn(envelope);
    this.#last.set(stream, result);
    void result.then(() => {
      if (this.#last.get(stream) === result) this.#last.delete(stream);
    });
    return result;
  }

  async #inTurn(envelope: Envelope): Promise<ForwardResult> {
    if (this.#free > 0) this.#free--;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await this.#send(envelope);
    } finally {
      const next = this.#waiting.shift();
      if (next) next();
      else this.#free++;
    }
  }

  async #send(envelope: Envelope): Promise<ForwardResult> {
    const { requestOf, timeoutMs, signal } = this.#options;
    let request: ForwardedRequest;
    try {
      request = await requestOf(envelope);
    } catch (error) {
      return { kind: 'not sent', reason: (error as Error).message };
    }
    const begun = performance.now();
    const ms = () => Math.round(performance.now() - begun);
    const late = AbortSignal.timeout(timeoutMs);
    try {
      const { url, method, headers, body } = request;
      const response = await fetch(url, {
        method,
        headers,
        ...(body && { body: body as Uint8Array<ArrayBuffer> }),
        redirect: 'manual',
        signal: AbortSignal.any([late, signal]),
      });
      // Not awaited: a body that never ends is not our concern.
      response.body?.cancel().catch(() => {});
      return { kind: 'answered', status: response.status, ms: ms() };
    } catch (error) {
      const reason = late.aborted ? `no answer within ${timeoutMs / 1000} s` : reasonOf(error);
      return { kind: 'unanswered', reason, ms: ms() };
    }
  }
}

/** They belong to one connection, and fetch() sets them itself. */
const connectionHeaders =
  /^(?:connection|content-length|expect|host|keep-alive|te|trailer|transfer-encoding|upgrade|proxy-.*)$/;

/** The headers of a delivery as the relay has them. The body is as it was sent, so its coding is named. */
export function carriedHeaders(envelope: Envelope): Record<string, string> {
  const { contentType, contentEncoding, deliveryId, traceparent, headers } = envelope;
  const own = Object.entries(headers ?? {}).filter(([name]) => !connectionHeaders.test(name));
  return {
    ...Object.fromEntries(own),
    ...(contentType !== undefined && { 'content-type': contentType }),
    ...(contentEncoding !== undefined && { 'content-encoding': contentEncoding }),
    ...(traceparent !== undefined && { traceparent }),
    'tributary-delivery-id': deliveryId,
  };
}

/** The delivery as it came, to this URL: the query of the URL stands before its own. */
export function plainRequest(envelope: Envelope, url: string): ForwardedRequest {
  const { method = 'POST', body, query } = envelope;
  const isBodyless = method === 'GET' || method === 'HEAD';
  const sent = isBodyless ? new TextDecoder().decode(body) : (query ?? '');
  return {
    url: withQuery(url, sent),
    method,
    headers: carriedHeaders(envelope),
    ...(!isBodyless && { body }),
  };
}

export function withQuery(url: string, query: string): string {
  if (query === '') return url;
  return url + (url.includes('?') ? '&' : '?') + query;
}

/** fetch() says only that it failed; the reason is in the cause. A URL is not part of it. */
function reasonOf(error: unknown): string {
  const { cause, message } = error as Error;
  const { code } = (cause ?? {}) as { code?: string };
  if (code !== undefined) return code;
  return cause instanceof Error && cause.message ? cause.message : message;
}
