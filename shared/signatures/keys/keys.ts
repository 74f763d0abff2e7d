import type { Bytes } from '../bytes.ts';
import type { Scheme, SignatureAlgorithm, SignatureScheme } from '../scheme.ts';
import { expectedForm, readKeys } from './key-forms.ts';

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
const imported = new Map<string, readonly Key[]>();

/** The parameters of WebCrypto's import, sign and verify for one algorithm. */
export function parametersOf(
  algorithm: SignatureAlgorithm,
): (typeof webCrypto)[SignatureAlgorithm] {
  return webCrypto[algorithm];
}

/**
 * A secret without the blanks and line ends that `echo`, an editor or a copied line left around it: no sender
 * issues one that begins or ends so, and refusing deliveries for it would be our failure, not theirs.
 */
export function trimSecret(secret: string): string {
  return secret.trim();
}

/**
 * The keys that one live secret may stand for (HMAC keys or public keys), three at most: one, but where its text
 * leaves open how it is meant. None where it is not a key of that scheme. No promise where they were imported before.
 *
 * @param secret trimmed
 */
export function verifyingKeys(
  scheme: SignatureScheme,
  secret: string,
): readonly Key[] | Promise<readonly Key[]> {
  const id = `${scheme.algorithm} ${scheme.key} ${secret}`;
  return imported.get(id) ?? importVerifyingKeys(scheme, secret, id);
}

async function importVerifyingKeys(
  scheme: SignatureScheme,
  secret: string,
  id: string,
): Promise<readonly Key[]> {
  const keys: Key[] = [];
  for (const bytes of readKeys(secret, scheme.key)) {
    const key = await importVerifyingKey(scheme.algorithm, bytes);
    if (key) keys.push(key);
  }
  if (keys.length > 0) remember(imported, id, keys);
  return keys;
}

/**
 * The key that signs: the HMAC secret itself, or for the algorithms with a key pair the private
 * key as PKCS #8 in base64 or PEM. Undefined where it cannot be read. Not cached: only senders sign.
 */
export async function signingKey(
  scheme: SignatureScheme,
  secret: string,
): Promise<Key | undefined> {
  const [bytes] = readKeys(trimSecret(secret), scheme.key);
  return isHmac(scheme.algorithm)
    ? importKey(scheme.algorithm, 'raw', bytes, ['sign'])
    : importKey(scheme.algorithm, 'pkcs8', bytes, ['sign']);
}

/** The form that a secret should have, where it cannot be read as the scheme needs it. An empty one is none. */
export async function misreadSecret(scheme: Scheme, secret: string): Promise<string | undefined> {
  const text = trimSecret(secret);
  if (text === '' || 'at' in scheme || (await verifyingKeys(scheme, text)).length > 0) {
    return undefined;
  }
  return expectedForm(scheme.key);
}

export function isHmac(algorithm: SignatureAlgorithm): boolean {
  return algorithm.startsWith('hmac-');
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

/** The bytes of a raw public key: a point of Ed25519 (RFC 8032), an uncompressed one of P-256 (SEC 1, 2.3.3). */
const rawBytes = { ed25519: 32, 'ecdsa-p256': 65 };

async function importVerifyingKey(
  algorithm: SignatureAlgorithm,
  bytes: Bytes,
): Promise<Key | undefined> {
  // An HMAC is made again and compared, once for all signatures that a delivery shows.
  if (algorithm !== 'ed25519' && algorithm !== 'ecdsa-p256') {
    return importKey(algorithm, 'raw', bytes, ['sign']);
  }
  const format = bytes.length === rawBytes[algorithm] ? 'raw' : 'spki';
  return importKey(algorithm, format, bytes, ['verify']);
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
