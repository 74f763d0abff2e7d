/** Asking the runtime costs more than the bytes do, so it is asked for many at once. */
const drawn = new Uint8Array(4096);
let used = drawn.byteLength;

/** Bytes that nobody can guess; each is given out once. `count` is at most 4,096. */
export function randomBytes(count: number): Uint8Array {
  // Not at module level: nothing is random there yet.
  if (used + count > drawn.byteLength) {
    crypto.getRandomValues(drawn);
    used = 0;
  }
  used += count;
  return drawn.slice(used - count, used);
}
