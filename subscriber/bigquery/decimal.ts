const DECIMAL = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,3}))?$/;

/** NUMERIC has 29 digits before the point and 9 after it. */
export const NUMERIC = { scale: 9, limit: 10n ** 38n };
/** BIGNUMERIC is 256 bits at a scale of 38 digits. */
export const BIGNUMERIC = { scale: 38, limit: 2n ** 255n };

export interface DecimalRange {
  /** Digits after the point. */
  scale: number;
  /** The first magnitude, counted in units of the last digit, that does not fit. */
  limit: bigint;
}

export type Decimal =
  | { ok: true; text: string }
  | { ok: false; reason: 'syntax' | 'scale' | 'range' };

/** Reads a decimal number and gives its plain form (no exponent, no needless zeros). Nothing is rounded. */
export function parseDecimal(text: string, range: DecimalRange): Decimal {
  const match = DECIMAL.exec(text);
  const digits = (match?.[2] ?? '') + (match?.[3] ?? '');
  if (!match || digits === '') return { ok: false, reason: 'syntax' };
  const exponent = Number(match[4] ?? 0) - (match[3]?.length ?? 0);
  const significant = digits.replace(/^0+/, '');
  const trimmed = significant.slice(0, significant.length - zerosAtEnd(significant));
  const lowest = exponent + significant.length - trimmed.length;
  if (trimmed === '') return { ok: true, text: '0' };
  if (lowest < -range.scale) return { ok: false, reason: 'scale' };
  if (lowest + trimmed.length > 40) return { ok: false, reason: 'range' };
  const units = BigInt(trimmed) * 10n ** BigInt(lowest + range.scale);
  if (units >= range.limit) return { ok: false, reason: 'range' };
  return { ok: true, text: (match[1] === '-' ? '-' : '') + plain(units, range.scale) };
}

function plain(units: bigint, scale: number): string {
  const padded = units.toString().padStart(scale + 1, '0');
  const digits = padded.slice(-scale);
  const fraction = digits.slice(0, scale - zerosAtEnd(digits));
  const whole = padded.slice(0, -scale);
  return fraction === '' ? whole : `${whole}.${fraction}`;
}

/** Counted from the end: a pattern starts anew at each zero, and a sender may send a million of them. */
function zerosAtEnd(digits: string): number {
  let end = digits.length;
  while (end > 0 && digits[end - 1] === '0') end--;
  return digits.length - end;
}
