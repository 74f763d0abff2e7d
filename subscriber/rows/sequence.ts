import { hash } from 'node:crypto';
import type { Envelope } from '../../shared/envelope.ts';

const DASHES = /-/g;
const HEX_128 = /^[0-9a-f]{32}$/;

/**
 * Where a row stands among those with its key: what was received later counts. The delivery's id decides
 * between deliveries of one millisecond, the same way on every try, and the event's place within one.
 * The form is that of `_CHANGE_SEQUENCE_NUMBER`: four sections of 16 hexadecimal digits at most.
 */
export function sequenceOf({ receivedAt, deliveryId }: Envelope, event = 0): string {
  const id = deliveryId.toLowerCase().replace(DASHES, '');
  const digits = HEX_128.test(id) ? id : hash('sha256', deliveryId).slice(0, 32);
  // An envelope from before 1970 is nobody's, and no section of a sequence has a sign.
  const time = Math.max(0, receivedAt);
  const sections = [time.toString(16), digits.slice(0, 16), digits.slice(16)];
  return [...sections, event.toString(16)].join('/');
}
