import { firstFields } from '../../formats/first-fields.ts';
import { readJsonText } from '../../json/json-body.ts';
import { findValues } from '../../json/json-path.ts';
import { type Bytes, decode, equal } from '../bytes.ts';
import { objectIn, readReference } from '../content/reference.ts';
import type { Signable } from '../content/template.ts';
import { fromDer } from '../der.ts';
import { isHmac, type Key, parametersOf, trimSecret, verifyingKeys } from '../keys/keys.ts';
import type { SignedRequest } from '../request.ts';
import {
  headersOf,
  namesIn,
  type Scheme,
  type SignatureScheme,
  signedReferences,
} from '../scheme.ts';
import { isFresh, readTimestamp } from '../timestamp.ts';
import { type Claim, once, readClaim } from './claim.ts';
import { verifyToken } from './token.ts';
import { type Cause, judge, refused, type Verdict } from './verdict.ts';

export type { SignedRequest } from '../request.ts';
export type { Cause, Verdict } from './verdict.ts';

// What is read of a body before its signature can hold. Adyen sends one item of some kilobytes in a delivery, and
// Mailgun's events are no larger.
const maxUnsignedJsonBytes = 256 * 1024;
const maxEach = 100;
const maxEachChars = 64 * 1024;

/**
 * Whether a delivery was made by a holder of one of the live secrets.
 *
 * `now` is in Unix milliseconds. Every secret is tried, whichever matches, in constant time; blanks around a
 * secret are ignored, and an empty secret never matches. What a request holds never makes it throw: whatever can't
 * be read of it is `malformed`. Of one live secret a delivery costs a pass of the hash for each URL that may
 * have been signed (four at most) or each key that it may stand for (three).
 */
export async function verifySignature(
  scheme: Scheme,
  request: SignedRequest,
  secrets: readonly string[],
  now: number,
): Promise<Verdict> {
  const live = secrets.map(trimSecret);
  if (!live.some((secret) => secret !== '')) return refused('no-secret');
  if ('at' in scheme) return verifyToken(scheme, request, live);
  const named = underItsNames(scheme, request.headers);
  const json = once(() => jsonOf(named, request));
  if (isOversizedJson(named, request.body)) return refused('oversized');
  // Awaited here it takes two turns of the microtask queue less.
  if (!named.each) return await verifyOne(named, request, json, live, now);
  return verifyEach(named, request, itemsAt(named.each, json), live, now);
}

/** The scheme, or its like under the names of the headers that the delivery carries. */
function underItsNames(scheme: SignatureScheme, headers: Headers): SignatureScheme {
  const { otherwise, signature } = scheme;
  // Most have no other names, and each look at a header of workerd's costs.
  if (!otherwise) return scheme;
  const isSigned = signature.some((at) => at.from === 'header' && headers.has(at.name));
  if (isSigned || headersOf(scheme).some((name) => headers.has(name))) return scheme;
  return underItsNames(otherwise, headers);
}

/** All must hold. The verdict names the secret of the last, as a sender uses one for a delivery. */
async function verifyEach(
  scheme: SignatureScheme,
  request: SignedRequest,
  signed: readonly string[] | Cause,
  secrets: readonly string[],
  now: number,
): Promise<Verdict> {
  if (typeof signed === 'string') return refused(signed);
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
  const claim = orMalformed(() => readClaim(scheme, request, json));
  if (typeof claim === 'string') return refused(claim);
  const matches: (boolean | 'bad-secret')[] = [];
  for (const secret of secrets) matches.push(await matchesSecret(scheme, secret, claim));
  const verdict = judge(matches);
  if (!verdict.ok) return verdict;
  const { from } = claim;
  if (scheme.bodyDigest && !(await holdsDigest(scheme.bodyDigest, from)))
    return refused('mismatch');
  const late = orMalformed(() => checkTime(scheme, from, now));
  return late === undefined ? verdict : refused(late);
}

/**
 * The boundary between a sender's fault and ours: what throws while it reads a request is malformed. What throws
 * elsewhere (a hash, the import of a key) is the runtime's, and the delivery should come again.
 */
function orMalformed<Value>(read: () => Value): Value | 'malformed' {
  try {
    return read();
  } catch {
    return 'malformed';
  }
}

async function matchesSecret(
  scheme: SignatureScheme,
  secret: string,
  { messages, signatures }: Claim,
): Promise<boolean | 'bad-secret'> {
  if (secret === '') return false;
  const keys = await verifyingKeys(scheme, secret);
  if (keys.length === 0) return 'bad-secret';
  for (const key of keys) {
    for (const message of messages) {
      const matches = isHmac(scheme.algorithm)
        ? isAmong(signatures, await hmacOf(scheme, key, message))
        : await matchesPublicKey(scheme, key, signatures, message);
      // How the URL was written, or the secret is meant, is no secret: what is left of them need not be tried.
      if (matches) return true;
    }
  }
  return false;
}

/** One pass over the message, however many signatures there are. */
function hmacOf({ algorithm }: SignatureScheme, key: Key, message: Bytes): Promise<ArrayBuffer> {
  return crypto.subtle.sign(parametersOf(algorithm), key, message);
}

function isAmong(signatures: readonly Bytes[], hmac: ArrayBuffer): boolean {
  const made = new Uint8Array(hmac);
  return signatures.filter((signature) => equal(signature, made)).length > 0;
}

async function matchesPublicKey(
  { algorithm }: SignatureScheme,
  key: Key,
  signatures: readonly Bytes[],
  message: Bytes,
): Promise<boolean> {
  for (const bytes of signatures) {
    const signature = algorithm === 'ecdsa-p256' ? fromDer(bytes) : bytes;
    if (signature === undefined) continue;
    try {
      if (await crypto.subtle.verify(parametersOf(algorithm), key, signature, message)) return true;
    } catch {
      // Some runtimes throw where what was sent is no signature at all.
    }
  }
  return false;
}

async function holdsDigest(
  reference: NonNullable<SignatureScheme['bodyDigest']>,
  from: Signable,
): Promise<boolean> {
  const claimed = decode(readReference(reference, from) ?? '', 'hex');
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', from.body));
  return claimed !== undefined && equal(claimed, digest);
}

/**
 * A time is read even where no window is kept: only as one does it end where the text beside it begins. Else
 * what is signed as `{time}{body}` could be cut elsewhere, and be another body.
 */
function checkTime({ timestamp }: SignatureScheme, from: Signable, now: number): Cause | undefined {
  if (!timestamp) return undefined;
  const text = readReference(timestamp.at, from);
  if (text === undefined) return 'missing';
  const time = readTimestamp(text, timestamp.unit);
  if (time === undefined) return 'malformed';
  return isFresh(time, timestamp.toleranceS, now) ? undefined : 'stale';
}

/** The raw items of an array. */
function itemsAt(
  path: readonly string[],
  json: () => string | undefined,
): readonly string[] | Cause {
  const items = orMalformed(() => {
    const [array] = findValues(json() ?? '', path) ?? [];
    return array?.startsWith('[') ? findValues(array, [null]) : undefined;
  });
  if (items === undefined || items === 'malformed') return 'malformed';
  const isOversized = items.length > maxEach || items.some((item) => item.length > maxEachChars);
  return isOversized ? 'oversized' : items;
}

/** Is there more JSON than such a sender's to be read before its signature can hold? */
function isOversizedJson(scheme: SignatureScheme, body: Bytes): boolean {
  if (body.length <= maxUnsignedJsonBytes) return false;
  const readsJson = [...scheme.signature, ...signedReferences(scheme)].some(
    ({ from }) => from === 'json',
  );
  return readsJson && mayBeJson(body[0] ?? 0);
}

/** An object, an array, or the blanks and byte order marks that may stand before; no form, and no multipart. */
function mayBeJson(first: number): boolean {
  return first === 0x7b || first === 0x5b || first === 0xef || first <= 0x20;
}

/** The body as JSON text. Most schemes never look, and none before it must. */
function jsonOf(scheme: SignatureScheme, { body, headers }: SignedRequest): string | undefined {
  const { formOrIn } = scheme;
  // Seven megabytes of a form need not be decoded to see that they are no JSON object.
  const reading =
    formOrIn === undefined || mayBeJson(body[0] ?? 0) ? readJsonText(body) : undefined;
  if (formOrIn === undefined) return reading?.ok ? reading.text : undefined;
  if (reading?.ok) return objectIn(reading.text, formOrIn);
  const contentType = headers.get('content-type') ?? undefined;
  return firstFields({ body, contentType }, namesIn(scheme));
}
