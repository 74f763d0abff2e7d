import type { Problem } from '../filters/condition.ts';
import type { Encoding } from './bytes.ts';
import type { Reference } from './content/reference.ts';
import type { UrlWriting } from './content/signed-url.ts';
import { signs, type Template } from './content/template.ts';

export type SignatureAlgorithm =
  | 'hmac-sha1'
  | 'hmac-sha256'
  | 'hmac-sha512'
  | 'ed25519'
  | 'ecdsa-p256'
  | 'rsa-sha256';

/** How a stream's secret becomes key bytes; key-forms.ts says which spellings each takes. */
export type KeyFormat =
  | 'utf8'
  | 'whsec'
  | 'hex'
  | 'base64'
  | 'public-key'
  | 'braintree'
  | 'certificate';

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
  /** The signature is what follows this text in an item: `key|signature`. */
  after?: string;
  encoding: Encoding;
  key: KeyFormat;
  signed: Template;
  /** How the sender writes the URL. Set if it signs the URL, which must then be configured. */
  url?: UrlWriting;
  timestamp?: Timestamp;
  /** Where the hex SHA-256 of the body stands, for a sender that signs the hash instead of the body. */
  bodyDigest?: Reference;
  /** The same for a sender that signs a hash of the URL. */
  urlDigest?: Reference;
  /** The signature is a JWT (RFC 7519), which is signed instead of the template. */
  jwt?: JwtTerms;
  /** Where the sender's certificate is, whose key verifies the signature. */
  certificate?: CertificatePlace;
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
  /** Options that can't be read. The check of the config reports them. */
  problems?: readonly Problem[];
}

/** What a JWT must say besides its claims about the request. */
interface JwtTerms {
  /** The only algorithm that is accepted: the token itself must not choose (RFC 8725, section 3.1). */
  alg: JwtAlgorithm;
  /** The claim `iss`. Any if it is undefined. */
  issuer?: string;
}

/** RFC 7518, section 3.1, and RFC 8037. */
export type JwtAlgorithm = 'HS256' | 'HS512' | 'RS256' | 'ES256' | 'EdDSA';

/** A certificate is only fetched from this host or those below it, over https, and from below this path. */
export interface CertificatePlace {
  url: Reference;
  host: string;
  path: string;
}

/** A sender that shows its secret, in a header after `tag` or as the last segment of the path. */
export interface TokenScheme {
  /** `basic` is a token in base64. */
  algorithm: 'token' | 'basic';
  at: { from: 'header'; name: string } | { from: 'path' };
  tag: string;
}

/** How a sender proves who it is: a row of the table, or what `hmac({ … })` and the other builders make. */
export type Scheme = SignatureScheme | TokenScheme;

/** Whether its senders sign the URL that they were given. Then it must be configured. */
export function signsUrl(scheme: Scheme | undefined): boolean {
  return scheme !== undefined && !('at' in scheme) && scheme.url !== undefined;
}

/** Whether a key ends the path of its endpoint. */
export function isPathKey(scheme: Scheme): boolean {
  return 'at' in scheme && scheme.at.from === 'path';
}

/** Whether the sender signs with a private key, so that the relay only has the public key. */
export function hasKeyPair({ algorithm }: Scheme): boolean {
  return algorithm === 'ed25519' || algorithm === 'ecdsa-p256' || algorithm === 'rsa-sha256';
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
