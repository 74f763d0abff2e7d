import type { Endpoint } from '../endpoint.ts';
import { isOutcome, type Outcome } from '../outcome.ts';
import type { Delivery } from './delivery.ts';
import { readBody } from './receive.ts';

const encoder = new TextEncoder();

/** How long to wait for the first byte of a body that should not be there, in milliseconds. */
const strayWithinMs = 5000;

/**
 * A HEAD or a GET whose key or signature held: a console probes the endpoint, or the query is the payload. Its
 * signature covers an empty body, so the query becomes the body only here.
 */
export async function takeQuery(
  delivery: Delivery,
  { stream }: Endpoint,
): Promise<Delivery | Outcome> {
  const { method, query, facts } = delivery;
  if (await hasBody(delivery)) {
    const problem = `a ${method} takes no body here: send it as a POST`;
    return { outcome: 'malformed', problem, facts: { cause: 'stray-body' } };
  }
  if (method === 'HEAD' || query === '') {
    return { outcome: 'handshake', reply: { status: 200 }, facts };
  }
  if (!stream.acceptsGet) return { outcome: 'wrong-method', allow: 'POST', facts };

  const body = encoder.encode(query) as Uint8Array<ArrayBuffer>;
  const { byteLength: bytes } = body;
  const { maxBodyBytes: maxBytes } = stream;
  if (bytes > maxBytes) return { outcome: 'too-large', maxBytes, facts };
  delivery.body = body;
  facts.bytes = bytes;
  return delivery;
}

/** One byte is enough: a body that is not stored must not be dropped silently. */
async function hasBody({ request, declaredBytes = 0 }: Delivery): Promise<boolean> {
  if (declaredBytes > 0) return true;
  const body = await readBody(request.body, 0, strayWithinMs);
  return isOutcome(body) && body.outcome === 'too-large';
}
