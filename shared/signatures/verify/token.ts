import { type Bytes, decode, equal, toBytes } from '../bytes.ts';
import { remember } from '../keys/keys.ts';
import type { SignedRequest } from '../request.ts';
import type { TokenScheme } from '../scheme.ts';
import { judge, refused, type Verdict } from './verdict.ts';

const digests = new Map<string, readonly Uint8Array[]>();

/**
 * Compares digests, in full and for every secret, so that the time shows neither a length nor where they differ.
 *
 * @param secrets trimmed
 */
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
    const spellings = secret === '' ? [] : await digestsOf(secret, scheme);
    matches.push(spellings.filter((spelling) => equal(digest, spelling)).length > 0);
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

/** RFC 7617, section 2: there is no fixed charset for user and password; clients use UTF-8 or Latin-1. */
async function digestsOf(
  secret: string,
  { algorithm }: TokenScheme,
): Promise<readonly Uint8Array[]> {
  const id = `${algorithm} ${secret}`;
  const cached = digests.get(id);
  if (cached) return cached;
  const spellings = [toBytes(secret)];
  const latin1 = algorithm === 'basic' ? toLatin1(secret) : undefined;
  if (latin1) spellings.push(latin1);
  const made: Uint8Array[] = [];
  for (const bytes of spellings) made.push(await sha256(bytes));
  remember(digests, id, made);
  return made;
}

/** Undefined if it has other characters, and if it is only ASCII: that is UTF-8 too. */
function toLatin1(text: string): Bytes | undefined {
  const codes = [...text].map((char) => char.codePointAt(0) ?? 0);
  const isLatin1 = codes.every((code) => code < 0x100) && codes.some((code) => code >= 0x80);
  return isLatin1 ? Uint8Array.from(codes) : undefined;
}

async function sha256(bytes: Bytes): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
}
