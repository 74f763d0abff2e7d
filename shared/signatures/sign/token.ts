import { type Bytes, encode, toBytes } from '../bytes.ts';
import type { Reference } from '../content/reference.ts';
import type { SignedRequest } from '../request.ts';
import type { SignatureScheme } from '../scheme.ts';

/** The header and the payload of a JWT for a request, encoded: what is signed. `now` is in Unix milliseconds. */
export async function draftToken(
  { jwt, timestamp, bodyDigest, urlDigest }: SignatureScheme,
  { url, body }: Pick<SignedRequest, 'url' | 'body'>,
  now: number,
): Promise<string> {
  const nowS = Math.floor(now / 1000);
  const claims: Record<string, unknown> = {
    ...(jwt?.issuer !== undefined && { iss: jwt.issuer }),
    iat: nowS,
    nbf: nowS,
    exp: nowS + 60,
    jti: crypto.randomUUID(),
  };
  if (timestamp) claims[nameOf(timestamp.at)] = timestamp.unit === 'ms' ? now : nowS;
  if (urlDigest) claims[nameOf(urlDigest)] = await digestOf(toBytes(url));
  if (bodyDigest && body.length > 0) claims[nameOf(bodyDigest)] = await digestOf(body);
  return [{ alg: jwt?.alg, typ: 'JWT' }, claims]
    .map((part) => encode(toBytes(JSON.stringify(part)), 'base64url'))
    .join('.');
}

function nameOf(at: Reference): string {
  return at.from === 'json' ? at.path.join('.') : at.name;
}

async function digestOf(bytes: Bytes): Promise<string> {
  return encode(new Uint8Array(await crypto.subtle.digest('SHA-256', bytes)), 'hex');
}
