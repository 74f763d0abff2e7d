import { readJsonText } from '../json-body.ts';
import { findValues } from '../json-path.ts';
import type { Bytes } from './bytes.ts';
import { fromDer } from './der.ts';
import { decode } from './encoding.ts';
import { parametersOf, trimSecret, verifyingKey } from './keys.ts';
import { readReference } from './reference.ts';
import type { SignedRequest } from './request.ts';
import type { Scheme, SignatureScheme } from './scheme.ts';
import { render, type Signable } from './template.ts';
import { readTimestamp } from './timestamp.ts';
import { verifyToken } from './token.ts';
import { judge, refused, type Verdict } from './verdict.ts';

export type { SignedRequest } from './request.ts';
export type { Cause, Verdict } from './verdict.ts';

// Each candidate costs a pass over the body: senders with two live keys send two or three.
const maxCandidates = 8;
const maxSignatureChars = 1024;
const maxEach = 100;

/**
 * Whether a delivery was made by a holder of one of the live secrets.
 *
 * `now` is in Unix milliseconds. Every secret is tried, whichever matches, in constant time; a line
 * end after a secret is ignored, and an empty secret never matches. Never throws.
 */
export async function verifySignature(
  scheme: Scheme,
  request: SignedRequest,
  secrets: readonly string[],
  now: number,
): Promise<Verdict> {
  if (!secrets.some((secret) => trimSecret(secret) !== '')) return refused('no-secret');
  if ('at' in scheme) {
    return verifyToken(scheme, request, secrets);
  }
  const json = lazily(request.body);
  if (!scheme.each) return verifyOne(scheme, request, json, secrets, now);
  return verifyEach(scheme, request, itemsAt(scheme.each, json()), secrets, now);
}

/** All must hold. The verdict names the secret of the last, as a sender uses one for a delivery. */
async function verifyEach(
  scheme: SignatureScheme,
  request: SignedRequest,
  signed: readonly string[] | undefined,
  secrets: readonly string[],
  now: number,
): Promise<Verdict> {
  if (signed === undefined || signed.length > maxEach) return refused('malformed');
  let verdict = refused('missing');
  for (const item of signed) {
    verdict = await verifyOne(scheme, request, () => item, secrets, now);
    if (!verdict.ok) break;
  }
  return verdict;
}

async function verifyOne(
  scheme: SignatureScheme,
  request: SignedRequest,
  json: () => string | undefined,
  secrets: readonly string[],
  now: number,
): Promise<Verdict> {
  const { method, url, headers, body } = request;
  const from: Signable = { method, url, headers, body, json, items: [] };
  const found = findSignatures(scheme, from);
  if (found.length === 0) return refused('missing');
  const candidates = decodeAll(scheme, found);
  if (candidates.length === 0) return refused('malformed');
  const message = render(scheme.signed, from);
  if (message === undefined) return refused('missing');
  const matches: (boolean | 'bad-secret')[] = [];
  for (const secret of secrets) {
    matches.push(await matchesAny(scheme, secret, candidates, message));
  }
  const verdict = judge(matches);
  if (!verdict.ok) return verdict;
  if (scheme.bodyDigest && !(await holdsDigest(scheme.bodyDigest, from)))
    return refused('mismatch');
  return checkTime(scheme, from, now) ?? verdict;
}

/**
 * The items that carry the scheme's tag, without it. Where the scheme has no list, a header that
 * was sent twice arrives as one value joined by ", ", which does not decode: it is refused.
 */
function findSignatures(scheme: SignatureScheme, from: Signable): string[] {
  const found: string[] = [];
  for (const reference of scheme.signature) {
    const value = readReference(reference, from);
    if (value === undefined) continue;
    const items =
      scheme.separator === undefined
        ? [value]
        : value.split(scheme.separator).map((item) => item.trim());
    if (scheme.separator !== undefined) from.items = items;
    for (const item of items) {
      if (item.startsWith(scheme.tag)) found.push(item.slice(scheme.tag.length));
    }
  }
  return found;
}

function decodeAll(scheme: SignatureScheme, found: readonly string[]): Bytes[] {
  const candidates: Bytes[] = [];
  for (const text of found) {
    if (text === '' || text.length > maxSignatureChars) continue;
    const bytes = decode(text, scheme.encoding);
    if (bytes !== undefined && candidates.length < maxCandidates) candidates.push(bytes);
  }
  return candidates;
}

async function matchesAny(
  scheme: SignatureScheme,
  secret: string,
  candidates: readonly Bytes[],
  message: Bytes,
): Promise<boolean | 'bad-secret'> {
  const text = trimSecret(secret);
  if (text === '') return false;
  const key = await verifyingKey(scheme, text);
  if (key === undefined) return 'bad-secret';
  let matched = false;
  for (const candidate of candidates) {
    const bytes = scheme.algorithm === 'ecdsa-p256' ? fromDer(candidate) : candidate;
    if (bytes === undefined) continue;
    // Constant in time, and false for a wrong length.
    if (await crypto.subtle.verify(parametersOf(scheme.algorithm), key, bytes, message)) {
      matched = true;
    }
  }
  return matched;
}

async function holdsDigest(
  reference: NonNullable<SignatureScheme['bodyDigest']>,
  from: Signable,
): Promise<boolean> {
  const claimed = decode(readReference(reference, from) ?? '', 'hex');
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', from.body));
  // Both are known to the sender: nothing here is secret, so time may tell.
  return claimed?.length === digest.length && digest.every((byte, at) => byte === claimed[at]);
}

/**
 * A time is read even where no window is kept: only as one does it end where the text beside it begins. Else
 * what is signed as `{time}{body}` could be cut elsewhere, and be another body.
 */
function checkTime(
  { timestamp }: SignatureScheme,
  from: Signable,
  now: number,
): Verdict | undefined {
  if (!timestamp) return undefined;
  const text = readReference(timestamp.at, from);
  if (text === undefined) return refused('missing');
  const time = readTimestamp(text, timestamp.unit);
  if (time === undefined) return refused('malformed');
  const { toleranceS = Number.POSITIVE_INFINITY } = timestamp;
  return Math.abs(now - time) <= toleranceS * 1000 ? undefined : refused('stale');
}

/** The raw items of an array; undefined where there is none. */
function itemsAt(path: readonly string[], text = ''): string[] | undefined {
  const [array] = findValues(text, path) ?? [];
  return array?.startsWith('[') ? findValues(array, [null]) : undefined;
}

/** Checks once, and only when asked, that a body is JSON: most schemes never look, and none before it must. */
function lazily(body: Bytes): () => string | undefined {
  let read: { text: string | undefined } | undefined;
  return () => {
    if (read === undefined) {
      const reading = readJsonText(body);
      read = { text: reading.ok ? reading.text : undefined };
    }
    return read.text;
  };
}
