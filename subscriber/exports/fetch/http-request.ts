import { request as httpRequest, type IncomingMessage, type OutgoingHttpHeaders } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

export type Body = AsyncIterable<Uint8Array> | Iterable<Uint8Array>;

export interface HttpRequest {
  method: 'GET' | 'POST' | 'PUT';
  headers: OutgoingHttpHeaders;
  body?: string | Body | undefined;
}

/**
 * Sends a request and resolves when the response begins. It does not use `fetch`, which takes several times
 * the CPU for large bodies. It follows no redirect: that would take credentials elsewhere.
 */
export function sendRequest(
  url: string | URL,
  { method, headers, body }: HttpRequest,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  const request = String(url).startsWith('https:') ? httpsRequest : httpRequest;
  return new Promise((resolve, reject) => {
    const sending = request(url, { method, headers, signal });
    // Stays on after the response began. Later errors reach the reader through the response's own stream.
    sending.on('error', reject);
    if (typeof body !== 'object') {
      sending.once('response', resolve).end(body);
      return;
    }
    const sent = pipeline(Readable.from(body, { objectMode: false }), sending);
    sent.catch(reject);
    sending.once('response', (response) => {
      // The server answered before it had all of the body: nobody needs the rest.
      response.once('end', () => sending.writableFinished || sending.destroy());
      resolve(response);
    });
  });
}

/** Can the same request succeed later? */
export function isTransientStatus(status: number): boolean {
  return status === 408 || status === 425 || status === 429 || status >= 500;
}

/** ` to https://…` for a redirect's target, without its path, which may contain a signature. */
export function describeRedirect(location: string | null | undefined, from: URL): string {
  return location && URL.canParse(location, from.href)
    ? ` to ${new URL(location, from).origin}`
    : '';
}

/** What is behind a `fetch failed`: ECONNREFUSED, UND_ERR_SOCKET, … */
export function describeCause(error: unknown): string {
  const { message, code, cause } = error as Error & { code?: string };
  if (cause instanceof Error) return describeCause(cause);
  return typeof code === 'string' && !message.includes(code) ? `${message} (${code})` : message;
}
