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
 * Sends a request and resolves when its answer begins. Not by `fetch`, which takes several times the CPU
 * for large bodies, either way. No redirect is followed: it would take credentials elsewhere.
 */
export function exchange(
  url: string | URL,
  { method, headers, body }: HttpRequest,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  const request = String(url).startsWith('https:') ? httpsRequest : httpRequest;
  return new Promise((resolve, reject) => {
    const sending = request(url, { method, headers, signal });
    // Also after the answer: what comes then, the answer's own stream tells.
    sending.on('error', reject);
    if (typeof body !== 'object') {
      sending.once('response', resolve).end(body);
      return;
    }
    const sent = pipeline(Readable.from(body, { objectMode: false }), sending);
    sent.catch(reject);
    sending.once('response', (response) => {
      // An answer before the end of what is sent: the rest is of no use to anybody.
      response.once('end', () => sending.writableFinished || sending.destroy());
      resolve(response);
    });
  });
}
