import { type Bytes, toBytes } from './bytes.ts';
import { decode } from './encoding.ts';
import type { KeyFormat, SignatureAlgorithm, SignatureScheme } from './scheme.ts';

const webCrypto = {
  'hmac-sha1': { name: 'HMAC', hash: 'SHA-1' },
  'hmac-sha256': { name: 'HMAC', hash: 'SHA-256' },
  'hmac-sha512': { name: 'HMAC', hash: 'SHA-512' },
  ed25519: { name: 'Ed25519' },
  'ecdsa-p256': { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' },
} as const;

/** WebCrypto's key; Node and the Workers' types do not agree on a global name for it. */
export type Key = Awaited<ReturnType<typeof crypto.subtle.importKey>>;

const maxCached = 256;
// Values, never promises: one that belongs to a cancelled request of workerd never settles.
const verifyingKeys = new Map<string, Key>();

/** The parameters of WebCrypto's import, sign and verify for one algorithm. */
export function parametersOf(
  algorithm: SignatureAlgorithm,
): (typeof webCrypto)[SignatureAlgorithm] {
  return webCrypto[algorithm];
}

/**
 * A secret without the line end that `echo` or an editor left on it: no sender issues one that
 * ends so, and refusing deliveries for it would be our failure, not theirs. Spaces are kept.
 */
export function trimSecret(secret: string): string {
  return secret.endsWith('\n') || secret.endsWith('\r') ? secret.replace(/[\r\n]+$/, '') : secret;
}

/** The key of one live secret (HMAC key or public key), or undefined where it is not a key of that scheme. */
export async function verifyingKey(
  scheme: SignatureScheme,
  secret: string,
): Promise<Key | undefined> {
  const id = `${scheme.algorithm} ${scheme.key} ${secret}`;
  const cached = verifyingKeys.get(id);
  if (cached) return cached;
  const key = await importVerifyingKey(scheme, secret);
  if (key) remember(verifyingKeys, id, key);
  return key;
}

/**
 * The key that signs: the HMAC secret itself, or for the algorithms with a key pair the private
 * key as PKCS #8 in base64. Undefined where it cannot be read. Not cached: only senders sign.
 */
export async function signingKey(
  scheme: SignatureScheme,
  secret: string,
): Promise<Key | undefined> {
  const isHmac = scheme.algorithm.startsWith('hmac-');
  const bytes = keyBytes(trimSecret(secret), isHmac ? scheme.key : 'base64');
  return importKey(scheme.algorithm, isHmac ? 'raw' : 'pkcs8', bytes, ['sign']);
}

/** Adds to a cache of values, dropping its oldest entry when it is full. */
export function remember<Value>(cache: Map<string, Value>, id: string, value: Value): void {
  if (cache.size >= maxCached) {
    for (const oldest of cache.keys()) {
      cache.delete(oldest);
      break;
    }
  }
  cache.set(id, value);
}

async function importVerifyingKey(
  scheme: SignatureScheme,
  secret: string,
): Promise<Key | undefined> {
  const format = scheme.algorithm === 'ecdsa-p256' ? 'spki' : 'raw';
  return importKey(scheme.algorithm, format, keyBytes(secret, scheme.key), ['verify']);
}

async function importKey(
  algorithm: SignatureAlgorithm,
  format: 'raw' | 'spki' | 'pkcs8',
  bytes: Bytes | undefined,
  usages: ('sign' | 'verify')[],
): Promise<Key | undefined> {
  if (bytes === undefined) return undefined;
  // Refuses what is no key of the algorithm, and a zero-length one for HMAC.
  try {
    return await crypto.subtle.importKey(format, bytes, webCrypto[algorithm], false, usages);
  } catch {
    return undefined;
  }
}

function keyBytes(secret: string, format: KeyFormat): Bytes | undefined {
  switch (format) {
    case 'utf8':
      return toBytes(secret);
    case 'whsec':
      return decode(secret.startsWith('whsec_') ? secret.slice(6) : secret, 'base64');
    case 'hex':
    case 'base64':
      return decode(secret, format);
  }
}
