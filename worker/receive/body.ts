import { within } from '../deadline.ts';

export type BodyReading =
  | { ok: true; bytes: Uint8Array<ArrayBuffer> }
  | { ok: false; cause: BodyFault };

/** `too-slow` where it did not end in time. */
export type BodyFault = 'too-large' | 'too-slow' | 'broken';

/** Most deliveries are smaller; the room doubles when one is not. */
const firstRoom = 16 * 1024;

/** How many bytes the body has by its Content-Length; undefined where it has none. */
export function declaredLength(headers: Headers): number | undefined {
  const text = headers.get('content-length');
  return text === null ? undefined : Number(text);
}

/**
 * Reads the body of a request, once: at most `cap` bytes, in at most `withinMs`.
 *
 * @param declared how many it has, by its own word
 */
export function readRequest(
  request: Request,
  declared: number | undefined,
  cap: number,
  withinMs: number,
): Promise<BodyReading> {
  const isFramed = declared !== undefined && declared <= cap;
  return isFramed ? readAtOnce(request, cap, withinMs) : readBody(request.body, cap, withinMs);
}

/**
 * The whole body in one step, at half of the cost. Only where a length within the cap was declared: it
 * frames the body (RFC 9112, 6.2), so that no more arrives; and what does is counted all the same.
 */
async function readAtOnce(request: Request, cap: number, withinMs: number): Promise<BodyReading> {
  try {
    const buffer = await within(withinMs, request.arrayBuffer());
    if (!buffer) return { ok: false, cause: 'too-slow' };
    if (buffer.byteLength > cap) return { ok: false, cause: 'too-large' };
    return { ok: true, bytes: new Uint8Array(buffer) };
  } catch {
    return { ok: false, cause: 'broken' };
  }
}

/**
 * Reads a body of at most `cap` bytes, once. The bytes are counted as they come, whatever
 * Content-Length says; past the cap, or when `withinMs` have passed, the rest is left unread.
 */
export async function readBody(
  body: ReadableStream | null,
  cap: number,
  withinMs: number,
): Promise<BodyReading> {
  if (!body) return { ok: true, bytes: new Uint8Array(0) };
  const reader = body.getReader({ mode: 'byob' });
  // One byte of room beyond the cap tells a body that ends at it from one that goes on.
  let bytes = new Uint8Array(Math.min(firstRoom, cap + 1));
  let length = 0;
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    // Ends the read that is under way, if only by breaking it off.
    reader.cancel().catch(() => {});
  }, withinMs);
  try {
    for (;;) {
      // Each read takes the buffer away and gives it back in a new view.
      const { buffer } = bytes;
      const wanted = buffer.byteLength - length;
      const read = await reader.readAtLeast(wanted, new Uint8Array(buffer, length, wanted));
      const got = read.value?.byteLength ?? 0;
      length += got;
      if (length > cap) {
        // Not waited for: what is left unread may never come.
        reader.cancel().catch(() => {});
        return { ok: false, cause: 'too-large' };
      }
      if (isLate) return { ok: false, cause: 'too-slow' };
      if (read.value) bytes = new Uint8Array(read.value.buffer as ArrayBuffer);
      if (read.done || got < wanted) return { ok: true, bytes: bytes.subarray(0, length) };
      bytes = grow(bytes, Math.min(bytes.byteLength * 2, cap + 1));
    }
  } catch {
    return { ok: false, cause: isLate ? 'too-slow' : 'broken' };
  } finally {
    clearTimeout(timer);
  }
}

function grow(bytes: Uint8Array<ArrayBuffer>, room: number): Uint8Array<ArrayBuffer> {
  const larger = new Uint8Array(room);
  larger.set(bytes);
  return larger;
}
