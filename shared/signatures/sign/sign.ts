import { type Bytes, encode, toBytes } from '../bytes.ts';
import { render } from '../content/template.ts';
import { toDer } from '../der.ts';
import { type Key, parametersOf, signedPart, signingKey, trimSecret } from '../keys/keys.ts';
import type { SignedRequest } from '../request.ts';
import type { Scheme, SignatureScheme, TokenScheme } from '../scheme.ts';
import { Draft, type SignedParts } from './draft.ts';
import { draftToken } from './token.ts';

export type { SignedParts } from './draft.ts';

/**
 * Signs a request as the scheme's sender would, at `now` (Unix milliseconds).
 *
 * If the scheme signs an id that the request lacks, a random id is added. A scheme whose time or signature stands in the
 * JSON body (Adyen, Linear, Mailgun, Pusher) gives a new body with those members set, and everything else unchanged.
 * `secret` is the shared secret, or for a key pair the private key (PKCS #8 in base64).
 *
 * @throws TypeError if the secret is not a key of that scheme, if a scheme that needs a JSON object as the body gets
 *   something else, or if the body lacks what is signed
 */
export async function signRequest(
  scheme: Scheme,
  request: Omit<SignedRequest, 'key'>,
  secret: string,
  now: number,
): Promise<SignedParts> {
  if ('at' in scheme) {
    return showToken(scheme, request.url, secret);
  }
  const key = await signingKey(scheme, secret);
  if (key === undefined) throw new TypeError(`the secret is not a key for ${scheme.algorithm}`);
  if (scheme.jwt) return signToken(scheme, request, key, now);
  const draft = new Draft(request, scheme);
  draft.addCertificate(scheme);
  draft.addTime(scheme, now);
  draft.addMissing(scheme);
  await draft.addDigest(scheme);
  for (const [index, item] of draft.items(scheme).entries()) {
    const message = render(scheme.signed, draft.signable(item, signedPart(trimSecret(secret))));
    if (message === undefined) throw new TypeError('the request lacks a part that is signed');
    const signature = await makeSignature(scheme, key, message);
    draft.addSignature(scheme, index, signature, keyNameOf(scheme, secret));
  }
  return draft.parts();
}

/** Never a part of the secret, except where that part is public. */
function keyNameOf({ key }: SignatureScheme, secret: string): string | undefined {
  return key === 'braintree' ? trimSecret(secret).split('|')[0] : undefined;
}

async function signToken(
  scheme: SignatureScheme,
  request: Omit<SignedRequest, 'key'>,
  key: Key,
  now: number,
): Promise<SignedParts> {
  const [at] = scheme.signature;
  if (at?.from !== 'header') throw new TypeError('the token does not stand in a header');
  const message = await draftToken(scheme, request, now);
  const signature = await makeSignature(scheme, key, toBytes(message));
  return { headers: { [at.name]: `${scheme.tag}${message}.${signature}` } };
}

async function makeSignature(scheme: SignatureScheme, key: Key, message: Bytes): Promise<string> {
  const made = await crypto.subtle.sign(parametersOf(scheme.algorithm), key, message);
  const raw = new Uint8Array(made);
  const isDer = scheme.algorithm === 'ecdsa-p256' && !scheme.jwt;
  return encode(isDer ? toDer(raw) : raw, scheme.encoding);
}

function showToken(scheme: TokenScheme, url: string, secret: string): SignedParts {
  const text = trimSecret(secret);
  if (scheme.at.from === 'path') return { headers: {}, url: `${url}/${encodeURIComponent(text)}` };
  const shown = scheme.algorithm === 'basic' ? encode(toBytes(text), 'base64') : text;
  return { headers: { [scheme.at.name]: scheme.tag + shown } };
}
