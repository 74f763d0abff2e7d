import { type Bytes, decode, equal, toBytes } from '../bytes.ts';
import { type Reference, readReference } from '../content/reference.ts';
import { signedUrls } from '../content/signed-url.ts';
import type { Signable } from '../content/template.ts';
import type { SignatureScheme } from '../scheme.ts';

/** Whether the hash of the body that the signed text names is right. */
export async function holdsBody(
  { jwt }: SignatureScheme,
  reference: Reference,
  signable: Signable,
): Promise<boolean> {
  const text = readReference(reference, signable);
  // A JWT has no hash of a body that is not there: a GET, or an empty POST.
  if (jwt && text === undefined && signable.body.length === 0) return true;
  return isDigest(text, signable.body);
}

/** The same for the public URL, in any way that a sender may have written it. */
export async function holdsUrl(reference: Reference, signable: Signable): Promise<boolean> {
  const text = readReference(reference, signable);
  for (const url of signedUrls(signable.url, 'as-sent')) {
    if (await isDigest(text, toBytes(url))) return true;
  }
  return false;
}

async function isDigest(text: string | undefined, bytes: Bytes): Promise<boolean> {
  const claimed = decode(text ?? '', 'hex');
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  return claimed !== undefined && equal(claimed, digest);
}
