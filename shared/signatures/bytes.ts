/** Bytes that WebCrypto accepts: over an ArrayBuffer, not a shared one. */
export type Bytes = Uint8Array<ArrayBuffer>;

const encoder = new TextEncoder();

/** `text` in UTF-8. The Workers' types do not say which buffer TextEncoder fills; it is never shared. */
export function toBytes(text: string): Bytes {
  return encoder.encode(text) as Bytes;
}

/** How the bytes of a signature or a key are written as text. */
export type Encoding = 'hex' | 'base64' | 'base64url';

/**
 * The bytes that `text` stands for, or undefined where it is not valid text of that encoding.
 *
 * Upper-case hex is accepted: it stands for the same bytes, so it does not help anybody without the key.
 * Uint8Array.fromHex and fromBase64 would do, but Node 24 does not have them.
 */
export function decode(text: string, encoding: Encoding): Bytes | undefined {
  if (encoding === 'hex') return decodeHex(text);
  return decodeBase64(encoding === 'base64' ? text : fromUrlAlphabet(text));
}

export function encode(bytes: Uint8Array, encoding: Encoding): string {
  if (encoding === 'hex') return encodeHex(bytes);
  const base64 = btoa(String.fromCharCode(...bytes));
  return encoding === 'base64' ? base64 : toUrlAlphabet(base64);
}

function decodeHex(text: string): Bytes | undefined {
  if (text.length % 2 !== 0) return undefined;
  const bytes = new Uint8Array(text.length / 2);
  for (let at = 0; at < bytes.length; at++) {
    const high = hexDigit(text.charCodeAt(2 * at));
    const low = hexDigit(text.charCodeAt(2 * at + 1));
    if (high < 0 || low < 0) return undefined;
    bytes[at] = (high << 4) | low;
  }
  return bytes;
}

function hexDigit(code: number): number {
  if (code >= 48 && code <= 57) return code - 48;
  const lower = code | 0x20;
  return lower >= 97 && lower <= 102 ? lower - 87 : -1;
}

function encodeHex(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += byte.toString(16).padStart(2, '0');
  return text;
}

function decodeBase64(text: string): Bytes | undefined {
  let binary: string;
  try {
    binary = atob(text);
  } catch {
    return undefined;
  }
  const bytes = new Uint8Array(binary.length);
  for (let at = 0; at < bytes.length; at++) bytes[at] = binary.charCodeAt(at);
  return bytes;
}

function fromUrlAlphabet(text: string): string {
  return text.replaceAll('-', '+').replaceAll('_', '/');
}

function toUrlAlphabet(text: string): string {
  return text.replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

/** Compares every byte of two values of the same length, so that the time does not show where they differ. */
export function equal(left: Uint8Array, right: Uint8Array): boolean {
  if (left.length !== right.length) return false;
  let difference = 0;
  for (let at = 0; at < left.length; at++) difference |= (left[at] ?? 0) ^ (right[at] ?? 0);
  return difference === 0;
}
