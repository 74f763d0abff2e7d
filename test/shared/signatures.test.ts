import { describe, expect, test } from 'vitest';
import { type Scheme, type SchemeName, schemes } from '../../shared/signatures/schemes.ts';
import { signRequest } from '../../shared/signatures/sign.ts';
import { type Cause, type SignedRequest, verifySignature } from '../../shared/signatures/verify.ts';
import vectors from '../fixtures/signatures/webhook-vectors.json' with { type: 'json' };

type Vector = (typeof vectors)[number];

const causes: Record<string, Cause> = {
  'no signature': 'missing',
  mismatch: 'mismatch',
  'body digest mismatch': 'mismatch',
  'timestamp outside tolerance': 'stale',
};

const byScheme = new Map<string, Vector[]>();
for (const vector of vectors) {
  byScheme.set(vector.scheme, [...(byScheme.get(vector.scheme) ?? []), vector]);
}

function requestOf(vector: Vector): SignedRequest {
  return {
    method: vector.method ?? 'POST',
    url: vector.url ?? 'https://relay.example/stream',
    headers: new Headers(Object.entries(vector.headers)),
    body: Uint8Array.from(new TextEncoder().encode(vector.body)),
  };
}

function timeOf(vector: Vector): number {
  return (vector.timestamp_at ?? 0) * 1000;
}

function schemeOf(name: string): Scheme {
  return schemes[name as SchemeName];
}

describe.each([...byScheme.keys()])('published vectors of %s', (name) => {
  test('are all accepted or refused, for the reason given', async () => {
    for (const vector of byScheme.get(name) ?? []) {
      const verdict = await verifySignature(
        schemeOf(name),
        requestOf(vector),
        [vector.secret],
        timeOf(vector),
      );
      const expected = vector.valid
        ? { ok: true, secret: 0 }
        : { ok: false, cause: causes[vector.expect_error ?? ''] };
      expect(verdict, `${vector.source}: ${vector.reason ?? 'valid'}`).toEqual(expected);
    }
  });
});
