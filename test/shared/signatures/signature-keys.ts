import { type Scheme, schemes } from '../../../shared/signatures/schemes.ts';

/** What the sender signs with, and what the receiver holds of it: the same but for key pairs. */
export interface Keys {
  signing: string;
  live: string;
}

type Key = Awaited<ReturnType<typeof crypto.subtle.importKey>>;
interface CryptoPair {
  privateKey: Key;
  publicKey: Key;
}

/** A secret of the form that the scheme wants. */
export async function keysFor(scheme: Scheme): Promise<Keys> {
  if (scheme.algorithm === 'ecdsa-p256') {
    const algorithm = { name: 'ECDSA', namedCurve: 'P-256' };
    return exported(await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']), 'spki');
  }
  if (scheme.algorithm === 'rsa-sha256') return rsaKeys(scheme);
  if (scheme.algorithm === 'ed25519') {
    return exported(
      await crypto.subtle.generateKey({ name: 'Ed25519' }, true, ['sign', 'verify']),
      'raw',
    );
  }
  if (scheme === schemes.basic) return { signing: 'user:pä:ss', live: 'user:pä:ss' };
  const key = 'key' in scheme ? scheme.key : 'utf8';
  const secret = {
    utf8: 'a secret',
    whsec: 'whsec_c2VjcmV0',
    hex: '0aFF',
    base64: 'c2VjcmV0',
    'public-key': '',
    braintree: 'shown_1|hidden_1',
    certificate: '',
  }[key];
  return { signing: secret, live: secret };
}

/** Making an RSA key takes long: one is enough. */
let madeRsa: Promise<Keys> | undefined;

async function rsaKeys(scheme: Scheme): Promise<Keys> {
  madeRsa ??= makeRsa();
  const { signing, live } = await madeRsa;
  // With the id of a webhook, and a key that needs no certificate.
  const id = 'certificate' in scheme ? '4JH86294D6297924G ' : '';
  return { signing: id + signing, live: id + live };
}

async function makeRsa(): Promise<Keys> {
  const algorithm = {
    name: 'RSASSA-PKCS1-v1_5',
    modulusLength: 2048,
    publicExponent: Uint8Array.of(1, 0, 1),
    hash: 'SHA-256',
  };
  return exported(await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']), 'spki');
}

async function exported(made: unknown, format: 'raw' | 'spki'): Promise<Keys> {
  const { privateKey, publicKey } = made as CryptoPair;
  const signing = new Uint8Array(
    (await crypto.subtle.exportKey('pkcs8', privateKey)) as ArrayBuffer,
  );
  const live = new Uint8Array((await crypto.subtle.exportKey(format, publicKey)) as ArrayBuffer);
  const hex = [...live].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  const base64 = (bytes: Uint8Array) => btoa(String.fromCharCode(...bytes));
  return { signing: base64(signing), live: format === 'raw' ? hex : base64(live) };
}
