import { type Bytes, toBytes } from './bytes.ts';
import { decode } from './encoding.ts';
import { remember, trimSecret } from './keys.ts';
import type { SignedRequest } from './request.ts';
import type { TokenScheme } from './scheme.ts';
import { judge, refused, type Verdict } from './verdict.ts';

const digests = new Map<string, Uint8Array>();

/** Digests are compared, in full and for every secret, so that time tells neither length nor place. */
export async function verifyToken(
  scheme: TokenScheme,
  request: SignedRequest,
  secrets: readonly string[],
): Promise<Verdict> {
  const shown = presented(scheme, request);
  if (typeof shown === 'string') return refused(shown);
  const digest = await sha256(shown);
  const matches: boolean[] = [];
  for (const secret of secrets) {
    const text = trimSecret(secret);
    matches.push(text !== '' && equal(digest, await digestOf(text)));
  }
  return judge(matches);
}

function presented(scheme: TokenScheme, request: SignedRequest): Bytes | 'missing' | 'malformed' {
  const { at, tag } = scheme;
  const value = at.from === 'path' ? request.key : request.headers.get(at.name);
  // RFC 9110, section 11.1: the name of an authentication scheme is case-insensitive.
  if (!value || value.slice(0, tag.length).toLowerCase() !== tag.toLowerCase()) return 'missing';
  const text = value.slice(tag.length);
  if (scheme.algorithm === 'token') return toBytes(text);
  return decode(text, 'base64') ?? 'malformed';
}

async function digestOf(secret: string): Promise<Uint8Array> {
  const cached = digests.get(secret);
  if (cached) return cached;
  const digest = await sha256(toBytes(secret));
  remember(digests, secret, digest);
  return digest;
}

async function sha256(bytes: Bytes): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
}

/** Looks at every byte of two digests of one length, whatever it finds. */
function equal(left: Uint8Array, right: Uint8Array): boolean {
  let difference = 0;
  for (let at = 0; at < left.length; at++) difference |= (left[at] ?? 0) ^ (right[at] ?? 0);
  return difference === 0;
}
