export type BodyReading =
  | { ok: true; bytes: Uint8Array<ArrayBuffer> }
  | { ok: false; cause: 'too-large' | 'broken' };

/** Most deliveries are smaller; the room doubles when one is not. */
const firstRoom = 16 * 1024;

/**
 * Reads a body of at most `cap` bytes, once. The bytes are counted as they come, whatever
 * Content-Length says; past the cap the rest is left unread.
 */
export async function readBody(body: ReadableStream | null, cap: number): Promise<BodyReading> {
  if (!body) return { ok: true, bytes: new Uint8Array(0) };
  const reader = body.getReader({ mode: 'byob' });
  // One byte of room beyond the cap tells a body that ends at it from one that goes on.
  let bytes = new Uint8Array(Math.min(firstRoom, cap + 1));
  let length = 0;
  try {
    for (;;) {
      // Each read takes the buffer away and gives it back in a new view.
      const { buffer } = bytes;
      const wanted = buffer.byteLength - length;
      const read = await reader.readAtLeast(wanted, new Uint8Array(buffer, length, wanted));
      const got = read.value?.byteLength ?? 0;
      length += got;
      if (length > cap) {
        await reader.cancel();
        return { ok: false, cause: 'too-large' };
      }
      if (read.value) bytes = new Uint8Array(read.value.buffer as ArrayBuffer);
      if (read.done || got < wanted) return { ok: true, bytes: bytes.subarray(0, length) };
      bytes = grow(bytes, Math.min(bytes.byteLength * 2, cap + 1));
    }
  } catch {
    return { ok: false, cause: 'broken' };
  }
}

function grow(bytes: Uint8Array<ArrayBuffer>, room: number): Uint8Array<ArrayBuffer> {
  const larger = new Uint8Array(room);
  larger.set(bytes);
  return larger;
}
