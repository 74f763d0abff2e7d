/** Asking the runtime costs more than the digits do, so it is asked for many at once. */
const drawn = new Uint8Array(4096);
let digits = '';
let used = 0;

/** Hexadecimal digits that nobody can guess; each is given out once. `count` is at most 8,192. */
export function randomHex(count: number): string {
  // Not at module level: nothing is random there yet.
  if (used + count > digits.length) {
    digits = crypto.getRandomValues(drawn).toHex();
    used = 0;
  }
  used += count;
  return digits.slice(used - count, used);
}
