/** A delivery's id, or its beginning. */
export interface SoughtId {
  text: string;
  isWhole: boolean;
  /** When it was made, in Unix milliseconds; absent for the id of an event that was never delivered (backfill). */
  time?: { from: number; to: number };
}

export type IdReading = { ok: true; id: SoughtId } | { ok: false; problem: string };

const whole = /^[\da-f]{8}-[\da-f]{4}-([\da-f])[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/;
const minDigits = 8;
/** The digits of a UUIDv7 that are its time: https://www.rfc-editor.org/rfc/rfc9562#section-5.7 */
const timeDigits = 12;
/** No relay is older. */
const firstRelay = Date.UTC(2025, 0);
/** The clocks of the edge and of this machine may differ. */
const maxAheadMs = 600_000;

/** @param now Unix milliseconds */
export function readDeliveryId(given: string, now: number): IdReading {
  const text = given.trim().toLowerCase();
  const no = (problem: string): IdReading => ({ ok: false, problem: `"${given}" ${problem}` });
  const [, version] = whole.exec(text) ?? [];
  // An event of a backfill has an id that is no time.
  if (version === '8') return { ok: true, id: { text, isWhole: true } };
  if (version !== undefined && version !== '7') return no('is a UUID, but not of a delivery');
  if (version === undefined && !isBeginning(text)) {
    return no(
      'is neither the id of a delivery, like 019c36d2-5a40-7c11-9f3e-1b2c3d4e5f60, nor the beginning of one',
    );
  }
  const digits = text.replaceAll('-', '');
  if (digits.length < minDigits) return no(`is too short: ${minDigits} digits at least`);
  const stamp = digits.slice(0, timeDigits);
  const from = Number.parseInt(stamp.padEnd(timeDigits, '0'), 16);
  const to = Number.parseInt(stamp.padEnd(timeDigits, 'f'), 16);
  if (to < firstRelay || from > 8.64e15) return no('is not the id of a delivery: its time is wild');
  if (from > now + maxAheadMs) {
    return no(
      `is of ${new Date(from).toISOString()}, which is to come: no edge has made it, or a clock is wrong`,
    );
  }
  return { ok: true, id: { text, isWhole: version !== undefined, time: { from, to } } };
}

const pattern = 'xxxxxxxx-xxxx-7xxx-yxxx-xxxxxxxxxxxx';

/** Whether it is the beginning of a UUIDv7, with its hyphens. */
function isBeginning(text: string): boolean {
  if (text === '' || text.length >= pattern.length) return false;
  return [...text].every((character, at) => {
    const wanted = pattern.charAt(at);
    if (wanted === 'x') return /[\da-f]/.test(character);
    return wanted === 'y' ? /[89ab]/.test(character) : character === wanted;
  });
}
