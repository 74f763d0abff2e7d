import { type Scheme, type SchemeName, schemes } from '../../../shared/signatures/schemes.ts';
import type { SignedRequest } from '../../../shared/signatures/verify/verify.ts';
import derived from '../../fixtures/signatures/derived-vectors.json' with { type: 'json' };
import published from '../../fixtures/signatures/webhook-vectors.json' with { type: 'json' };

/** One request with what a receiver should think of it. `timestamp_at` is when it arrives, Unix seconds. */
export interface Vector {
  scheme: string;
  secret: string;
  method?: string | undefined;
  url?: string | undefined;
  headers: Readonly<Record<string, string | undefined>>;
  body: string;
  timestamp_at?: number | undefined;
  source: string;
  valid?: boolean;
  reason?: string | undefined;
  expect_error?: string | undefined;
}

/** The vectors that came with the project, good and bad: most were published by the vendors. */
export const publishedVectors: readonly Vector[] = published;

/**
 * One good request for each scheme that the vectors above leave out: made by Python's hmac and openssl (DERIVED), or
 * published by the sender, as its `source` says.
 */
export const derivedVectors: readonly Vector[] = derived;

export function schemeOf(name: string): Scheme {
  return schemes[name as SchemeName];
}

export function timeOf(vector: Vector): number {
  return (vector.timestamp_at ?? 0) * 1000;
}

export function requestOf(vector: Vector): SignedRequest {
  const headers = new Headers();
  for (const [name, value] of Object.entries(vector.headers)) {
    if (value !== undefined) headers.set(name, value);
  }
  return {
    method: vector.method ?? 'POST',
    url: vector.url ?? 'https://relay.example/stream',
    headers,
    body: bytesOf(vector.body),
  };
}

export function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(new TextEncoder().encode(text));
}
