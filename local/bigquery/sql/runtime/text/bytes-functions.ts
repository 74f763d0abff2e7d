import { createHash, randomUUID } from 'node:crypto';
import { define, type RuntimeFunction } from '../define.ts';
import {
  bytesByModel,
  fromBase32,
  fromBase64,
  fromHex,
  textByModel,
  toBase32,
} from './base-encodings.ts';
import { farmFingerprint } from './farm-fingerprint.ts';

function hashOf(algorithm: string): (bytes: Uint8Array) => Uint8Array {
  return (bytes) => createHash(algorithm).update(bytes).digest();
}

function combined(
  a: Uint8Array,
  b: Uint8Array,
  bits: (x: number, y: number) => number,
): Uint8Array {
  if (a.length !== b.length) {
    throw new Error('Bitwise operators on BYTES need operands of one length');
  }
  return a.map((byte, index) => bits(byte, b[index] ?? 0));
}

export const bytesFunctions: RuntimeFunction[] = [
  ...['md5', 'sha1', 'sha256', 'sha512'].map((name) =>
    define(name, ['bytes'], 'bytes', hashOf(name)),
  ),
  define('farm_fingerprint', ['bytes'], 'int', farmFingerprint),
  define('to_base32', ['bytes'], 'string', toBase32),
  define('from_base32', ['string'], 'bytes', fromBase32),
  define('to_base64', ['bytes'], 'string', (bytes) => Buffer.from(bytes).toString('base64')),
  define('from_base64', ['string'], 'bytes', fromBase64),
  define('to_hex', ['bytes'], 'string', (bytes) => Buffer.from(bytes).toString('hex')),
  define('from_hex', ['string'], 'bytes', fromHex),
  define('bytes_by_model', ['bytes', 'string'], 'string', bytesByModel),
  define('text_by_model', ['string', 'string'], 'bytes', textByModel),
  define('bytes_of_text', ['string'], 'bytes', (text) => Buffer.from(text, 'utf8')),
  define('joined_bytes', ['bytesList', 'bytes'], 'bytes', (items, delimiter) => {
    const parts = items.filter((part) => part !== null);
    return Buffer.concat(
      parts.flatMap((part, index) => (index === 0 ? [part] : [delimiter, part])),
    );
  }),
  define('bytes_length', ['bytes'], 'int', (bytes) => BigInt(bytes.length)),
  define('bytes_starts', ['bytes', 'bytes'], 'bool', (a, b) =>
    Buffer.from(a).subarray(0, b.length).equals(b),
  ),
  define(
    'bytes_ends',
    ['bytes', 'bytes'],
    'bool',
    (a, b) =>
      a.length >= b.length &&
      Buffer.from(a)
        .subarray(a.length - b.length)
        .equals(b),
  ),
  define('bytes_and', ['bytes', 'bytes'], 'bytes', (a, b) => combined(a, b, (x, y) => x & y)),
  define('bytes_or', ['bytes', 'bytes'], 'bytes', (a, b) => combined(a, b, (x, y) => x | y)),
  define('bytes_xor', ['bytes', 'bytes'], 'bytes', (a, b) => combined(a, b, (x, y) => x ^ y)),
  define('bytes_not', ['bytes'], 'bytes', (a) => a.map((byte) => ~byte & 0xff)),
  define('bit_count', ['int'], 'int', (value) => bitCount(BigInt.asUintN(64, value))),
  define('bit_count_bytes', ['bytes'], 'int', (bytes) =>
    bytes.reduce((sum, byte) => sum + bitCount(BigInt(byte)), 0n),
  ),
  { ...define('uuid', ['int'], 'string', () => randomUUID()) },
];

function bitCount(value: bigint): bigint {
  return BigInt(value.toString(2).replaceAll('0', '').length);
}
