import type { Encoding } from './bytes.ts';
import { parseReference, type Reference, type ReferenceText } from './content/reference.ts';
import type { UrlWriting } from './content/signed-url.ts';
import { parseTemplate, signs, type Template } from './content/template.ts';

export type SignatureAlgorithm =
  | 'hmac-sha1'
  | 'hmac-sha256'
  | 'hmac-sha512'
  | 'ed25519'
  | 'ecdsa-p256';

/** How a stream's secret becomes key bytes; key-forms.ts says which spellings each takes. */
export type KeyFormat = 'utf8' | 'whsec' | 'hex' | 'base64' | 'public-key';

/**
 * When the sender signed. `toleranceS` (seconds) is how old the time may be. It must cover the sender's retries if they
 * keep the first time. Without it any age is accepted, but the text must be a time.
 */
export interface Timestamp {
  at: Reference;
  unit: 's' | 'ms' | 'iso';
  toleranceS?: number;
}

/** A sender that signs: HMAC with a shared secret, or a key pair whose public key the relay has. */
export interface SignatureScheme {
  algorithm: SignatureAlgorithm;
  /** Every place where a signature may stand. One that matches is enough. */
  signature: readonly Reference[];
  /** The separator of a list of signatures. Without it the whole value is one item. */
  separator?: string;
  /** What an item must begin with to be a signature. May be empty. */
  tag: string;
  encoding: Encoding;
  key: KeyFormat;
  signed: Template;
  /** How the sender writes the URL. Set if it signs the URL, which must then be configured. */
  url?: UrlWriting;
  timestamp?: Timestamp;
  /** Where the hex SHA-256 of the body stands, for a sender that signs the hash instead of the body. */
  bodyDigest?: Reference;
  /** An array in the JSON body whose items are signed one by one; JSON references start there. */
  each?: readonly string[];
  /**
   * The body may also be a form. In a JSON body, JSON references start in the object of this name; in a form, and in JSON
   * without that object, they start at the top.
   */
  formOrIn?: string;
  /**
   * The same scheme with other header names, for a delivery that has none of the headers that are read here. A delivery
   * that has any of them is never read under the other names: signed headers must not mix with unsigned ones.
   */
  otherwise?: SignatureScheme;
}

/** A sender that shows its secret, in a header after `tag` or as the last segment of the path. */
export interface TokenScheme {
  /** `basic` is a token in base64. */
  algorithm: 'token' | 'basic';
  at: { from: 'header'; name: string } | { from: 'path' };
  tag: string;
}

/** How a sender proves who it is. */
export type Scheme = SignatureScheme | TokenScheme;

/** A signature scheme as a row of the table. The defaults are what most senders do. */
export interface SignatureSpec {
  signature: ReferenceText | readonly ReferenceText[];
  separator?: string;
  tag?: string;
  encoding?: Encoding;
  key?: KeyFormat;
  signed?: string;
  url?: UrlWriting;
  timestamp?: { at: ReferenceText; unit: Timestamp['unit']; toleranceS?: number };
  bodyDigest?: ReferenceText;
  each?: string;
  formOrIn?: string;
  otherwise?: SignatureScheme;
}

/** Whether its senders sign the URL that they were given. Then it must be configured. */
export function signsUrl(scheme: Scheme | undefined): boolean {
  return scheme !== undefined && !('at' in scheme) && scheme.url !== undefined;
}

/** Whether it covers the query too: the URL is signed, or a key is shown. */
export function vouchesForQuery(scheme: Scheme | undefined): boolean {
  return scheme !== undefined && ('at' in scheme || signsUrl(scheme));
}

/** Whether its senders sign the fields of a form, each value once. */
export function signsForm(scheme: Scheme | undefined): boolean {
  return scheme !== undefined && !('at' in scheme) && signs(scheme.signed, 'form.sorted');
}

/** The headers that a scheme reads, in lower case: the signatures' and the signed ones. */
export function headersOf(scheme: SignatureScheme): readonly string[] {
  const { signature, timestamp } = scheme;
  const read = [...signature, ...signedReferences(scheme), ...(timestamp ? [timestamp.at] : [])];
  return read.flatMap((reference) => (reference.from === 'header' ? [reference.name] : []));
}

/** The members of the body that a scheme reads. */
export function namesIn(scheme: SignatureScheme): ReadonlySet<string> {
  const read = [...scheme.signature, ...signedReferences(scheme)];
  const names = read.flatMap((at) => (at.from === 'json' ? at.path.slice(0, 1) : []));
  return new Set(names);
}

/** What is signed in addition to the body, the URL and the method. */
export function signedReferences({ signed }: SignatureScheme): readonly Reference[] {
  return [...signed.before, ...signed.after].flatMap((part) =>
    'reference' in part ? [part.reference] : [],
  );
}

/** HMAC: SHA-256, hex, utf-8 key, the body alone, one bare signature, unless `spec` says otherwise. */
export function hmac(
  spec: SignatureSpec,
  hash: 'sha1' | 'sha256' | 'sha512' = 'sha256',
): SignatureScheme {
  return signature(`hmac-${hash}`, spec);
}

/** Ed25519 (RFC 8032); the secret is the public key. */
export function ed25519(spec: SignatureSpec): SignatureScheme {
  return signature('ed25519', { key: 'public-key', ...spec });
}

/** ECDSA on P-256 with SHA-256, signatures in DER; the secret is the public key. */
export function ecdsa(spec: SignatureSpec): SignatureScheme {
  return signature('ecdsa-p256', { key: 'public-key', encoding: 'base64', ...spec });
}

/** A shared token in a header, after `tag` (an authentication scheme's name and a space, or nothing). */
export function token(header: string, tag = ''): TokenScheme {
  return { algorithm: 'token', at: { from: 'header', name: header.toLowerCase() }, tag };
}

/** An unguessable last segment of the endpoint's path. */
export function pathKey(): TokenScheme {
  return { algorithm: 'token', at: { from: 'path' }, tag: '' };
}

/** HTTP Basic (RFC 7617); the secret is `user:password`. */
export function basic(): TokenScheme {
  return { algorithm: 'basic', at: { from: 'header', name: 'authorization' }, tag: 'Basic ' };
}

function signature(algorithm: SignatureAlgorithm, spec: SignatureSpec): SignatureScheme {
  const { separator, timestamp, bodyDigest, each, formOrIn, otherwise } = spec;
  const signed = parseTemplate(spec.signed ?? '{body}');
  return {
    algorithm,
    signature: [spec.signature].flat().map(parseReference),
    ...(separator === undefined ? {} : { separator }),
    tag: spec.tag ?? '',
    encoding: spec.encoding ?? 'hex',
    key: spec.key ?? 'utf8',
    signed,
    ...(signs(signed, 'url') ? { url: spec.url ?? 'as-sent' } : {}),
    ...(timestamp ? { timestamp: { ...timestamp, at: parseReference(timestamp.at) } } : {}),
    ...(bodyDigest ? { bodyDigest: parseReference(bodyDigest) } : {}),
    ...(each ? { each: each.split('.') } : {}),
    ...(formOrIn ? { formOrIn } : {}),
    ...(otherwise ? { otherwise } : {}),
  };
}
