import { describe, expect, test } from 'vitest';
import { hmac } from '../../../shared/signatures/builders.ts';
import { schemes } from '../../../shared/signatures/schemes.ts';
import { signRequest } from '../../../shared/signatures/sign/sign.ts';
import { verifySignature } from '../../../shared/signatures/verify/verify.ts';
import { accepted, now, refused, requestWith, secret, signed } from './signature-requests.ts';
import { bytesOf } from './signature-vectors.ts';

describe('signatures in the body', () => {
  const key = '0aff';

  async function adyen(items: unknown[]): Promise<string> {
    const body = JSON.stringify({
      notificationItems: items.map((item) => ({ NotificationRequestItem: item })),
    });
    const parts = await signRequest(schemes.adyen, requestWith([], body), key, now);
    return new TextDecoder().decode(parts.body);
  }

  test('are all needed: one forged item refuses the delivery', async () => {
    const body = await adyen([{ pspReference: 'a' }, { pspReference: 'b' }]);
    const verify = (text: string) =>
      verifySignature(schemes.adyen, requestWith([], text), [key], now);
    expect(await verify(body)).toEqual(accepted);
    expect(await verify(body.replace('"b"', '"c"'))).toEqual(refused('mismatch'));
    expect(await verify(body.replace('"a"', '"c"'))).toEqual(refused('mismatch'));
    const unsigned = body.replace('}]', '},{"NotificationRequestItem":{"pspReference":"d"}}]');
    expect(await verify(unsigned)).toEqual(refused('missing'));
  });

  test.each([
    ['nothing', '', 'malformed'],
    ['no JSON', '{"notificationItems":[', 'malformed'],
    ['no array', '{"notificationItems":{}}', 'malformed'],
    ['an empty array', '{"notificationItems":[]}', 'missing'],
    ['scalars', '{"notificationItems":[1,null,"a"]}', 'missing'],
    ['too many items', `{"notificationItems":[${'1,'.repeat(100)}1]}`, 'oversized'],
    ['a hundred thousand levels', '['.repeat(100_000), 'malformed'],
  ])('are refused in a body that holds %s', async (_, body, cause) => {
    const verdict = await verifySignature(schemes.adyen, requestWith([], body), [key], now);
    expect(verdict).toEqual(refused(cause));
  });

  test('are read as rows and filters read: of members with one name the first counts', async () => {
    const captured = await adyen([{ pspReference: 'a', amount: { value: 1 } }]);
    const verify = (text: string) =>
      verifySignature(schemes.adyen, requestWith([], text), [key], now);
    const forged = '{"NotificationRequestItem":{"pspReference":"b"}}';
    const signed = captured.slice(1, -1);
    const doubled = (name: string, value: string) =>
      captured.replace(`"${name}":`, `"${name}":${value},"${name}":`);

    expect(await verify(`{"notificationItems":[${forged}],${signed}}`)).toEqual(refused('missing'));
    expect(await verify(`{${signed},"notificationItems":[${forged}]}`)).toEqual(accepted);
    expect(await verify(`{"notification\\u0049tems":[${forged}],${signed}}`)).toEqual(
      refused('missing'),
    );
    const item = doubled('NotificationRequestItem', '{"pspReference":"b"}');
    expect(await verify(item)).toEqual(refused('missing'));
    expect(await verify(doubled('pspReference', '"b"'))).toEqual(refused('mismatch'));
    expect(await verify(doubled('amount', '{"value":2}'))).toEqual(refused('mismatch'));
    expect(await verify(doubled('value', '2'))).toEqual(refused('mismatch'));
  });

  test('are read of what is JSON, and of nothing else', async () => {
    const body = await adyen([{ pspReference: 'a' }]);
    for (const broken of [`${body}x`, body.slice(0, -1), body.replace('}]', '},]')]) {
      const verdict = verifySignature(schemes.adyen, requestWith([], broken), [key], now);
      expect(await verdict).toMatchObject({ ok: false });
    }
  });

  test.each([
    ['a prototype', '{"__proto__":{"signature":{"signature":"00","timestamp":"1","token":"a"}}}'],
    ['an object for a scalar', '{"signature":{"signature":{},"timestamp":"1","token":"a"}}'],
    ['no token', '{"signature":{"signature":"00","timestamp":"1"}}'],
  ])('are missing where %s stands', async (_, body) => {
    const verdict = await verifySignature(schemes.mailgun, requestWith([], body), [secret], now);
    expect(verdict).toEqual(refused('missing'));
  });
});

test('a path in the body ends at its own properties', async () => {
  const scheme = hmac({ signature: 'json:constructor.name', signed: '{body}' });
  const verdict = await verifySignature(scheme, requestWith([]), [secret], now);
  expect(verdict).toEqual(refused('missing'));
});

describe('what is signed', () => {
  const bodies: [string, Uint8Array<ArrayBuffer>][] = [
    ['nothing', new Uint8Array()],
    ['a line end', bytesOf('{}\r\n')],
    ['a byte order mark and a NUL', Uint8Array.of(0xef, 0xbb, 0xbf, 0x7b, 0, 0x7d)],
    ['bytes that are no UTF-8', Uint8Array.of(0xff, 0xfe, 0xc0, 0x80, 0xed, 0xa0, 0x80)],
    ['a part of a larger buffer', bytesOf('xx{"a":1}xx').subarray(2, 9)],
    ['a mebibyte', new Uint8Array(1 << 20).fill(0x20)],
  ];

  test.each(bodies)('is the body as it came: %s', async (_, body) => {
    for (const scheme of [schemes.datanostro, schemes.slack, schemes.hubspot]) {
      const request = { ...requestWith([]), body };
      const { headers } = await signRequest(scheme, request, secret, now);
      const received = { ...request, headers: new Headers(headers) };
      expect(await verifySignature(scheme, received, [secret], now)).toEqual(accepted);
      const longer = { ...received, body: Uint8Array.of(...body.subarray(0, 64), 0x0a) };
      expect(await verifySignature(scheme, longer, [secret], now)).toEqual(refused('mismatch'));
    }
  });

  test('is a form with the byte order mark that it came with', async () => {
    const headers = new Headers(await signed(schemes['twilio-form'], 'a=1'));
    const request = { ...requestWith([], '\ufeffa=1'), headers };
    const verdict = await verifySignature(schemes['twilio-form'], request, [secret], now);
    expect(verdict).toEqual(refused('mismatch'));
  });

  test.each([
    [1000, accepted],
    [1001, refused('oversized')],
  ])('may be a form of so many fields: %i', async (fields, expected) => {
    const form = Array.from({ length: fields }, (_, n) => n.toString(36)).join('&');
    const headers = await signed(schemes['twilio-form'], form);
    const request = requestWith(headers, form);
    const verdict = await verifySignature(schemes['twilio-form'], request, [secret], now);
    expect(verdict).toEqual(expected);
  });

  test('is a form whose repeated values count once, and in order', async () => {
    const headers = await signed(schemes['twilio-form'], 'b=2&a=1&b=10&b=2');
    for (const [form, expected] of [
      ['a=1&b=10&b=2', accepted],
      ['a=1&b=2', refused('mismatch')],
    ] as const) {
      const request = requestWith(headers, form);
      const verdict = verifySignature(schemes['twilio-form'], request, [secret], now);
      expect(await verdict).toEqual(expected);
    }
  });

  test('is not a form where the bytes are no text', async () => {
    const headers = new Headers({ 'x-twilio-signature': 'AAAA' });
    const request = { ...requestWith([]), headers, body: Uint8Array.of(0xff) };
    const verdict = await verifySignature(schemes['twilio-form'], request, [secret], now);
    expect(verdict).toEqual(refused('missing'));
  });

  test.each(['{nope}', '{header:}', '{cookie:a}', '{body}{body}'])(
    'cannot be written as %s',
    (text) => {
      expect(hmac({ signature: 'header:a', signed: text }).problems).toMatchObject([
        { path: 'signed' },
      ]);
    },
  );
});

test('RFC 4231, test case 2, with SHA-512 and in every encoding', async () => {
  const hex =
    '164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea2505549758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737';
  const bytes = hex.replace(/../g, (pair) => String.fromCharCode(Number.parseInt(pair, 16)));
  const base64 = btoa(bytes);
  const url = base64.replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
  for (const [encoding, text] of [
    ['hex', hex],
    ['base64', base64],
    ['base64url', url],
  ] as const) {
    const scheme = hmac({ signature: 'header:x-signature', encoding }, 'sha512');
    const request = requestWith([['x-signature', text]], 'what do ya want for nothing?');
    expect(await verifySignature(scheme, request, ['Jefe'], now)).toEqual(accepted);
    const made = await signRequest(scheme, request, 'Jefe', now);
    expect(made.headers).toEqual({ 'x-signature': text });
  }
});
