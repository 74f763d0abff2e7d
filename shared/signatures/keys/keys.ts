import type { Bytes } from '../bytes.ts';
import type { KeyFormat, Scheme, SignatureAlgorithm, SignatureScheme } from '../scheme.ts';
import { expectedForm, readKeys } from './key-forms.ts';

const webCrypto = {
  'hmac-sha1': { name: 'HMAC', hash: 'SHA-1' },
  'hmac-sha256': { name: 'HMAC', hash: 'SHA-256' },
  'hmac-sha512': { name: 'HMAC', hash: 'SHA-512' },
  ed25519: { name: 'Ed25519' },
  'ecdsa-p256': { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' },
  'rsa-sha256': { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' },
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
 * A secret without the blanks and line ends that `echo`, an editor or copying left around it. No sender issues a secret
 * with them, and refusing deliveries because of them would be the relay's failure.
 */
export function trimSecret(secret: string): string {
  return secret.trim();
}

/**
 * The keys that one live secret may stand for (HMAC keys or public keys): one, or up to three if its text can be read in
 * several ways. None if it is not a key of that scheme. Not a promise if they were imported before.
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
    const key = await importVerifyingKey(scheme.algorithm, await digested(bytes, scheme.key));
    if (key) keys.push(key);
  }
  if (keys.length > 0) remember(imported, id, keys);
  return keys;
}

/**
 * The key that signs: the HMAC secret itself, or for the algorithms with a key pair the private
 * key as PKCS #8 in base64 or PEM. Undefined if it can't be read. Not cached: only senders sign.
 */
export async function signingKey(
  scheme: SignatureScheme,
  secret: string,
): Promise<Key | undefined> {
  const [bytes] = readKeys(trimSecret(secret), scheme.key);
  return isHmac(scheme.algorithm)
    ? importKey(scheme.algorithm, 'raw', bytes && (await digested(bytes, scheme.key)), ['sign'])
    : importKey(scheme.algorithm, 'pkcs8', bytes, ['sign']);
}

/** Braintree's HMAC key is a hash of what it shows. */
async function digested(bytes: Bytes, format: KeyFormat): Promise<Bytes> {
  if (format !== 'braintree') return bytes;
  return new Uint8Array(await crypto.subtle.digest('SHA-1', bytes));
}

/** The form that a secret must have, if the scheme can't read it. Undefined if it can, or if the secret is empty. */
export async function misreadSecret(scheme: Scheme, secret: string): Promise<string | undefined> {
  const text = trimSecret(secret);
  if (text === '' || 'at' in scheme || isFetched(scheme, text)) return undefined;
  if ((await verifyingKeys(scheme, text)).length > 0) {
    return undefined;
  }
  return expectedForm(scheme.key);
}

/** Whether the secret has no key: it is the key of a certificate that must be fetched. */
export function isFetched({ certificate }: SignatureScheme, secret: string): boolean {
  return certificate !== undefined && /^\S+$/.test(secret);
}

/** The part of a secret that is signed: the id of a webhook, without a key behind it. */
export function signedPart(secret: string): string {
  return secret.split(/\s/, 1)[0] ?? '';
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

/** The bytes of a raw public key (RSA has none): a point of Ed25519 (RFC 8032), an uncompressed one of P-256 (SEC 1, 2.3.3). */
const rawBytes: { [Name in SignatureAlgorithm]?: number } = { ed25519: 32, 'ecdsa-p256': 65 };

/** Of an algorithm with a key pair: the public key. */
export async function importVerifyingKey(
  algorithm: SignatureAlgorithm,
  bytes: Bytes,
): Promise<Key | undefined> {
  // An HMAC is computed again, once for all signatures of a delivery, and compared.
  if (isHmac(algorithm)) return importKey(algorithm, 'raw', bytes, ['sign']);
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
  // Throws if the bytes are not a key of the algorithm, and for an empty HMAC key.
  try {
    return await crypto.subtle.importKey(format, bytes, webCrypto[algorithm], false, usages);
  } catch {
    return undefined;
  }
}
