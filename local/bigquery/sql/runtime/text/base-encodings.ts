const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/** Each digit of the alphabet holds `bits` bits. */
function encode(bytes: Uint8Array, alphabet: string, bits: number): string {
  let [buffer, held, text] = [0, 0, ''];
  for (const byte of bytes) {
    buffer = ((buffer << 8) | byte) & 0xffff;
    for (held += 8; held >= bits; held -= bits) {
      text += alphabet[(buffer >> (held - bits)) & (2 ** bits - 1)] ?? '';
    }
  }
  if (held > 0) text += alphabet[(buffer << (bits - held)) & (2 ** bits - 1)] ?? '';
  return text;
}

function decode(text: string, alphabet: string, bits: number): Uint8Array | undefined {
  let [buffer, held] = [0, 0];
  const bytes: number[] = [];
  for (const char of text) {
    const value = alphabet.indexOf(char);
    if (value < 0) return undefined;
    buffer = ((buffer << bits) | value) & 0xffff;
    held += bits;
    if (held >= 8) {
      held -= 8;
      bytes.push((buffer >> held) & 0xff);
    }
  }
  return Uint8Array.from(bytes);
}

export function toBase32(bytes: Uint8Array): string {
  const text = encode(bytes, BASE32, 5);
  return text.padEnd(Math.ceil(text.length / 8) * 8, '=');
}

export function fromBase32(text: string): Uint8Array {
  const bytes = decode(text.toUpperCase().replace(/=+$/, ''), BASE32, 5);
  if (bytes === undefined) throw new Error('Failed to decode invalid base32 string');
  return bytes;
}

export function fromBase64(text: string): Uint8Array {
  const body = text.replace(/\s/g, '');
  if (!/^[A-Za-z0-9+/_-]*={0,2}$/.test(body) || body.replace(/=+$/, '').length % 4 === 1) {
    throw new Error('Failed to decode invalid base64 string');
  }
  return Buffer.from(body, 'base64');
}

export function fromHex(text: string): Uint8Array {
  if (!/^[0-9a-f]*$/i.test(text)) throw new Error('Failed to decode invalid hexadecimal string');
  return Buffer.from(text.length % 2 === 0 ? text : `0${text}`, 'hex');
}

/** `CAST(bytes AS STRING FORMAT 'HEX')`. */
export function bytesByModel(bytes: Uint8Array, model: string): string {
  const buffer = Buffer.from(bytes);
  switch (model.toUpperCase()) {
    case 'HEX':
    case 'BASE16':
      return buffer.toString('hex');
    case 'BASE64':
      return buffer.toString('base64');
    case 'BASE64M':
      return buffer.toString('base64').replace(/.{76}(?=.)/g, '$&\n');
    case 'BASE32':
      return toBase32(bytes);
    case 'BASE2':
      return [...bytes].map((byte) => byte.toString(2).padStart(8, '0')).join('');
    case 'BASE8': {
      const text = encode(bytes, '01234567', 3);
      return text;
    }
    case 'ASCII':
      if (bytes.some((byte) => byte > 127)) throw new Error('The bytes are not ASCII');
      return buffer.toString('latin1');
    case 'UTF8':
    case 'UTF-8':
      return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  }
  throw new Error(`Invalid format: ${model}`);
}

export function textByModel(text: string, model: string): Uint8Array {
  switch (model.toUpperCase()) {
    case 'HEX':
    case 'BASE16':
      return fromHex(text);
    case 'BASE64':
    case 'BASE64M':
      return fromBase64(text);
    case 'BASE32':
      return fromBase32(text);
    case 'ASCII':
    case 'UTF8':
    case 'UTF-8':
      return Buffer.from(text, 'utf8');
  }
  throw new Error(`Invalid format: ${model}`);
}
