import { readJsonText } from '../../json/json-body.ts';
import { decode } from '../bytes.ts';
import { type Reference, readReference } from '../content/reference.ts';
import type { SignedRequest } from '../request.ts';
import { headersOf, type Scheme, type SignatureScheme } from '../scheme.ts';
import { readTimestamp } from '../timestamp.ts';
import { readClaim } from '../verify/claim.ts';
import type { RefusedRequest } from './refused-request.ts';

/** Names of headers that senders put signatures and keys into. */
const telling = /signature|hmac|hash|token|authorization|api-?key|secret/;

/** Which header is not there, or does not begin as it must. */
export function missingMistake(scheme: Scheme, headers: Headers): string | undefined {
  if ('at' in scheme) {
    const { at, tag } = scheme;
    if (at.from === 'path') return 'the key at the end of the path is missing';
    return headers.has(at.name)
      ? `the header ${at.name} does not begin with "${tag.trim()}"`
      : `the header ${at.name} is missing${instead(headers)}`;
  }
  const places = scheme.signature.flatMap((at) => (at.from === 'header' ? [at.name] : []));
  const present = places.find((name) => headers.has(name));
  if (present === undefined && places.length > 0) {
    return `the header ${places[0]} is missing${instead(headers)}`;
  }
  const value = present === undefined ? '' : (headers.get(present) ?? '');
  if (present !== undefined && scheme.tag !== '' && !value.includes(scheme.tag)) {
    return `the header ${present} has no "${scheme.tag.trim()}"`;
  }
  const absent = headersOf(scheme).find((name) => !places.includes(name) && !headers.has(name));
  if (absent !== undefined) return `the header ${absent}, which is signed too, is missing`;
  const inBody = scheme.signature.find((at) => at.from === 'json');
  return inBody && `the body has no ${nameOf(inBody)}, or is not what the sender signs`;
}

function instead(headers: Headers): string {
  const names = [...headers.keys()].filter((name) => telling.test(name)).slice(0, 3);
  return names.length === 0 ? '' : `; there is ${names.join(', ').slice(0, 120)}`;
}

function nameOf(reference: Reference): string {
  return 'path' in reference ? reference.path.join('.') : reference.name;
}

/** Why a signature can't be decoded. */
export function malformedMistake(scheme: SignatureScheme, headers: Headers): string | undefined {
  const { encoding, signature, tag, separator, timestamp } = scheme;
  for (const at of signature) {
    const value = at.from === 'header' ? headers.get(at.name) : null;
    if (value === null || at.from !== 'header') continue;
    if (separator === undefined && value.includes(', '))
      return `the header ${at.name} is there twice`;
    const text = separator === undefined ? value.slice(tag.length) : '';
    if (text === '' || decode(text, encoding) !== undefined) continue;
    if (decode(text.trim(), encoding)) return `there are blanks around the value of ${at.name}`;
    const other = (['hex', 'base64', 'base64url'] as const).find((one) => decode(text, one));
    return other
      ? `the signature is written in ${other}, and the scheme has ${encoding}`
      : `the value of ${at.name} is not ${encoding}`;
  }
  if (timestamp?.at.from !== 'header') return undefined;
  const time = headers.get(timestamp.at.name) ?? '';
  if (readTimestamp(time, timestamp.unit) !== undefined) return undefined;
  return `the header ${timestamp.at.name} is not a time in ${timestamp.unit}`;
}

/** By how much the signed time is off. */
export function clockMistake(
  scheme: SignatureScheme,
  { request, now }: RefusedRequest,
): string | undefined {
  const reading = signableOf(scheme, request);
  const { timestamp } = scheme;
  if (!reading || !timestamp) return scheme.jwt ? 'the token is over, or not valid yet' : undefined;
  const time = readTimestamp(readReference(timestamp.at, reading) ?? '', timestamp.unit);
  if (time === undefined) return undefined;
  const ageS = Math.round((now - time) / 1000);
  // A thousandfold: the sender writes milliseconds, or the scheme reads them.
  if (Math.abs(ageS) > 3e8) return 'the unit of the signed time is another one';
  return ageS > 0
    ? `clock skew ${ageS} s, or a retry with its first time: the window is ${timestamp.toleranceS} s`
    : `clock skew ${-ageS} s: the sender's clock is ahead`;
}

const sizes: Readonly<Record<number, string>> = { 20: 'SHA-1', 32: 'SHA-256', 64: 'SHA-512' };
const expected = { 'hmac-sha1': 20, 'hmac-sha256': 32, 'hmac-sha512': 64 } as const;

/** A signature of another length comes from another hash. */
export function sizeMistake(scheme: SignatureScheme, request: SignedRequest): string | undefined {
  const { algorithm } = scheme;
  if (!(algorithm in expected) || scheme.jwt) return undefined;
  const bytes = expected[algorithm as keyof typeof expected];
  const signatures = claimOf(scheme, request)?.signatures ?? [];
  const [first] = signatures;
  if (!first || signatures.some(({ length }) => length === bytes)) return undefined;
  const hash = sizes[first.length];
  return hash
    ? `the signature has the length of ${hash}, and the scheme has ${sizes[bytes]}`
    : `the signature has ${first.length} bytes instead of ${bytes}: it is cut off, or encoded twice`;
}

function signableOf(scheme: SignatureScheme, request: SignedRequest) {
  return claimOf(scheme, request)?.signable;
}

function claimOf(scheme: SignatureScheme, request: SignedRequest) {
  try {
    const claim = readClaim(scheme, request, () => {
      const reading = readJsonText(request.body);
      return reading.ok ? reading.text : undefined;
    });
    return typeof claim === 'string' ? undefined : claim;
  } catch {
    return undefined;
  }
}
