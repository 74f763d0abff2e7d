// Receives a delivery: what comes in is an HTTP request to a stream's endpoint, what goes out is a Delivery with
// its body as bytes, or the outcome that refuses it. delivery.ts stamps its id, admit.ts refuses it by address or
// size, this file reads the body. query.ts and inflate.ts run once the signature holds. Begin with delivery.ts.

import type { Endpoint } from '../endpoint.ts';
import { isOutcome, type Outcome } from '../outcome.ts';
import { withTimeout } from '../timeout.ts';
import { type Delivery, isVerified } from './delivery.ts';

type Bytes = Uint8Array<ArrayBuffer>;

/** How long a body may take, in milliseconds. No sender waits longer for its answer. */
const bodyWithinMs = 30_000;

/** Most bodies are smaller. The buffer doubles when one is not. */
const firstBufferBytes = 16 * 1024;

/** Reads the body of a POST. Other methods have none. */
export async function receive(
  delivery: Delivery,
  { stream }: Endpoint,
): Promise<Delivery | Outcome> {
  if (delivery.method !== 'POST') return delivery;
  const { request, declaredBytes, facts } = delivery;
  const body = await readRequest(request, declaredBytes, stream.maxBodyBytes, bodyWithinMs);
  if (!isOutcome(body)) {
    delivery.body = body;
    facts.bytes = body.byteLength;
    return delivery;
  }
  // A slow or broken body is an attack only by those who have not shown the key.
  return isVerified(delivery) ? { ...body, failedTry: false } : body;
}

/**
 * Reads the body of a request, once: at most `maxBytes`, in at most `withinMs`.
 *
 * @param declaredBytes the Content-Length
 */
export function readRequest(
  request: Request,
  declaredBytes: number | undefined,
  maxBytes: number,
  withinMs: number,
): Promise<Bytes | Outcome> {
  const isFramed = declaredBytes !== undefined && declaredBytes <= maxBytes;
  return isFramed
    ? readAtOnce(request, maxBytes, withinMs)
    : readBody(request.body, maxBytes, withinMs);
}

/**
 * Reads the whole body in one call, at half the cost. Only for a declared length within the limit: it frames the
 * body (RFC 9112, section 6.2), so no more than that arrives. It is checked all the same.
 */
async function readAtOnce(
  request: Request,
  maxBytes: number,
  withinMs: number,
): Promise<Bytes | Outcome> {
  try {
    const buffer = await withTimeout(withinMs, request.arrayBuffer());
    if (!buffer) return tooSlow;
    return buffer.byteLength > maxBytes
      ? { outcome: 'too-large', maxBytes }
      : new Uint8Array(buffer);
  } catch {
    return broken;
  }
}

/**
 * Reads a body of at most `maxBytes`, once. The bytes are counted as they arrive, whatever Content-Length says.
 * Beyond `maxBytes` or `withinMs`, the rest is left unread.
 */
export async function readBody(
  body: ReadableStream | null,
  maxBytes: number,
  withinMs: number,
): Promise<Bytes | Outcome> {
  if (!body) return new Uint8Array(0);
  const reader = body.getReader({ mode: 'byob' });
  // One byte more than the limit distinguishes a body that ends there from one that goes on.
  let bytes = new Uint8Array(Math.min(firstBufferBytes, maxBytes + 1));
  let length = 0;
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    // Ends the pending read, or makes it fail.
    reader.cancel().catch(() => {});
  }, withinMs);
  try {
    for (;;) {
      // Each read detaches the buffer and returns it in a new view.
      const { buffer } = bytes;
      const wanted = buffer.byteLength - length;
      const read = await reader.readAtLeast(wanted, new Uint8Array(buffer, length, wanted));
      const got = read.value?.byteLength ?? 0;
      length += got;
      if (length > maxBytes) {
        // Not awaited: the rest may never arrive.
        reader.cancel().catch(() => {});
        return { outcome: 'too-large', maxBytes };
      }
      if (isLate) return tooSlow;
      if (read.value) bytes = new Uint8Array(read.value.buffer as ArrayBuffer);
      if (read.done || got < wanted) return bytes.subarray(0, length);
      bytes = grow(bytes, Math.min(bytes.byteLength * 2, maxBytes + 1));
    }
  } catch {
    return isLate ? tooSlow : broken;
  } finally {
    clearTimeout(timer);
  }
}

/** The sender's fault, both of them: never a 5xx. */
const tooSlow: Outcome = {
  outcome: 'timeout',
  facts: { cause: 'body-too-slow' },
  failedTry: true,
};
const broken: Outcome = {
  outcome: 'incomplete',
  facts: { cause: 'body-broken' },
  failedTry: true,
};

function grow(bytes: Bytes, size: number): Bytes {
  const larger = new Uint8Array(size);
  larger.set(bytes);
  return larger;
}
