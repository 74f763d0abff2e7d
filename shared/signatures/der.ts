import type { Bytes } from './bytes.ts';

/**
 * WebCrypto takes an ECDSA signature as r ‖ s (IEEE P1363); senders write the DER of
 * SEQUENCE { r INTEGER, s INTEGER } (RFC 3279, section 2.2.3).
 */

const size = 32;

/**
 * r ‖ s of a P-256 signature, or undefined if the bytes are not the DER of two positive integers. DER has exactly
 * one way to write each (X.690, sections 8.3 and 10.1).
 */
export function fromDer(der: Uint8Array): Bytes | undefined {
  // 2 × (2 + 33) bytes at most: every length fits in one byte.
  if (der[0] !== 0x30 || der[1] !== der.length - 2) return undefined;
  const raw = new Uint8Array(2 * size);
  let at = 2;
  for (const end of [size, 2 * size]) {
    const length = der[at + 1] ?? 0;
    const digits = der[at] === 0x02 ? der.subarray(at + 2, at + 2 + length) : undefined;
    if (digits?.length !== length || !isPositive(digits)) return undefined;
    const magnitude = digits[0] === 0 ? digits.subarray(1) : digits;
    if (magnitude.length > size) return undefined;
    raw.set(magnitude, end - magnitude.length);
    at += 2 + length;
  }
  return at === der.length ? raw : undefined;
}

/** A leading zero is needed only if the integer would be negative without it. Zero itself is never a signature. */
function isPositive(digits: Uint8Array): boolean {
  const [first = 0x80, second = 0] = digits;
  return first === 0 ? second >= 0x80 : first < 0x80;
}

export function toDer(raw: Uint8Array): Uint8Array {
  const body = [...integer(raw.subarray(0, size)), ...integer(raw.subarray(size))];
  return Uint8Array.of(0x30, body.length, ...body);
}

function integer(bytes: Uint8Array): number[] {
  const first = bytes.findIndex((byte) => byte !== 0);
  const digits = first < 0 ? [0] : [...bytes.subarray(first)];
  // A leading bit would make the integer negative.
  if ((digits[0] ?? 0) >= 0x80) digits.unshift(0);
  return [0x02, digits.length, ...digits];
}
