import { firstFields } from '../../formats/first-fields.ts';
import { readJsonText } from '../../json/json-body.ts';
import { findValues } from '../../json/json-path.ts';
import { type Bytes, equal } from '../bytes.ts';
import { objectIn, type Reference, readReference } from '../content/reference.ts';
import type { Signable } from '../content/template.ts';
import { fromDer } from '../der.ts';
import { certificateKey } from '../keys/certificate.ts';
import {
  isFetched,
  isHmac,
  type Key,
  parametersOf,
  signedPart,
  trimSecret,
  verifyingKeys,
} from '../keys/keys.ts';
import type { SignedRequest } from '../request.ts';
import {
  headersOf,
  namesIn,
  type Scheme,
  type SignatureScheme,
  signedReferences,
} from '../scheme.ts';
import { isFresh, readTimestamp } from '../timestamp.ts';
import { type Claim, once, readClaim, renderAll } from './claim.ts';
import { holdsBody, holdsUrl } from './digests.ts';
import { checkTerms } from './terms.ts';
import { verifyToken } from './token.ts';
import { type Cause, judge, type Match, refused, type Verdict } from './verdict.ts';

export type { SignedRequest } from '../request.ts';
export type { Cause, Verdict } from './verdict.ts';

// The limits for JSON that is read before its signature is checked. Adyen sends one item of some kilobytes in a
// delivery, and Mailgun's events are no larger.
const maxUnsignedJsonBytes = 256 * 1024;
const maxEach = 100;
const maxEachChars = 64 * 1024;

/**
 * Whether a delivery was made by a holder of one of the live secrets.
 *
 * `now` is in Unix milliseconds. Every secret is tried, even after a match, and compared in constant time. Blanks around
 * a secret are ignored, and an empty secret never matches. No request makes it throw: what can't be read is
 * `malformed`. Only a scheme with a certificate uses the network, for a certificate that it has not fetched yet. For each live secret a delivery costs a pass of the hash for each URL that may have been signed (four at
 * most) or each key that the secret may stand for (three).
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
  // With await it takes two turns of the microtask queue less.
  if (!named.each) return await verifyOne(named, request, json, live, now);
  return verifyEach(named, request, itemsAt(named.each, json), live, now);
}

/** The scheme, or its variant with the header names that the delivery has. */
function underItsNames(scheme: SignatureScheme, headers: Headers): SignatureScheme {
  const { otherwise, signature } = scheme;
  // Most schemes have no other names, and each read of a header in workerd costs time.
  if (!otherwise) return scheme;
  const isSigned = signature.some((at) => at.from === 'header' && headers.has(at.name));
  if (isSigned || headersOf(scheme).some((name) => headers.has(name))) return scheme;
  return underItsNames(otherwise, headers);
}

/** Every item must be signed. The verdict has the secret of the last: a sender uses one for a delivery. */
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
  const matches: Match[] = [];
  for (const secret of secrets) matches.push(await matchesSecret(scheme, secret, claim, now));
  const verdict = judge(matches);
  if (!verdict.ok) return verdict;
  const { signable } = claim;
  if (scheme.bodyDigest && !(await holdsBody(scheme, scheme.bodyDigest, signable))) {
    return refused('mismatch');
  }
  if (scheme.urlDigest && !(await holdsUrl(scheme.urlDigest, signable))) return refused('mismatch');
  const unmet = scheme.jwt && orMalformed(() => checkTerms(scheme, signable, now));
  if (unmet !== undefined) return refused(unmet);
  const late = orMalformed(() => checkTime(scheme, signable, now));
  return late === undefined ? verdict : refused(late);
}

/**
 * An exception while a request is read is the sender's fault: `malformed`. An exception elsewhere (a hash, the import of
 * a key) is the runtime's fault, and the sender should retry.
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
  claim: Claim,
  now: number,
): Promise<Match> {
  if (secret === '') return false;
  const { certificate } = scheme;
  if (certificate) return matchesCertificate(scheme, certificate.url, secret, claim, now);
  const { messages, signatures } = claim;
  const keys = await verifyingKeys(scheme, secret);
  if (keys.length === 0) return 'bad-secret';
  for (const key of keys) {
    for (const message of messages) {
      const matches = isHmac(scheme.algorithm)
        ? isAmong(signatures, await hmacOf(key, message))
        : await matchesPublicKey(scheme, key, signatures, message);
      // The way the URL or the secret is written is not secret: the other ways need not be tried.
      if (matches) return true;
    }
  }
  return false;
}

/** The secret names what is signed, and the sender's certificate has the key. */
async function matchesCertificate(
  scheme: SignatureScheme,
  at: Reference,
  secret: string,
  { signable, signatures }: Claim,
  now: number,
): Promise<Match> {
  const [message] = renderAll(scheme, { ...signable, secret: signedPart(secret) }) ?? [];
  if (message === undefined) return false;
  const keys = isFetched(scheme, secret)
    ? [await certificateKey(readReference(at, signable) ?? '', scheme.algorithm, now)]
    : await verifyingKeys(scheme, secret);
  const [key] = keys;
  if (key === undefined) return keys.length === 0 ? 'bad-secret' : 'no-certificate';
  return matchesPublicKey(scheme, key, signatures, message);
}

/** One pass over the message, however many signatures there are. */
function hmacOf(key: Key, message: Bytes): Promise<ArrayBuffer> {
  // The key knows its hash, and workerd reads a text faster than an object.
  return crypto.subtle.sign('HMAC', key, message);
}

function isAmong(signatures: readonly Bytes[], hmac: ArrayBuffer): boolean {
  const made = new Uint8Array(hmac);
  return signatures.filter((signature) => equal(signature, made)).length > 0;
}

async function matchesPublicKey(
  { algorithm, jwt }: SignatureScheme,
  key: Key,
  signatures: readonly Bytes[],
  message: Bytes,
): Promise<boolean> {
  for (const bytes of signatures) {
    // A JWT has r ‖ s as it is (RFC 7518, section 3.4).
    const signature = algorithm === 'ecdsa-p256' && !jwt ? fromDer(bytes) : bytes;
    if (signature === undefined) continue;
    try {
      if (await crypto.subtle.verify(parametersOf(algorithm), key, signature, message)) return true;
    } catch {
      // Some runtimes throw if the bytes are not a signature at all.
    }
  }
  return false;
}

/**
 * The time is parsed even if there is no window, so that its end is known. Otherwise a text signed as `{time}{body}`
 * could be split at another character, with another body.
 */
function checkTime(
  { timestamp }: SignatureScheme,
  signable: Signable,
  now: number,
): Cause | undefined {
  if (!timestamp) return undefined;
  const text = readReference(timestamp.at, signable);
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

/** Whether more JSON would have to be read before the signature check than such a sender sends. */
function isOversizedJson(scheme: SignatureScheme, body: Bytes): boolean {
  if (body.length <= maxUnsignedJsonBytes) return false;
  const readsJson = [...scheme.signature, ...signedReferences(scheme)].some(
    ({ from }) => from === 'json',
  );
  return readsJson && mayBeJson(body[0] ?? 0);
}

/** An object, an array, or blanks or byte order marks before them; not a form, and not multipart. */
function mayBeJson(first: number): boolean {
  return first === 0x7b || first === 0x5b || first === 0xef || first <= 0x20;
}

/** The body as JSON text. Called only by schemes that need it. */
function jsonOf(scheme: SignatureScheme, { body, headers }: SignedRequest): string | undefined {
  const { formOrIn } = scheme;
  // A form of seven megabytes need not be decoded to see that it is not a JSON object.
  const reading =
    formOrIn === undefined || mayBeJson(body[0] ?? 0) ? readJsonText(body) : undefined;
  if (formOrIn === undefined) return reading?.ok ? reading.text : undefined;
  if (reading?.ok) return objectIn(reading.text, formOrIn);
  const contentType = headers.get('content-type') ?? undefined;
  return firstFields({ body, contentType }, namesIn(scheme));
}
