import type { Encoding } from './encoding.ts';
import { parseReference, type Reference, type ReferenceText } from './reference.ts';
import { parseTemplate, type Template } from './template.ts';

export type SignatureAlgorithm =
  | 'hmac-sha1'
  | 'hmac-sha256'
  | 'hmac-sha512'
  | 'ed25519'
  | 'ecdsa-p256';

/**
 * How a stream's secret becomes key bytes: its text; the base64 after `whsec_`; hex; or base64.
 * For the algorithms with a public key the bytes are the raw key (Ed25519) or SPKI (ECDSA).
 */
export type KeyFormat = 'utf8' | 'whsec' | 'hex' | 'base64';

/** When the sender signed. Without `toleranceS` (seconds, both ways) any time is accepted, but nothing else. */
export interface Timestamp {
  at: Reference;
  unit: 's' | 'ms' | 'iso';
  toleranceS?: number;
}

/** A sender that signs: HMAC with a shared secret, or a key pair of which we hold the public half. */
export interface SignatureScheme {
  algorithm: SignatureAlgorithm;
  /** Every place that may hold signatures. One that matches is enough. */
  signature: readonly Reference[];
  /** What parts the items of a list of signatures. Without it the whole value is one item. */
  separator?: string;
  /** What an item must begin with to be a signature. May be empty. */
  tag: string;
  encoding: Encoding;
  key: KeyFormat;
  signed: Template;
  timestamp?: Timestamp;
  /** Where the hex SHA-256 of the body stands, for a sender that signs it in the body's place. */
  bodyDigest?: Reference;
  /** An array in the JSON body whose items are signed one by one; JSON references start there. */
  each?: readonly string[];
}

/** A sender that shows its secret: in a header after `tag`, or as the last segment of the path. */
export interface TokenScheme {
  /** `basic` is a token that is written in base64. */
  algorithm: 'token' | 'basic';
  at: { from: 'header'; name: string } | { from: 'path' };
  tag: string;
}

/** How a sender proves who it is. */
export type Scheme = SignatureScheme | TokenScheme;

/** A signature scheme as it is written in the table; what is left out is as most senders do it. */
export interface SignatureSpec {
  signature: ReferenceText | readonly ReferenceText[];
  separator?: string;
  tag?: string;
  encoding?: Encoding;
  key?: KeyFormat;
  signed?: string;
  timestamp?: { at: ReferenceText; unit: Timestamp['unit']; toleranceS?: number };
  bodyDigest?: ReferenceText;
  each?: string;
}

/** HMAC: SHA-256, hex, utf-8 key, the body alone, one bare signature, unless `spec` says otherwise. */
export function hmac(
  spec: SignatureSpec,
  hash: 'sha1' | 'sha256' | 'sha512' = 'sha256',
): SignatureScheme {
  return signature(`hmac-${hash}`, spec);
}

/** Ed25519 (RFC 8032); the secret is the raw public key in hex. */
export function ed25519(spec: SignatureSpec): SignatureScheme {
  return signature('ed25519', { key: 'hex', ...spec });
}

/** ECDSA on P-256 with SHA-256, signatures in DER; the secret is the public key, SPKI in base64. */
export function ecdsa(spec: SignatureSpec): SignatureScheme {
  return signature('ecdsa-p256', { key: 'base64', encoding: 'base64', ...spec });
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
  const { separator, timestamp, bodyDigest, each } = spec;
  return {
    algorithm,
    signature: [spec.signature].flat().map(parseReference),
    ...(separator === undefined ? {} : { separator }),
    tag: spec.tag ?? '',
    encoding: spec.encoding ?? 'hex',
    key: spec.key ?? 'utf8',
    signed: parseTemplate(spec.signed ?? '{body}'),
    ...(timestamp ? { timestamp: { ...timestamp, at: parseReference(timestamp.at) } } : {}),
    ...(bodyDigest ? { bodyDigest: parseReference(bodyDigest) } : {}),
    ...(each ? { each: each.split('.') } : {}),
  };
}
