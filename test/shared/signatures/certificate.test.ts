import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { crc32 } from '../../../shared/signatures/content/crc32.ts';
import { publicKeyOf } from '../../../shared/signatures/keys/certificate.ts';
import { schemes } from '../../../shared/signatures/schemes.ts';
import { verifySignature } from '../../../shared/signatures/verify/verify.ts';
import certificate from '../../fixtures/signatures/paypal-certificate.json' with { type: 'json' };
import { accepted, refused } from './signature-requests.ts';
import { bytesOf, derivedVectors, requestOf, timeOf } from './signature-vectors.ts';

// PayPal's server of certificates stands outside of this machine: only its answers are made up.

const vector = derivedVectors.find(({ scheme }) => scheme === 'paypal');
if (!vector) throw new Error('no vector');
const now = timeOf(vector);
const { pem, webhookId } = certificate;

let server = vi.fn<(url: string, init?: RequestInit) => Promise<Response>>();

beforeEach(() => {
  server = vi.fn(async () => new Response(pem));
  vi.spyOn(globalThis, 'fetch').mockImplementation((url, init) => server(String(url), init));
});

afterEach(() => vi.restoreAllMocks());

let count = 0;

/** An address of its own, as what was fetched is kept. */
function newAddress(): string {
  return `https://api.paypal.com/v1/notifications/certs/CERT-${crypto.randomUUID()}-${count++}`;
}

function verify(address: string, at = now, secrets = [webhookId]) {
  const request = requestOf(vector as NonNullable<typeof vector>);
  request.headers.set('paypal-cert-url', address);
  return verifySignature(schemes.paypal, request, secrets, at);
}

describe('the certificate of PayPal', () => {
  test('is fetched once, over https, without following redirects', async () => {
    const address = newAddress();
    expect(await verify(address)).toEqual(accepted);
    expect(await verify(address, now + 1)).toEqual(accepted);
    expect(server.mock.calls.map(([url, init]) => [url, init?.redirect])).toEqual([
      [address, 'manual'],
    ]);
  });

  test('is fetched again after a day', async () => {
    const address = newAddress();
    for (const at of [now, now + 86_399_999, now + 86_400_000]) await verify(address, at);
    expect(server).toHaveBeenCalledTimes(2);
  });

  test.each<[string, () => Promise<Response>]>([
    ['answers 503', async () => new Response(pem, { status: 503 })],
    ['answers 404', async () => new Response('', { status: 404 })],
    [
      'redirects',
      async () => new Response(pem, { status: 302, headers: { location: 'https://a.example' } }),
    ],
    ['does not answer', async () => Promise.reject(new TypeError('fetch failed'))],
    ['sends no certificate', async () => new Response('<html></html>')],
    [
      'sends an empty one',
      async () => new Response('-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----'),
    ],
    [
      'sends another thing as one',
      async () => new Response('-----BEGIN CERTIFICATE-----\nMAMCAQE=\n-----END CERTIFICATE-----'),
    ],
    ['sends too much', async () => new Response(pem + ' '.repeat(70_000))],
  ])(
    'is not known where its server %s: nobody is refused, and it is asked again',
    async (_, answer) => {
      const address = newAddress();
      server.mockImplementationOnce(answer);
      expect(await verify(address)).toEqual(refused('no-certificate'));
      expect(await verify(address)).toEqual(accepted);
    },
  );

  test.each([
    'http://api.paypal.com/v1/notifications/certs/CERT-1',
    'https://api.paypal.com.evil.example/v1/notifications/certs/CERT-1',
    'https://evilpaypal.com/v1/notifications/certs/CERT-1',
    'https://a@api.paypal.com/v1/notifications/certs/CERT-1',
    'https://api.paypal.com:8443/v1/notifications/certs/CERT-1',
    'https://api.paypal.com/v1/notifications/certs/',
    'https://api.paypal.com/v1/notifications/certs/../../uploads/CERT-1',
    'https://www.paypal.com/redirect?to=/v1/notifications/certs/CERT-1',
    'https://evil.example/?https://api.paypal.com/v1/notifications/certs/CERT-1',
    'file:///v1/notifications/certs/CERT-1',
    'CERT-1',
  ])('is not fetched from %s', async (address) => {
    expect(await verify(address)).toEqual(refused('malformed'));
    expect(server).not.toHaveBeenCalled();
  });

  test.each(['api.sandbox.paypal.com', 'api-m.paypal.com', 'paypal.com'])(
    'may come from %s',
    async (host) => {
      expect(await verify(newAddress().replace('api.paypal.com', host))).toEqual(accepted);
    },
  );

  test('says whose signature holds: not that of another webhook', async () => {
    expect(await verify(newAddress(), now, ['0AB12345'])).toEqual(refused('mismatch'));
    expect(await verify(newAddress(), now, ['0AB12345', webhookId])).toEqual({
      ok: true,
      secret: 1,
    });
  });

  test('is not asked for without a signature', async () => {
    const request = requestOf(vector as NonNullable<typeof vector>);
    request.headers.delete('paypal-transmission-sig');
    expect(await verifySignature(schemes.paypal, request, [webhookId], now)).toEqual(
      refused('missing'),
    );
    expect(server).not.toHaveBeenCalled();
  });

  test('is superfluous if the secret has the key', async () => {
    expect(await verify(newAddress(), now, [vector?.secret ?? ''])).toEqual(accepted);
    expect(server).not.toHaveBeenCalled();
    expect(await verify(newAddress(), now, [`${webhookId} no-key`])).toEqual(refused('bad-secret'));
  });
});

test('two bodies may have one checksum: PayPal signs no more of them', () => {
  expect(crc32(bytesOf('plumless'))).toBe(crc32(bytesOf('buckeroo')));
});

test.each<[string, number]>([
  ['', 0],
  ['123456789', 0xcbf43926],
])('the checksum of %j', (text, expected) => {
  expect(crc32(bytesOf(text))).toBe(expected);
});

test('what is no certificate has no key, and none throws', () => {
  const [, base64 = ''] = /-----\n([^-]*)-----END/.exec(pem) ?? [];
  const der = Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
  expect(publicKeyOf(der)?.length).toBe(294);
  for (let end = 0; end < der.length; end += 7) {
    expect(publicKeyOf(der.slice(0, end))).toBeUndefined();
  }
  for (const bytes of [
    [],
    [0x30],
    [0x30, 0x80],
    [0x30, 0x84, 0xff, 0xff, 0xff, 0xff],
    [0x30, 0x00],
  ]) {
    expect(publicKeyOf(Uint8Array.from(bytes))).toBeUndefined();
  }
});
