import { type Bytes, decode, toBytes } from '../bytes.ts';
import type { KeyFormat } from '../scheme.ts';

/** How the secrets of one format are written. */
interface KeyForm {
  /** For the user who set one that can't be read. Ends a sentence: "must be …". */
  expected: string;
  /** The keys that a secret may stand for, three at most; none if it can't be read. */
  read(secret: string): readonly (Bytes | undefined)[];
}

/** Standard Webhooks' prefix, as Svix and Supabase show it. The key is the base64 after it. */
const whsec = /^(?:v1,)?whsec_/;

/**
 * A sender's own prefix, such as `polar_whs_`. Before 8 September 2026 Polar used the whole text as the key, and since
 * then the base64 after the prefix (https://polar.sh/docs/integrate/webhooks/delivery). base64url may begin so too.
 */
const ownPrefix = /^(?:[a-z][a-z0-9]*_)+/;

const pem = /-----BEGIN [A-Z ]+-----([^-]*)-----END [A-Z ]+-----/;

const forms: Record<KeyFormat, KeyForm> = {
  utf8: { expected: 'a text', read: (secret) => [toBytes(secret)] },
  whsec: { expected: 'base64, with or without "whsec_" or "v1,whsec_" before it', read: readWhsec },
  hex: {
    expected: 'hexadecimal digits, two for each byte',
    read: (secret) => [decode(secret, 'hex')],
  },
  base64: { expected: 'base64', read: (secret) => [decodeBase64(secret)] },
  'public-key': {
    expected: "the sender's public key: in base64 or hexadecimal digits, or a PEM with its lines",
    read: readPublicKey,
  },
  // https://developer.paypal.com/braintree/docs/guides/webhooks/create. The key is the SHA-1 of the private key.
  braintree: {
    expected: 'the public key, a "|" and the private key',
    read: (secret) => [keyBehind(secret)],
  },
  certificate: {
    expected: 'the id of the webhook, or the id, a space and a public key',
    read: (secret) => [pinnedKey(secret)],
  },
};

/** The form that a secret of this format must have. Ends a sentence: "must be …". */
export function expectedForm(format: KeyFormat): string {
  return forms[format].expected;
}

/**
 * The keys that a secret may stand for: one, unless its text can be read in several ways. The first one signs.
 *
 * @param secret without blanks and line ends around it
 */
export function readKeys(secret: string, format: KeyFormat): readonly Bytes[] {
  return forms[format].read(secret).filter((key) => key !== undefined);
}

function keyBehind(secret: string): Bytes | undefined {
  const [shown = '', hidden = '', ...more] = secret.split('|');
  return shown === '' || hidden === '' || more.length > 0 ? undefined : toBytes(hidden);
}

/** A key that makes the certificate superfluous: in tests, and without a network. */
function pinnedKey(secret: string): Bytes | undefined {
  const [, pinned = ''] = /^\S+\s+([\s\S]+)$/.exec(secret) ?? [];
  return readPublicKey(pinned)[0];
}

function readWhsec(secret: string): readonly (Bytes | undefined)[] {
  if (whsec.test(secret)) return [decodeBase64(secret.replace(whsec, ''))];
  const [prefix] = ownPrefix.exec(secret) ?? [];
  if (prefix === undefined) return [decodeBase64(secret)];
  return [toBytes(secret), decodeBase64(secret.slice(prefix.length)), decodeBase64(secret)];
}

/** Raw, or as SubjectPublicKeyInfo (RFC 5280, section 4.1): the length decides. */
function readPublicKey(secret: string): readonly (Bytes | undefined)[] {
  // In a file of variables the line ends may be escaped.
  const [, inPem] = pem.exec(secret.replaceAll('\\n', '\n').replaceAll('\\r', '')) ?? [];
  if (inPem !== undefined) return [decodeBase64(inPem)];
  return [decode(secret, 'hex') ?? decodeBase64(secret)];
}

/** In either alphabet, with or without padding. atob() accepts the line breaks of PEM. */
function decodeBase64(text: string): Bytes | undefined {
  const bytes = decode(text, 'base64url');
  return bytes?.length === 0 ? undefined : bytes;
}
