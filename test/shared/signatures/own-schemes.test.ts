import { describe, expect, test } from 'vitest';
import { basic, ecdsa, ed25519, hmac, jwt, rsa, token } from '../../../shared/main.ts';
import type { Scheme, SignatureScheme } from '../../../shared/signatures/scheme.ts';
import { signRequest } from '../../../shared/signatures/sign/sign.ts';
import { type SignedRequest, verifySignature } from '../../../shared/signatures/verify/verify.ts';
import { keysFor } from './signature-keys.ts';
import { accepted, now, refused } from './signature-requests.ts';
import { bytesOf } from './signature-vectors.ts';

// Schemes that a config defines: in workerd and on Node.

const second = 1000;

const own: [string, Scheme][] = [
  ['hmac', hmac({ signature: 'header:x-acme-signature' })],
  [
    'hmac of a time and a list',
    hmac(
      {
        signature: 'header:x-acme-signature',
        separator: ',',
        tag: 'v1=',
        encoding: 'base64url',
        signed: '{item:t=}.{method}.{url}.{body}',
        timestamp: { at: 'item:t=', unit: 'ms', toleranceS: 60 },
      },
      'sha512',
    ),
  ],
  ['hmac of fields', hmac({ signature: 'json:sign', signed: '{json:a}|{header:x-acme-id}' })],
  ['hmac of a named key', hmac({ signature: 'header:x-acme-signature', after: '|', key: 'hex' })],
  ['ed25519', ed25519({ signature: 'header:x-acme-signature' })],
  ['ecdsa', ecdsa({ signature: 'header:x-acme-signature' })],
  ['rsa', rsa({ signature: 'header:x-acme-signature' })],
  [
    'jwt',
    jwt({ signature: 'header:authorization', tag: 'Bearer ', bodyHash: 'body', urlHash: 'url' }),
  ],
  [
    'jwt with a window',
    jwt(
      {
        signature: 'header:x-acme-jwt',
        bodyHash: 'body',
        issuer: 'acme',
        timestamp: { at: 'claim:iat', unit: 's', toleranceS: 60 },
      },
      'HS512',
    ),
  ],
  ['jwt RS256', jwt({ signature: 'header:x-acme-jwt', bodyHash: 'body' }, 'RS256')],
  ['jwt ES256', jwt({ signature: 'header:x-acme-jwt', bodyHash: 'body' }, 'ES256')],
  ['jwt EdDSA', jwt({ signature: 'header:x-acme-jwt', bodyHash: 'body' }, 'EdDSA')],
  ['token', token('X-Acme-Token', 'Key ')],
  ['basic', basic()],
];

async function send(scheme: Scheme, secret: string, body = '{"a":1}'): Promise<SignedRequest> {
  const request = {
    method: 'POST',
    url: 'https://relay.example/s?q=1',
    headers: new Headers({ 'content-type': 'application/json' }),
    body: bytesOf(body),
  };
  const parts = await signRequest(scheme, request, secret, now);
  const headers = new Headers({ ...Object.fromEntries(request.headers), ...parts.headers });
  return { ...request, headers, url: parts.url ?? request.url, body: parts.body ?? request.body };
}

describe.each(own)('a scheme of one’s own: %s', (_, scheme) => {
  test('takes what its sender signed, and nothing else', async () => {
    const { signing, live } = await keysFor(scheme);
    const sent = await send(scheme, signing);
    const verify = (request: SignedRequest) => verifySignature(scheme, request, [live], now);
    expect(await verify(sent)).toEqual(accepted);
    expect(await verify({ ...sent, headers: new Headers() })).toMatchObject({ ok: false });
    if ('at' in scheme) return;
    const other = new TextDecoder().decode(sent.body).replace('"a":1', '"a":2');
    expect(await verify({ ...sent, body: bytesOf(other) })).toEqual(refused('mismatch'));
    if (scheme.url !== undefined) {
      const url = sent.url.replace('q=1', 'q=2');
      expect(await verify({ ...sent, url })).toEqual(refused('mismatch'));
    }
  });
});

test('a window is the scheme’s own', async () => {
  const scheme = hmac({
    signature: 'header:x-acme-signature',
    signed: '{header:x-acme-time}.{body}',
    timestamp: { at: 'header:x-acme-time', unit: 'iso', toleranceS: 60 },
  });
  const sent = await send(scheme, 'k');
  const after = (ms: number) => verifySignature(scheme, sent, ['k'], now + ms);
  expect(await after(60 * second)).toEqual(accepted);
  expect(await after(61 * second)).toEqual(refused('stale'));
});

describe('a JWT', () => {
  const scheme = jwt({ signature: 'header:x-acme-jwt', bodyHash: 'body', issuer: 'acme' });

  const part = (value: unknown) =>
    btoa(JSON.stringify(value)).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
  const { body: _, ...noBody } = { body: '' };

  /** Signed with the key as HS256, whatever its header says. */
  async function tokenOf(header: object, claims: object): Promise<SignedRequest> {
    const message = `${part(header)}.${part(claims)}`;
    const plain = hmac({ signature: 'header:x', encoding: 'base64url' });
    const request = { method: 'POST', url: '', headers: new Headers(), body: bytesOf(message) };
    const { headers } = await signRequest(plain, request, 'k', now);
    return {
      method: 'POST',
      url: 'https://relay.example/s',
      headers: new Headers({ 'x-acme-jwt': `${message}.${headers['x']}` }),
      body: bytesOf(''),
    };
  }

  const exp = now / second + 60;
  const good = { iss: 'acme', exp, nbf: exp - 60 };

  test.each<[string, object, object, object]>([
    ['is taken', { alg: 'HS256', typ: 'JWT' }, good, accepted],
    ['must name the algorithm of the scheme', { alg: 'HS512' }, good, refused('malformed')],
    ['is never unsigned', { alg: 'none' }, good, refused('malformed')],
    [
      'has no extension that must be understood',
      { alg: 'HS256', crit: ['b64'] },
      good,
      refused('malformed'),
    ],
    ['must come from the issuer', { alg: 'HS256' }, { ...good, iss: 'other' }, refused('mismatch')],
    ['must end', { alg: 'HS256' }, { iss: 'acme' }, refused('missing')],
    ['must end in a number', { alg: 'HS256' }, { ...good, exp: 'soon' }, refused('malformed')],
    ['may be over for a minute', { alg: 'HS256' }, { ...good, exp: exp - 120 }, accepted],
    ['is refused after that', { alg: 'HS256' }, { ...good, exp: exp - 121 }, refused('stale')],
    ['is refused before it begins', { alg: 'HS256' }, { ...good, nbf: exp + 1 }, refused('stale')],
    [
      'must have a hash of the body that is right',
      { alg: 'HS256' },
      { ...good, body: '00' },
      refused('mismatch'),
    ],
  ])('%s', async (_, header, claims, expected) => {
    const sent = await tokenOf(header, claims);
    expect(await verifySignature(scheme, sent, ['k'], now)).toEqual(expected);
  });

  test('without a hash of the body vouches for none', async () => {
    const sent = { ...(await tokenOf({ alg: 'HS256' }, good)), body: bytesOf('{}') };
    expect(await verifySignature(scheme, sent, ['k'], now)).toEqual(refused('mismatch'));
    expect(noBody).toEqual({});
  });

  test.each(['', 'a', 'a.b', 'a.b.c.d', '..', 'e30.e30.', '!.!.!', `${'a'.repeat(9000)}.b.c`])(
    'that is none is refused: %s',
    async (text) => {
      const headers = new Headers({ 'x-acme-jwt': text });
      const request = { method: 'POST', url: '', headers, body: bytesOf('{}') };
      const verdict = await verifySignature(scheme, request, ['k'], now);
      expect(verdict).toMatchObject({
        ok: false,
        cause: expect.stringMatching(/^(malformed|oversized)$/),
      });
    },
  );
});

test('a builder never throws: its problems wait for the check of the config', () => {
  const bad = { signature: 'x-acme', signed: '{nope}', extra: 1 } as unknown as {
    signature: 'header:a';
  };
  const scheme: SignatureScheme = hmac(bad);
  expect(scheme.problems?.map(({ path }) => path).sort()).toEqual(['extra', 'signature', 'signed']);
});
