import { type Bytes, decode } from '../bytes.ts';
import type { CertificatePlace, SignatureAlgorithm } from '../scheme.ts';
import { importVerifyingKey, type Key, remember } from './keys.ts';

/** A certificate at its address never changes. It is fetched again for the case that the sender withdraws it. */
const keptForMs = 24 * 60 * 60 * 1000;
/** PayPal waits longer for its answer; a delivery that waits for a certificate still has to be published. */
const withinMs = 3000;
const maxCertificateBytes = 64 * 1024;

const pem = /-----BEGIN CERTIFICATE-----([^-]*)-----END CERTIFICATE-----/;

// Values, never promises: one that belongs to a cancelled request of workerd never settles.
const fetched = new Map<string, { key: Key; until: number }>();

/**
 * Whether a certificate may be fetched from there: over https, from the sender's host or one below it, and from the path
 * of its certificates. Anything else there may be what a stranger put there.
 */
export function isCertificateUrl(text: string, { host, path }: CertificatePlace): boolean {
  const url = URL.parse(text);
  if (url?.protocol !== 'https:' || url.port + url.username + url.password !== '') {
    return false;
  }
  const isSenders = url.hostname === host || url.hostname.endsWith(`.${host}`);
  return (
    isSenders && url.pathname.startsWith(path) && /^[\w-]+$/.test(url.pathname.slice(path.length))
  );
}

/**
 * The public key of the certificate at an address that was checked; undefined if it can't be fetched, or is not one.
 * Redirects are not followed.
 *
 * @param now Unix milliseconds
 */
export async function certificateKey(
  url: string,
  algorithm: SignatureAlgorithm,
  now: number,
): Promise<Key | undefined> {
  const known = fetched.get(url);
  if (known && now < known.until) return known.key;
  const spki = await fetchKey(url);
  const key = spki && (await importVerifyingKey(algorithm, spki));
  if (key) remember(fetched, url, { key, until: now + keptForMs });
  return key;
}

async function fetchKey(url: string): Promise<Bytes | undefined> {
  try {
    const signal = AbortSignal.timeout(withinMs);
    const response = await fetch(url, { redirect: 'manual', signal });
    if (response.status !== 200) return undefined;
    const text = await response.text();
    if (text.length > maxCertificateBytes) return undefined;
    // The first of a chain is the sender's own.
    const der = decode(pem.exec(text)?.[1] ?? '', 'base64');
    return der && publicKeyOf(der);
  } catch {
    return undefined;
  }
}

/** A value of DER, with the bytes around and in it. */
interface Value {
  tag: number;
  whole: Bytes;
  content: Bytes;
}

const sequence = 0x30;
const explicitVersion = 0xa0;

/** The SubjectPublicKeyInfo of a certificate (RFC 5280, section 4.1); undefined if the bytes are not one. */
export function publicKeyOf(certificate: Bytes): Bytes | undefined {
  const [outer] = valuesIn(certificate);
  const [signed] = outer?.tag === sequence ? valuesIn(outer.content) : [];
  const fields = signed?.tag === sequence ? valuesIn(signed.content) : [];
  // A certificate of version 1 has no version.
  const first = fields[0]?.tag === explicitVersion ? 1 : 0;
  // serialNumber, signature, issuer, validity, subject, subjectPublicKeyInfo
  const key = fields[first + 5];
  return key?.tag === sequence ? key.whole : undefined;
}

/** What stands in some DER, one after the other; none of it if a length is wrong (X.690, section 8.1.3). */
function valuesIn(bytes: Bytes): Value[] {
  const values: Value[] = [];
  for (let at = 0; at < bytes.length; ) {
    const short = bytes[at + 1] ?? 0;
    const lengthBytes = short < 0x80 ? 0 : short & 0x7f;
    let length = short;
    if (short >= 0x80) {
      length = 0;
      for (const byte of bytes.subarray(at + 2, at + 2 + lengthBytes)) length = length * 256 + byte;
    }
    const start = at + 2 + lengthBytes;
    const end = start + length;
    if (lengthBytes > 4 || end > bytes.length) return [];
    values.push({
      tag: bytes[at] ?? 0,
      whole: bytes.slice(at, end),
      content: bytes.slice(start, end),
    });
    at = end;
  }
  return values;
}
