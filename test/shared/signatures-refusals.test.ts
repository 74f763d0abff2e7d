import { describe, expect, test } from 'vitest';
import { hmac, type SignatureScheme } from '../../shared/signatures/scheme.ts';
import { type Scheme, schemes } from '../../shared/signatures/schemes.ts';
import { signRequest } from '../../shared/signatures/sign.ts';
import { type SignedRequest, verifySignature } from '../../shared/signatures/verify.ts';
import { bytesOf } from './signature-vectors.ts';

const now = Date.parse('2026-11-03T10:11:12Z');
const secret = 'a secret';
const accepted = { ok: true, secret: 0 };

function refused(cause: string): object {
  return { ok: false, cause };
}

function requestWith(headers: [string, string][], body = '{}'): SignedRequest {
  return {
    method: 'POST',
    url: 'https://relay.example/s',
    headers: new Headers(headers),
    body: bytesOf(body),
  };
}

/** The signature headers of a request with this body. */
async function signed(scheme: Scheme, body = '{}', key = secret): Promise<[string, string][]> {
  return Object.entries((await signRequest(scheme, requestWith([], body), key, now)).headers);
}

async function hexOf(body: string): Promise<string> {
  return (await signRequest(schemes.datanostro, requestWith([], body), secret, now)).headers[
    'x-dn-signature'
  ] as string;
}

describe('secrets', () => {
  test('say which one matched', async () => {
    const request = requestWith(await signed(schemes.github));
    for (const [secrets, index] of [
      [[secret, 'new'], 0],
      [['old', secret], 1],
      [['', secret], 1],
    ] as const) {
      const verdict = await verifySignature(schemes.github, request, secrets, now);
      expect(verdict).toEqual({ ok: true, secret: index });
    }
  });

  test.each<[string, Scheme]>([
    ['github', schemes.github],
    ['endpoint-key', schemes['endpoint-key']],
    ['basic', schemes.basic],
    ['discord', schemes.discord],
  ])('that are none never accept for %s', async (_, scheme) => {
    const request = { ...requestWith([['authorization', 'Basic ']]), key: '' };
    for (const secrets of [[], [''], ['', '\n']]) {
      expect(await verifySignature(scheme, request, secrets, now)).toEqual(refused('no-secret'));
    }
  });

  test('may end in a line end, which is no part of them', async () => {
    const github = requestWith(await signed(schemes.github));
    const key = { ...requestWith([]), key: secret };
    for (const kept of [`${secret}\n`, `${secret}\r\n`]) {
      expect(await verifySignature(schemes.github, github, [kept], now)).toEqual(accepted);
      expect(await verifySignature(schemes['endpoint-key'], key, [kept], now)).toEqual(accepted);
    }
    const spaced = await verifySignature(schemes.github, github, [`${secret} `], now);
    expect(spaced).toEqual(refused('mismatch'));
  });

  test.each<[string, Scheme, string]>([
    ['no base64', schemes.svix, 'whsec_é'],
    ['no base64, but its prefix', schemes.svix, 'whsec_'],
    ['a key that is no point', schemes.sendgrid, 'c2VjcmV0'],
    ['a key of the wrong length', schemes.discord, '0aff'],
  ])('are our failure when they hold %s', async (_, scheme, bad) => {
    const body = bytesOf('{}');
    const signature = scheme === schemes.discord ? '00' : 'v1,AAAA';
    const headers = new Headers({
      'svix-id': 'a',
      'svix-timestamp': '1',
      'svix-signature': signature,
      'x-signature-ed25519': signature,
      'x-signature-timestamp': '1',
      'x-twilio-email-event-webhook-signature': 'AAAA',
      'x-twilio-email-event-webhook-timestamp': '1',
    });
    const request = { method: 'POST', url: '', headers, body };
    expect(await verifySignature(scheme, request, [bad], now)).toEqual(refused('bad-secret'));
  });

  test('that are bad do not hinder a good one', async () => {
    const good = 'whsec_c2VjcmV0';
    const request = requestWith(await signed(schemes.svix, '{}', good));
    const verdict = await verifySignature(schemes.svix, request, ['whsec_é', good], now);
    expect(verdict).toEqual({ ok: true, secret: 1 });
  });

  test('stay right when more are in use than are cached', async () => {
    for (let at = 0; at < 300; at++) {
      const request = requestWith(await signed(schemes.github, '{}', `${secret}${at}`));
      const secrets = [`${secret}${at}`];
      expect(await verifySignature(schemes.github, request, secrets, now)).toEqual(accepted);
    }
    const request = requestWith(await signed(schemes.github, '{}', `${secret}0`));
    expect(await verifySignature(schemes.github, request, [`${secret}0`], now)).toEqual(accepted);
  });
});

describe('one signature in a header', () => {
  test('may be written in upper case', async () => {
    const upper = (await hexOf('{}')).toUpperCase();
    const request = requestWith([['x-dn-signature', upper]]);
    expect(await verifySignature(schemes.datanostro, request, [secret], now)).toEqual(accepted);
  });

  test.each([
    ['is empty', '', 'malformed'],
    ['is not hex', 'zz'.repeat(32), 'malformed'],
    ['has half a byte', 'abc', 'malformed'],
    ['is not ASCII', 'é'.repeat(64), 'malformed'],
    ['is huge', 'ab'.repeat(40_000), 'malformed'],
    ['is short', 'ab'.repeat(31), 'mismatch'],
    ['is long', 'ab'.repeat(33), 'mismatch'],
    ['is wrong', 'ab'.repeat(32), 'mismatch'],
  ])('is refused when it %s', async (_, value, cause) => {
    const request = requestWith([['x-dn-signature', value]]);
    const verdict = await verifySignature(schemes.datanostro, request, [secret], now);
    expect(verdict).toEqual(refused(cause));
  });

  test('is refused when the header comes twice, even with the same value', async () => {
    const hex = await hexOf('{}');
    const twice = requestWith([
      ['x-dn-signature', hex],
      ['x-dn-signature', hex],
    ]);
    const verdict = await verifySignature(schemes.datanostro, twice, [secret], now);
    expect(verdict).toEqual(refused('malformed'));
  });
});

describe('a list of signatures', () => {
  test('may come in two headers, for any that matches is enough', async () => {
    const [value] = (await signed(schemes.pagerduty)).map(([, text]) => text);
    for (const pair of [
      ['v1=00', value],
      [value, 'v1=zz'],
    ]) {
      const request = requestWith(pair.map((text) => ['x-pagerduty-signature', text ?? '']));
      expect(await verifySignature(schemes.pagerduty, request, [secret], now)).toEqual(accepted);
    }
  });

  test('counts the first time it holds, and that must be the one signed', async () => {
    const [value = ''] = (await signed(schemes.stripe)).map(([, text]) => text);
    const behind = requestWith([['stripe-signature', `${value},t=1`]]);
    expect(await verifySignature(schemes.stripe, behind, [secret], now)).toEqual(accepted);
    const before = requestWith([['stripe-signature', `t=1,${value}`]]);
    const verdict = await verifySignature(schemes.stripe, before, [secret], now);
    expect(verdict).toEqual(refused('mismatch'));
  });

  test('without the time is refused', async () => {
    const request = requestWith([['stripe-signature', 'v1=00']]);
    const verdict = await verifySignature(schemes.stripe, request, [secret], now);
    expect(verdict).toEqual(refused('missing'));
  });

  test('is tried only so far, so that it cannot buy work', async () => {
    const [value = ''] = (await signed(schemes.pagerduty)).map(([, text]) => text);
    for (const [others, expected] of [
      [15, accepted],
      [16, refused('mismatch')],
    ] as const) {
      const list = `${'v1=00,'.repeat(others)}${value}`;
      const request = requestWith([['x-pagerduty-signature', list]]);
      expect(await verifySignature(schemes.pagerduty, request, [secret], now)).toEqual(expected);
    }
  });
});

describe('times', () => {
  const scheme = hmac({
    signature: 'header:x-signature',
    signed: '{header:x-time}{body}',
    timestamp: { at: 'header:x-time', unit: 'iso', toleranceS: 60 },
  });

  async function verdictAt(time: string, by: SignatureScheme): Promise<object> {
    // Signed as it stands, so that only how the time is read decides.
    const raw = hmac({ signature: 'header:x-signature', signed: '{header:x-time}{body}' });
    const request = requestWith([['x-time', time]]);
    const { headers } = await signRequest(raw, request, secret, now);
    const received = requestWith([['x-time', time], ...Object.entries(headers)]);
    return verifySignature(by, received, [secret], now);
  }

  test.each([
    ['2026-11-03T10:11:12Z', accepted],
    ['2026-11-03T10:11:12.123456789Z', accepted],
    ['2026-11-03T12:11:12+02:00', accepted],
    ['2026-11-03T10:11:12+02:00', refused('stale')],
    ['2026-11-03', refused('malformed')],
    ['2026-11-03T99:99:99Z', refused('malformed')],
    ['now', refused('malformed')],
  ])('in ISO 8601: %s', async (time, expected) => {
    expect(await verdictAt(time, scheme)).toEqual(expected);
  });

  test.each([
    [String(now / 1000), accepted],
    ['0', refused('stale')],
    ['999999999999999', refused('stale')],
    ['1'.repeat(16), refused('malformed')],
    ['1e9', refused('malformed')],
    ['-1', refused('malformed')],
    ['NaN', refused('malformed')],
    ['1793700672.5', refused('malformed')],
  ])('in seconds: %s', async (time, expected) => {
    const timestamp = {
      at: { from: 'header', name: 'x-time' },
      unit: 's',
      toleranceS: 60,
    } as const;
    expect(await verdictAt(time, { ...scheme, timestamp })).toEqual(expected);
  });

  test('are missing from a body that is not JSON, or that holds them nowhere', async () => {
    for (const body of ['', 'no json', '[]', 'null', '{"webhookTimestamp":null}']) {
      const hex = await hexOf(body);
      const request = requestWith([['linear-signature', hex]], body);
      const verdict = await verifySignature(schemes.linear, request, [secret], now);
      expect(verdict).toEqual(refused('missing'));
    }
  });
});

describe('tokens', () => {
  const key = 'a-capability-of-128-bits';

  test.each([
    [key, accepted],
    [key.toUpperCase(), refused('mismatch')],
    [`${key}x`, refused('mismatch')],
    [key.slice(1), refused('mismatch')],
    [`${key}é\0`, refused('mismatch')],
    ['', refused('missing')],
  ])('in the path: %j', async (shown, expected) => {
    const request = { ...requestWith([]), key: shown };
    expect(await verifySignature(schemes['endpoint-key'], request, [key], now)).toEqual(expected);
  });

  test('in the path are missing where there is no such segment', async () => {
    const verdict = await verifySignature(schemes['endpoint-key'], requestWith([]), [key], now);
    expect(verdict).toEqual(refused('missing'));
  });

  test.each([
    [`Bearer ${key}`, accepted],
    [`bearer ${key}`, accepted],
    [key, refused('missing')],
    [`Basic ${key}`, refused('missing')],
    ['Bearer', refused('missing')],
    [`Bearer ${key}, Bearer ${key}`, refused('mismatch')],
  ])('in a header: %s', async (value, expected) => {
    const request = requestWith([['authorization', value]]);
    expect(await verifySignature(schemes.bearer, request, [key], now)).toEqual(expected);
  });

  test.each([
    ['Basic dXNlcjpwYXNz', accepted],
    ['basic dXNlcjpwYXNz', accepted],
    ['Basic dXNlcjo=', refused('mismatch')],
    ['Basic é', refused('malformed')],
    ['Basic user:pass', refused('malformed')],
  ])('as Basic: %s', async (value, expected) => {
    const request = requestWith([['authorization', value]]);
    expect(await verifySignature(schemes.basic, request, ['user:pass'], now)).toEqual(expected);
  });
});

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
    const unsigned = body.replace('}]', '},{"NotificationRequestItem":{"pspReference":"d"}}]');
    expect(await verify(unsigned)).toEqual(refused('missing'));
  });

  test.each([
    ['nothing', '', 'malformed'],
    ['no JSON', '{"notificationItems":[', 'malformed'],
    ['no array', '{"notificationItems":{}}', 'malformed'],
    ['an empty array', '{"notificationItems":[]}', 'missing'],
    ['scalars', '{"notificationItems":[1,null,"a"]}', 'missing'],
    ['too many items', `{"notificationItems":[${'1,'.repeat(100)}1]}`, 'malformed'],
    ['a hundred thousand levels', '['.repeat(100_000), 'malformed'],
  ])('are refused in a body that holds %s', async (_, body, cause) => {
    const verdict = await verifySignature(schemes.adyen, requestWith([], body), [key], now);
    expect(verdict).toEqual(refused(cause));
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

  test('is not a form where the bytes are no text', async () => {
    const headers = new Headers({ 'x-twilio-signature': 'AAAA' });
    const request = { ...requestWith([]), headers, body: Uint8Array.of(0xff) };
    const verdict = await verifySignature(schemes['twilio-form'], request, [secret], now);
    expect(verdict).toEqual(refused('missing'));
  });

  test.each(['{nope}', '{header:}', '{cookie:a}', '{body}{body}'])(
    'cannot be written as %s',
    (text) => {
      expect(() => hmac({ signature: 'header:a', signed: text })).toThrow(TypeError);
    },
  );
});

describe('an ECDSA signature', () => {
  test.each([
    ['no sequence', [0x31, 6, 2, 1, 1, 2, 1, 1]],
    ['a wrong length', [0x30, 7, 2, 1, 1, 2, 1, 1]],
    ['one integer', [0x30, 3, 2, 1, 1]],
    ['three integers', [0x30, 9, 2, 1, 1, 2, 1, 1, 2, 1, 1]],
    ['an empty integer', [0x30, 5, 2, 0, 2, 1, 1]],
    ['an integer of 34 bytes', [0x30, 39, 2, 34, ...new Array(34).fill(1), 2, 1, 1]],
    ['two integers that are wrong', [0x30, 6, 2, 1, 1, 2, 1, 1]],
  ])('in DER is refused with %s', async (_, der) => {
    const key =
      'MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE83T4O/n84iotIvIW4mdBgQ/7dAfSmpqIM8kF9mN1flpVKS3GRqe62gw+2fNNRaINXvVpiglSI8eNEc6wEA3F+g==';
    const request = requestWith([
      ['x-twilio-email-event-webhook-signature', btoa(String.fromCharCode(...der))],
      ['x-twilio-email-event-webhook-timestamp', '1'],
    ]);
    const verdict = await verifySignature(schemes.sendgrid, request, [key], now);
    expect(verdict).toEqual(refused('mismatch'));
  });
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
