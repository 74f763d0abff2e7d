const variants = '89ab';

/**
 * A UUIDv7 (RFC 9562, section 5.7) for a delivery that was received at `ms`, in Unix milliseconds.
 *
 * Written here because, by profile, the package costs a delivery as much as reading its JSON.
 */
export function newDeliveryId(ms: number): string {
  const time = ms.toString(16).padStart(12, '0');
  const random = randomHex(19);
  const variant = variants.charAt(Number.parseInt(random.charAt(3), 16) & 3);
  return `${time.slice(0, 8)}-${time.slice(8)}-7${random.slice(0, 3)}-${variant}${random.slice(4, 7)}-${random.slice(7)}`;
}

/** A call to the runtime costs more than the digits, so one call draws many of them. */
const drawn = new Uint8Array(4096);
let digits = '';
let used = 0;

/** Unpredictable hexadecimal digits; each is used once. `count` is at most 8,192. */
export function randomHex(count: number): string {
  // Not at module level: workerd has no random numbers there.
  if (used + count > digits.length) {
    digits = crypto.getRandomValues(drawn).toHex();
    used = 0;
  }
  used += count;
  return digits.slice(used - count, used);
}
