import { type Bytes, encode, toBytes } from '../bytes.ts';
import { render } from '../content/template.ts';
import { toDer } from '../der.ts';
import { type Key, parametersOf, signingKey, trimSecret } from '../keys/keys.ts';
import type { SignedRequest } from '../request.ts';
import type { Scheme, SignatureScheme, TokenScheme } from '../scheme.ts';
import { Draft, type SignedParts } from './draft.ts';

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
  const draft = new Draft(request, scheme);
  draft.addTime(scheme, now);
  draft.addMissing(scheme);
  await draft.addDigest(scheme);
  for (const [index, item] of draft.items(scheme).entries()) {
    const message = render(scheme.signed, draft.signable(item));
    if (message === undefined) throw new TypeError('the request lacks a part that is signed');
    draft.addSignature(scheme, index, await makeSignature(scheme, key, message));
  }
  return draft.parts();
}

async function makeSignature(scheme: SignatureScheme, key: Key, message: Bytes): Promise<string> {
  const made = await crypto.subtle.sign(parametersOf(scheme.algorithm), key, message);
  const raw = new Uint8Array(made);
  return encode(scheme.algorithm === 'ecdsa-p256' ? toDer(raw) : raw, scheme.encoding);
}

function showToken(scheme: TokenScheme, url: string, secret: string): SignedParts {
  const text = trimSecret(secret);
  if (scheme.at.from === 'path') return { headers: {}, url: `${url}/${encodeURIComponent(text)}` };
  const shown = scheme.algorithm === 'basic' ? encode(toBytes(text), 'base64') : text;
  return { headers: { [scheme.at.name]: scheme.tag + shown } };
}
