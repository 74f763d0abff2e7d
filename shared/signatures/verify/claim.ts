import { type Bytes, decode, toBytes } from '../bytes.ts';
import { readReference } from '../content/reference.ts';
import { signedUrls, type UrlWriting } from '../content/signed-url.ts';
import { isOversizedForm, sortedForm } from '../content/sorted-form.ts';
import { render, type Signable, signs } from '../content/template.ts';
import { isCertificateUrl } from '../keys/certificate.ts';
import type { SignedRequest } from '../request.ts';
import type { SignatureScheme } from '../scheme.ts';
import type { Cause } from './verdict.ts';

/** A request's claim: one of these signatures was made over one of these messages. */
export interface Claim {
  signatures: readonly Bytes[];
  /** Four at most. */
  messages: readonly Bytes[];
  signable: Signable;
}

/** DocuSign sends up to ten. Comparing more HMACs costs nothing, but with a public key each is a pass over the body. */
const maxSignatures = 16;
const maxSignatureChars = 1024;
/** The limit for a header that is a list. Sixteen HMACs in hex take 1,200 characters. */
const maxListChars = 8192;

const ed25519Bytes = 64;

/** Reads the signatures and the signed messages, or says why that is not possible. */
export function readClaim(
  scheme: SignatureScheme,
  request: SignedRequest,
  json: () => string | undefined,
): Claim | Cause {
  const { method, url, headers, body } = request;
  const signable: Signable = {
    method,
    url,
    headers,
    body,
    json,
    items: [],
    form: once(() => sortedForm(body)),
  };
  const found = findSignatures(scheme, signable);
  if (typeof found === 'string') return found;
  if (scheme.jwt) return readToken(scheme, found, signable);
  const { certificate } = scheme;
  if (certificate) {
    const address = readReference(certificate.url, signable);
    if (address === undefined) return 'missing';
    if (!isCertificateUrl(address, certificate)) return 'malformed';
    signable.secret = '';
  }
  const signatures = decodeAll(scheme, found);
  if (signatures.length === 0) return 'malformed';
  if (signs(scheme.signed, 'form.sorted') && isOversizedForm(body)) return 'oversized';
  const messages = renderAll(scheme, signable);
  return messages ? { signatures, messages, signable } : 'missing';
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * A JWT in its compact form (RFC 7515, section 3.1). Only the first is read. What it says of the request is checked
 * after its signature.
 */
function readToken(
  { jwt, algorithm }: SignatureScheme,
  [token = '']: readonly string[],
  signable: Signable,
): Claim | Cause {
  if (token.length > maxListChars) return 'oversized';
  const [header = '', payload = '', ...signatures] = token.split('.');
  const signature = signatures.length === 1 ? decode(signatures[0] ?? '', 'base64url') : undefined;
  const claims = decode(payload, 'base64url');
  const terms = decode(header, 'base64url');
  if (!signature?.length || !claims || !terms) return 'malformed';
  if (algorithm === 'ed25519' && signature.length !== ed25519Bytes) return 'malformed';
  const { alg, crit } = JSON.parse(decoder.decode(terms)) as { alg?: unknown; crit?: unknown };
  // An extension that the receiver must understand (RFC 7515, section 4.1.11).
  if (alg !== jwt?.alg || crit !== undefined) return 'malformed';
  signable.claims = decoder.decode(claims);
  return { signatures: [signature], messages: [toBytes(`${header}.${payload}`)], signable };
}

/** The message for each URL that the sender may have signed. Most senders sign no URL. */
export function renderAll(
  { signed, url }: SignatureScheme,
  signable: Signable,
): Bytes[] | undefined {
  const messages: Bytes[] = [];
  for (const seen of url ? withUrls(signable, url) : [signable]) {
    const message = render(signed, seen);
    if (message === undefined) return undefined;
    messages.push(message);
  }
  return messages;
}

function withUrls(signable: Signable, writing: UrlWriting): Signable[] {
  return signedUrls(signable.url, writing).map((url) => ({ ...signable, url }));
}

/** Calls `read` at the first call only, and keeps its value. */
export function once<Value>(read: () => Value): () => Value {
  let kept: { value: Value } | undefined;
  return () => {
    kept ??= { value: read() };
    return kept.value;
  };
}

/**
 * The items that begin with the scheme's tag, without the tag. If the scheme has no list, a header that was sent twice
 * arrives as one value joined by ", ". That does not decode, so it is refused.
 */
function findSignatures(scheme: SignatureScheme, signable: Signable): string[] | Cause {
  const found: string[] = [];
  for (const reference of scheme.signature) {
    const value = readReference(reference, signable);
    if (value === undefined) continue;
    const items = itemsOf(value, scheme.separator);
    if (items === undefined) return 'oversized';
    if (scheme.separator !== undefined) signable.items = items;
    for (const item of items) {
      if (item.startsWith(scheme.tag)) found.push(behind(item.slice(scheme.tag.length), scheme));
    }
  }
  return found.length === 0 ? 'missing' : found;
}

/** Nothing if the text that it should follow is missing. */
function behind(item: string, { after }: SignatureScheme): string {
  if (after === undefined) return item;
  const at = item.indexOf(after);
  return at < 0 ? '' : item.slice(at + after.length);
}

function itemsOf(value: string, separator: string | undefined): string[] | undefined {
  if (separator === undefined) return [value];
  if (value.length > maxListChars) return undefined;
  return value.split(separator).map((item) => item.trim());
}

function decodeAll(scheme: SignatureScheme, found: readonly string[]): Bytes[] {
  const signatures: Bytes[] = [];
  for (const text of found) {
    if (text === '' || text.length > maxSignatureChars) continue;
    const bytes = decode(text, scheme.encoding);
    if (bytes === undefined || signatures.length === maxSignatures) continue;
    // workerd throws at an Ed25519 signature of any other length (RFC 8032, section 5.1.6).
    if (scheme.algorithm === 'ed25519' && bytes.length !== ed25519Bytes) continue;
    signatures.push(bytes);
  }
  return signatures;
}
