import { describe, expect, test } from 'vitest';
import type { SignatureScheme } from '../../../shared/signatures/scheme.ts';
import { type Scheme, schemes } from '../../../shared/signatures/schemes.ts';
import { type SignedParts, signRequest } from '../../../shared/signatures/sign/sign.ts';
import { type SignedRequest, verifySignature } from '../../../shared/signatures/verify/verify.ts';
import { keysFor } from './signature-keys.ts';
import {
  bytesOf,
  derivedVectors,
  publishedVectors,
  requestOf,
  schemeOf,
  timeOf,
} from './signature-vectors.ts';

const now = Date.parse('2026-11-03T10:11:12.345Z');
const adyenBody = '{"notificationItems":[{"NotificationRequestItem":{"pspReference":"p"}}]}';

/** The request as the receiver would see it, after the sender has added what it signs. */
function arrived(request: SignedRequest, parts: SignedParts): SignedRequest {
  const headers = new Headers(request.headers);
  for (const [name, value] of Object.entries(parts.headers)) headers.set(name, value);
  const url = parts.url ?? request.url;
  return { ...request, headers, url, body: parts.body ?? request.body };
}

describe.each(Object.entries<Scheme>(schemes))('a request signed for %s', (name, scheme) => {
  const body = name === 'adyen' ? adyenBody : '{"a":1,"b":"é"}';
  const request: SignedRequest = {
    method: 'POST',
    url: 'https://relay.example/s?q=1',
    headers: new Headers({ 'content-type': 'application/json' }),
    body: bytesOf(body),
  };

  test('is accepted, by the secret it was signed with', async () => {
    const { signing, live } = await keysFor(scheme);
    const parts = await signRequest(scheme, request, signing, now);
    const received = arrived(request, parts);
    if (name === 'endpoint-key') {
      received.key = decodeURIComponent(received.url.slice(received.url.lastIndexOf('/') + 1));
    }
    // With a key too, so that nothing is fetched.
    const other =
      'certificate' in scheme
        ? live.replace(/^\S+/, 'other')
        : (await keysFor(schemes.discord)).live;
    expect(await verifySignature(scheme, received, [live], now)).toEqual({ ok: true, secret: 0 });
    const rotated = await verifySignature(scheme, received, ['', live, live], now);
    expect(rotated).toEqual({ ok: true, secret: 1 });
    const stranger = await verifySignature(scheme, received, [other], now);
    expect(stranger.ok).toBe(false);
  });
});

const symmetric = [...publishedVectors.filter(({ valid }) => valid), ...derivedVectors].filter(
  // A JWT is new each time: it has an id.
  ({ scheme }) => schemeOf(scheme).algorithm.startsWith('hmac-') && !('jwt' in schemeOf(scheme)),
);

describe.each(symmetric)('signing the request of $scheme from $source', (vector) => {
  const scheme = schemeOf(vector.scheme) as SignatureScheme;
  const signed = requestOf(vector);

  test('makes the signature that it came with', async () => {
    const parts = await signRequest(scheme, signed, vector.secret, timeOf(vector));
    const [at] = scheme.signature;
    if (at?.from === 'header') {
      const items = (name: string) =>
        (signed.headers.get(name) ?? '').split(scheme.separator ?? '\n');
      const came = scheme.signature.flatMap((from) =>
        from.from === 'header' ? items(from.name) : [],
      );
      const made = (parts.headers[at.name] ?? '').split(scheme.separator ?? '\n');
      expect(made.filter((item) => !came.includes(item))).toEqual([]);
      expect(made.some((item) => item.startsWith(scheme.tag))).toBe(true);
    } else {
      expect(new TextDecoder().decode(parts.body)).toBe(vector.body);
    }
  });
});

describe('signing', () => {
  const request: SignedRequest = {
    method: 'POST',
    url: 'https://relay.example/s',
    headers: new Headers(),
    body: bytesOf('{}'),
  };

  test('makes the signature of discord’s vector', async () => {
    const vector = derivedVectors.find(({ scheme }) => scheme === 'discord');
    if (!vector) throw new Error('no vector');
    // The private half of the vector's key: RFC 8032, section 7.1, test 1.
    const secret = 'MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g';
    const parts = await signRequest(schemes.discord, requestOf(vector), secret, timeOf(vector));
    expect(parts.headers['x-signature-ed25519']).toBe(vector.headers['x-signature-ed25519']);
  });

  test('adds the time where the scheme keeps it, and an id where one is signed', async () => {
    const { headers } = await signRequest(schemes.svix, request, 'whsec_c2VjcmV0', now);
    expect(headers['svix-timestamp']).toBe('1793700672');
    expect(headers['svix-id']).toMatch(/^[0-9a-f-]{36}$/);
    const linear = await signRequest(schemes.linear, request, 's', now);
    expect(new TextDecoder().decode(linear.body)).toBe(`{"webhookTimestamp":${now}}`);
  });

  test('leaves body and url alone where the scheme does', async () => {
    expect(Object.keys(await signRequest(schemes.github, request, 's', now))).toEqual(['headers']);
  });

  test('gives the url with the key, or with the digest that is signed', async () => {
    expect(await signRequest(schemes['endpoint-key'], request, 'a/b', now)).toEqual({
      headers: {},
      url: 'https://relay.example/s/a%2Fb',
    });
    const { url } = await signRequest(schemes['twilio-json'], request, 's', now);
    expect(url).toMatch(/^https:\/\/relay\.example\/s\?bodySHA256=[0-9a-f]{64}$/);
  });

  test('sets the members that a scheme has in the body, and leaves all else as it was', async () => {
    const body = bytesOf(' {"id":9007199254740993, "webhookTimestamp": 1,"a":1,"a":2}\n');
    const linear = await signRequest(schemes.linear, { ...request, body }, 's', now);
    expect(new TextDecoder().decode(linear.body)).toBe(
      ` {"id":9007199254740993, "webhookTimestamp": ${now},"a":1,"a":2}\n`,
    );
  });

  test.each([
    ['an empty secret', schemes.github, '', '{}'],
    ['a secret that is not in the key’s format', schemes.svix, 'whsec_é', '{}'],
    ['no private key', schemes.discord, 'c2VjcmV0', '{}'],
    ['a body without the array', schemes.adyen, '0aff', '{}'],
    ['items that are no objects', schemes.adyen, '0aff', '{"notificationItems":[1]}'],
    ['a body that is an array', schemes.mailgun, 's', '[]'],
    ['a body that is no JSON', schemes.linear, 's', 'a=1'],
    ['no body', schemes.pusher, 's', ''],
  ])('throws for %s', async (_, scheme, secret, body) => {
    const signing = signRequest(scheme, { ...request, body: bytesOf(body) }, secret, now);
    await expect(signing).rejects.toThrow(TypeError);
  });
});
