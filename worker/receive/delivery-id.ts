import { randomHex } from './random.ts';

const variants = '89ab';

/**
 * A UUIDv7 (RFC 9562, section 5.7) for a delivery that was received at `ms`, in Unix milliseconds.
 *
 * Made here: by profile, the package that does the same costs a delivery as much as to read its JSON.
 */
export function newDeliveryId(ms: number): string {
  const time = ms.toString(16).padStart(12, '0');
  const random = randomHex(19);
  const variant = variants.charAt(Number.parseInt(random.charAt(3), 16) & 3);
  return `${time.slice(0, 8)}-${time.slice(8)}-7${random.slice(0, 3)}-${variant}${random.slice(4, 7)}-${random.slice(7)}`;
}
