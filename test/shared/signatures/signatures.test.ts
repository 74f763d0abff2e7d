import { describe, expect, test } from 'vitest';
import { type Retries, retries } from '../../../shared/signatures/retries.ts';
import type { SignatureScheme } from '../../../shared/signatures/scheme.ts';
import { schemes } from '../../../shared/signatures/schemes.ts';
import {
  type Cause,
  type Verdict,
  verifySignature,
} from '../../../shared/signatures/verify/verify.ts';
import {
  derivedVectors,
  publishedVectors,
  requestOf,
  schemeOf,
  timeOf,
  type Vector,
} from './signature-vectors.ts';

const causes: Record<string, Cause> = {
  'no signature': 'missing',
  mismatch: 'mismatch',
  'body digest mismatch': 'mismatch',
  'timestamp outside tolerance': 'stale',
};

async function verify(vector: Vector): Promise<Verdict> {
  return verifySignature(
    schemeOf(vector.scheme),
    requestOf(vector),
    [vector.secret],
    timeOf(vector),
  );
}

describe('published vectors', () => {
  test.each([...new Set(publishedVectors.map(({ scheme }) => scheme))])('%s', async (name) => {
    for (const vector of publishedVectors.filter(({ scheme }) => scheme === name)) {
      const expected = vector.valid
        ? { ok: true, secret: 0 }
        : { ok: false, cause: causes[vector.expect_error ?? ''] };
      expect(await verify(vector), `${vector.source}: ${vector.reason ?? 'valid'}`).toEqual(
        expected,
      );
    }
  });

  test('hold good and bad ones', () => {
    expect(publishedVectors.filter(({ valid }) => valid)).toHaveLength(24);
    expect(publishedVectors.filter(({ valid }) => !valid)).toHaveLength(140);
  });
});

describe.each(derivedVectors)('a request of $scheme', (vector) => {
  const scheme = schemeOf(vector.scheme) as SignatureScheme;
  const signedHeaders = scheme.signature.flatMap((at) => (at.from === 'header' ? [at.name] : []));

  test('is accepted', async () => {
    expect(await verify(vector)).toEqual({ ok: true, secret: 0 });
  });

  test('is refused with another secret', async () => {
    const secret = vector.secret.replace(/[0-9]/, (digit) => String((Number(digit) + 1) % 10));
    const verdict = await verify({ ...vector, secret });
    expect(verdict.ok).toBe(false);
  });

  test('is refused when a byte is added to what is signed', async () => {
    // Adyen and Mailgun sign fields, not the body: there it is one of those that is changed.
    const body = /hmacSignature|"token"/.test(vector.body)
      ? vector.body.replace(/TestPayment|a8ce0edb/, '$&0')
      : `${vector.body} `;
    expect(await verify({ ...vector, body })).toEqual({ ok: false, cause: 'mismatch' });
  });

  test('is refused without its signature', async () => {
    const headers = Object.entries(vector.headers).filter(
      ([name]) => !signedHeaders.includes(name),
    );
    const body = vector.body
      .replace(/"(hmacSignature|signature)":"/, '"other":"')
      .replace('bt_signature=', 'other=');
    expect(await verify({ ...vector, headers: Object.fromEntries(headers), body })).toEqual({
      ok: false,
      cause: 'missing',
    });
  });
});

const windows = derivedVectors.filter(({ scheme }) => toleranceOf(scheme) > 0);

function toleranceOf(name: string): number {
  const scheme = schemeOf(name);
  return 'timestamp' in scheme ? (scheme.timestamp?.toleranceS ?? 0) * 1000 : 0;
}

test.each(windows)('$scheme is accepted within its window alone', async (vector) => {
  const tolerance = toleranceOf(vector.scheme);
  // A retry comes late; ahead of our clock a sender's may be ten minutes at most.
  const ahead = Math.min(tolerance, 600_000);
  for (const [offset, expected] of [
    [tolerance, { ok: true, secret: 0 }],
    [-ahead, { ok: true, secret: 0 }],
    [tolerance + 1, { ok: false, cause: 'stale' }],
    [-ahead - 1, { ok: false, cause: 'stale' }],
  ] as const) {
    const now = timeOf(vector) + offset;
    const verdict = await verifySignature(
      schemeOf(vector.scheme),
      requestOf(vector),
      [vector.secret],
      now,
    );
    expect(verdict).toEqual(expected);
  }
});

describe('the table', () => {
  const retriesOf: Record<string, Retries> = retries;
  const signing = Object.entries(schemes).filter(([, scheme]) => 'signed' in scheme) as [
    string,
    SignatureScheme,
  ][];

  test('holds a vector for every scheme that signs', () => {
    const proven = [...publishedVectors, ...derivedVectors].map(({ scheme }) => scheme);
    expect(signing.map(([name]) => name).filter((name) => !proven.includes(name))).toEqual([]);
    expect(signing.length).toBeGreaterThanOrEqual(35);
  });

  test.each(signing.filter(([, scheme]) => scheme.timestamp))(
    'the time of %s is signed',
    (_, { timestamp, signed, jwt }) => {
      if (jwt) return expect(timestamp?.at.from).toBe('claim');
      const references = [...signed.before, ...signed.after].flatMap((part) =>
        'reference' in part ? [part.reference] : [],
      );
      const inBody = timestamp?.at.from === 'json' && signed.body;
      expect(inBody || references).toEqual(inBody || expect.arrayContaining([timestamp?.at]));
    },
  );

  test('keeps the windows that the vendors name, where each attempt has a time of its own', () => {
    const named = signing
      .filter(([name]) => ['renewed', 'implied'].includes(retriesOf[name]?.stamp ?? ''))
      .map(([name, { timestamp }]) => [name, timestamp?.toleranceS] as const)
      .filter(([, toleranceS]) => toleranceS !== 300);
    expect(Object.fromEntries(named)).toEqual({ twitch: 600, box: 600 });
  });

  const timed = signing.filter(([, { timestamp }]) => timestamp !== undefined);

  test('says of every scheme that signs a time how its sender retries', () => {
    expect(Object.keys(retries).sort()).toEqual(timed.map(([name]) => name).sort());
  });

  test.each(timed)('the window of %s lets its retries in', (name, { timestamp }) => {
    const { stamp, lastAfterS = 0 } = retriesOf[name] ?? {};
    const { toleranceS = Number.POSITIVE_INFINITY } = timestamp ?? {};
    const isRenewed = stamp === 'renewed' || stamp === 'implied';
    expect(isRenewed || toleranceS > lastAfterS).toBe(true);
  });
});
