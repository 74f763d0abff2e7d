import { type Bytes, decode, encode, toBytes } from '../bytes.ts';
import type { KeyFormat } from '../scheme.ts';

/** Another key that a sender may have made of the same secret, in hexadecimal digits. */
export interface KeySpelling {
  hex: string;
  mistake: string;
}

/** `whsec_`, `v1,whsec_`, `polar_whs_`. */
const prefix = /^(?:v1,)?(?:[a-z][a-z0-9]*_)+/i;

/** The keys of a secret that the scheme does not try. */
export function keySpellings(secret: string, format: KeyFormat): KeySpelling[] {
  const text = secret.trim();
  if (text === '') return [];
  const bare = text.replace(prefix, '');
  const unquoted = /^(["'])(.*)\1$/s.exec(text)?.[2];
  const isText = format === 'utf8';
  const texts: [string | undefined, string][] = [
    [`${text}\n`, 'a line break at the end of its secret'],
    [`${text}\r\n`, 'a line break (CRLF) at the end of its secret'],
    [`${text} `, 'a blank at the end of its secret'],
    [` ${text}`, 'a blank before its secret'],
    [`"${text}"`, 'quotation marks around its secret'],
    [unquoted, 'its secret without the quotation marks that the relay has around it'],
    [bare === text ? undefined : bare, 'its secret without the prefix'],
    [
      isText ? undefined : text,
      'the text of its secret as it is, with its prefix, if any, and not decoded',
    ],
  ];
  const decoded: [Bytes | undefined, string][] = [
    [format === 'hex' ? undefined : decode(text, 'hex'), 'the bytes of its secret, read as hex'],
    [isText ? decode(bare, 'base64url') : undefined, 'the bytes of its secret, read as base64'],
  ];
  return [
    ...texts.map(([key, mistake]) => spell(key === undefined ? key : toBytes(key), mistake)),
    ...decoded.map(([key, mistake]) => spell(key, mistake)),
  ].flatMap((spelling) => spelling ?? []);
}

function spell(key: Bytes | undefined, mistake: string): KeySpelling | undefined {
  if (key === undefined || key.length === 0) return undefined;
  return { hex: encode(key, 'hex'), mistake: `the sender signs with ${mistake}` };
}
