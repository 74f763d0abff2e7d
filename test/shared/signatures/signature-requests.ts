import type { Scheme } from '../../../shared/signatures/schemes.ts';
import { signRequest } from '../../../shared/signatures/sign/sign.ts';
import type { SignedRequest } from '../../../shared/signatures/verify/verify.ts';
import { bytesOf } from './signature-vectors.ts';

export const now = Date.parse('2026-11-03T10:11:12Z');
export const secret = 'a secret';
export const accepted = { ok: true, secret: 0 };

export function refused(cause: string): object {
  return { ok: false, cause };
}

export function requestWith(headers: [string, string][], body = '{}'): SignedRequest {
  return {
    method: 'POST',
    url: 'https://relay.example/s',
    headers: new Headers(headers),
    body: bytesOf(body),
  };
}

/** The signature headers of a request with this body. */
export async function signed(
  scheme: Scheme,
  body = '{}',
  key = secret,
): Promise<[string, string][]> {
  return Object.entries((await signRequest(scheme, requestWith([], body), key, now)).headers);
}
