import { describe, expect, test } from 'vitest';
import { encode, toBytes } from '../../../shared/signatures/bytes.ts';
import { likelyMistake, SearchBudget } from '../../../shared/signatures/mistakes/likely-mistake.ts';
import { type Scheme, schemes } from '../../../shared/signatures/schemes.ts';
import { signRequest } from '../../../shared/signatures/sign/sign.ts';
import { withWindow } from '../../../shared/signatures/timestamp.ts';
import { type SignedRequest, verifySignature } from '../../../shared/signatures/verify/verify.ts';
import { keysFor } from './signature-keys.ts';
import { bytesOf } from './signature-vectors.ts';

const now = Date.parse('2026-11-28T10:11:12.345Z');
const secret = 'a live key of tests';
const text =
  '{"id":"evt_1","items":[{"name":"café <b>","price":10}],"url":"https://example.com/a"}';

/** What is different about a delivery. */
interface Case {
  scheme?: Scheme;
  /** What the sender signs, and with what. */
  signed?: string;
  signedUrl?: string;
  signedWith?: string;
  signedAt?: number;
  /** What arrives. */
  body?: string | Uint8Array<ArrayBuffer>;
  url?: string;
  headers?: Record<string, string | undefined>;
  cameTo?: string;
  live?: string;
  others?: { stream: string; value: string }[];
  budget?: SearchBudget;
}

async function mistakeOf(one: Case): Promise<string | undefined> {
  const { scheme = schemes.github, signed = text, live = secret, others = [], budget } = one;
  const url = one.url ?? 'https://hooks.example.com/shop';
  const sent: SignedRequest = {
    method: 'POST',
    url: one.signedUrl ?? url,
    headers: new Headers({ 'content-type': 'application/json' }),
    body: bytesOf(signed),
  };
  const parts = await signRequest(scheme, sent, one.signedWith ?? live, one.signedAt ?? now);
  const headers = new Headers({ 'content-type': 'application/json', ...parts.headers });
  for (const [name, value] of Object.entries(one.headers ?? {})) {
    if (value === undefined) headers.delete(name);
    else headers.set(name, value);
  }
  const body = one.body ?? parts.body ?? sent.body;
  const request: SignedRequest = {
    ...sent,
    url,
    headers,
    body: typeof body === 'string' ? bytesOf(body) : body,
  };
  const verdict = await verifySignature(scheme, request, [live], now);
  if (verdict.ok) throw new Error('it holds');
  const { cause } = verdict;
  const cameTo = one.cameTo === undefined ? {} : { cameTo: one.cameTo };
  return likelyMistake(
    { cause, scheme, request, secrets: [live], others, now, ...cameTo },
    budget ?? new SearchBudget(),
  );
}

/** The signature that WebCrypto makes with any key bytes, as GitHub writes it. */
async function madeWith(key: Uint8Array<ArrayBuffer>, body = text, hash = 'SHA-256') {
  const hmac = { name: 'HMAC', hash };
  const imported = await crypto.subtle.importKey('raw', key, hmac, false, ['sign']);
  const mac = new Uint8Array(await crypto.subtle.sign('HMAC', imported, toBytes(body)));
  return { 'x-hub-signature-256': `sha256=${encode(mac, 'hex')}` };
}

describe('a body that was changed on its way', () => {
  const value = JSON.parse(text) as unknown;
  const compact = 'the body was re-serialised: what was signed is compact JSON';
  const python = text.replaceAll('":', '": ').replaceAll(',"', ', "').replace('é', '\\u00e9');
  const crlf = '{\r\n  "a": 1\r\n}';

  test.each<[string, string, string, string]>([
    ['indented', text, JSON.stringify(value, null, 2), compact],
    [
      'numbers that JavaScript can not hold',
      '{"n":12345678901234567890.10}',
      '{ "n": 12345678901234567890.10 }',
      compact,
    ],
    ['compacted', JSON.stringify(value, null, 2), text, 'JSON indented by two blanks'],
    [
      'compacted, with a line break',
      `${JSON.stringify(value, null, 2)}\n`,
      text,
      'by two blanks, and a line break',
    ],
    ['four blanks', JSON.stringify(value, null, 4), text, 'JSON indented by four blanks'],
    ['tabs', JSON.stringify(value, null, '\t'), text, 'JSON indented by tabs'],
    ['of Python', python, text, "as Python's json.dumps writes it"],
    [
      'of PHP',
      text.replaceAll('/', '\\/').replace('é', '\\u00e9'),
      text,
      "as PHP's json_encode writes it",
    ],
    ['of Go', text.replace('<', '\\u003c').replace('>', '\\u003e'), text, 'as Go writes it'],
    [
      'keys out of order',
      '{"a":1,"b":{"c":2,"d":3}}',
      '{"b":{"d":3,"c":2},"a":1}',
      'with sorted keys',
    ],
    ['a line break added', text, `${text}\n`, 'a line break was added'],
    [
      'a line break removed',
      `${text}\n`,
      text,
      'the line break at the end of the body was removed',
    ],
    ['CRLF made', crlf.replaceAll('\r', ''), crlf, 'were changed to CRLF'],
    ['CRLF lost', crlf, crlf.replaceAll('\r', ''), 'were changed from CRLF'],
    ['a byte order mark added', text, `\ufeff${text}`, 'a byte order mark was added'],
    ['a form', 'a=b+c&d=e', 'a=b%20c&d=e', 'a form with + for a blank'],
    ['emptied', '', text, 'an empty body was signed'],
  ])('%s', async (_, signed, body, expected) => {
    expect(await mistakeOf({ signed, body })).toContain(expected);
  });

  test('a proxy that decompressed it', async () => {
    const zipped = new Uint8Array(
      await new Response(
        new Blob([text]).stream().pipeThrough(new CompressionStream('gzip')),
      ).arrayBuffer(),
    );
    const made = await madeWith(toBytes(secret), '');
    const headers = {
      ...made,
      'content-encoding': 'gzip',
      'x-hub-signature-256': `sha256=${'00'.repeat(32)}`,
    };
    expect(await mistakeOf({ headers })).toContain('a proxy decompressed it');
    expect(await mistakeOf({ body: zipped, headers: { 'content-encoding': 'gzip' } })).toBe(
      'the body was signed before it was compressed',
    );
  });

  test('one that is nobody knows how different has no hint', async () => {
    expect(await mistakeOf({ body: '{"another":"body"}' })).toBeUndefined();
  });
});

describe('another secret', () => {
  test('that of another stream', async () => {
    const others = [
      { stream: 'empty', value: '' },
      { stream: 'billing', value: 'the secret of billing' },
    ];
    expect(await mistakeOf({ signedWith: 'the secret of billing', others })).toBe(
      'signed with the secret of the stream "billing"',
    );
  });

  test('that of another stream, with a key pair', async () => {
    const own = await keysFor(schemes.discord);
    const other = await keysFor(schemes.discord);
    const others = [{ stream: 'bot', value: other.live }];
    const made = { scheme: schemes.discord, live: own.live, signedWith: other.signing, others };
    expect(await mistakeOf(made)).toBe('signed with the secret of the stream "bot"');
  });

  const base64 = 'MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
  const hex = '00112233445566778899aabbccddeeff';
  const bytes = (text: string) => Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
  test.each<[string, string, Uint8Array<ArrayBuffer>, string]>([
    ['a line break', secret, toBytes(`${secret}\n`), 'a line break at the end of its secret'],
    ['CRLF', secret, toBytes(`${secret}\r\n`), '(CRLF)'],
    ['a blank before', secret, toBytes(` ${secret}`), 'a blank before its secret'],
    ['a blank behind', secret, toBytes(`${secret} `), 'a blank at the end of its secret'],
    [
      'quotation marks of the sender',
      secret,
      toBytes(`"${secret}"`),
      'quotation marks around its secret',
    ],
    ['quotation marks here', `"${secret}"`, toBytes(secret), 'that the relay has around it'],
    ['without its prefix', `whsec_${base64}`, toBytes(base64), 'without the prefix'],
    ['decoded after its prefix', `whsec_${base64}`, bytes(base64), 'read as base64'],
    ['decoded from base64', base64, bytes(base64), 'read as base64'],
    ['decoded from hex', hex, Uint8Array.from({ length: 16 }, (_, at) => at * 17), 'read as hex'],
  ])('its own, spelt in another way: %s', async (_, live, key, expected) => {
    expect(await mistakeOf({ live, headers: await madeWith(key) })).toContain(expected);
  });

  test('its own as text, where the scheme decodes it', async () => {
    const live = `whsec_${base64}`;
    const asText = { ...schemes['standard-webhooks'], key: 'hex' } as Scheme;
    for (const key of [live, base64]) {
      const parts = await signRequest(
        asText,
        { method: 'POST', url: '', headers: new Headers(), body: bytesOf(text) },
        encode(toBytes(key), 'hex'),
        now,
      );
      const mistake = await mistakeOf({
        scheme: schemes['standard-webhooks'],
        live,
        headers: parts.headers,
      });
      expect(mistake).toContain(key === live ? 'the text of its secret' : 'without the prefix');
    }
  });
});

describe('another URL', () => {
  const scheme = schemes.square;
  const url = 'https://hooks.example.com/shop?a=1';
  test.each<[string, string, string | undefined]>([
    [
      'http://hooks.example.com/shop?a=1',
      'the URL signed is http, the configured one https',
      undefined,
    ],
    [
      'https://hooks.example.com:443/shop?a=1',
      'the URL signed has hooks.example.com:443',
      undefined,
    ],
    [
      'https://hooks.example.com/shop/?a=1',
      'the URL signed is with a slash at the end of its path',
      undefined,
    ],
    [
      'https://www.hooks.example.com/shop?a=1',
      'the URL signed has www.hooks.example.com',
      undefined,
    ],
    ['https://hooks.example.com/shop', 'the URL signed has no query', undefined],
    [
      'http://relay.workers.dev/shop?a=1',
      'is http, the configured one https, and has relay.workers.dev, the configured one hooks.example.com',
      'http://relay.workers.dev/shop?a=1',
    ],
  ])('%s', async (signedUrl, expected, cameTo) => {
    const made = { scheme, signedUrl, url, ...(cameTo !== undefined && { cameTo }) };
    expect(await mistakeOf(made)).toContain(expected);
  });

  test('a slash that the configured one has', async () => {
    const url = 'https://hooks.example.com/shop/';
    expect(await mistakeOf({ scheme, url, signedUrl: url.slice(0, -1) })).toBe(
      'the URL signed is without a slash at the end of its path',
    );
  });
});

describe('a clock', () => {
  const { stripe } = schemes;
  test.each([
    [-412, 'clock skew 412 s, or a retry with its first time: the window is 300 s'],
    [700, "clock skew 700 s: the sender's clock is ahead"],
  ])('that is %i s off', async (offS, expected) => {
    expect(await mistakeOf({ scheme: stripe, signedAt: now + offS * 1000 })).toBe(expected);
  });

  test('of another window than the own', async () => {
    const scheme = withWindow(stripe, '10s');
    expect(await mistakeOf({ scheme, signedAt: now - 11_000 })).toContain('the window is 10 s');
  });

  test('in another unit', async () => {
    expect(await mistakeOf({ scheme: stripe, signedAt: now * 1000 })).toBe(
      'the unit of the signed time is another one',
    );
  });
});

describe('headers', () => {
  test.each<[string, Case, string]>([
    [
      'missing',
      { headers: { 'x-hub-signature-256': undefined } },
      'the header x-hub-signature-256 is missing',
    ],
    [
      'under another name',
      { headers: { 'x-hub-signature-256': undefined, 'x-signature': 'abc' } },
      'the header x-hub-signature-256 is missing; there is x-signature',
    ],
    [
      'without its tag',
      { headers: { 'x-hub-signature-256': '00'.repeat(32) } },
      'the header x-hub-signature-256 has no "sha256="',
    ],
    [
      'the signed time missing',
      { scheme: schemes.slack, headers: { 'x-slack-request-timestamp': undefined } },
      'the header x-slack-request-timestamp, which is signed too, is missing',
    ],
    [
      'twice',
      {
        headers: { 'x-hub-signature-256': `sha256=${'00'.repeat(32)}, sha256=${'00'.repeat(32)}` },
      },
      'the header x-hub-signature-256 is there twice',
    ],
    [
      'in base64',
      { headers: { 'x-hub-signature-256': 'sha256=K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4=' } },
      'the signature is written in base64, and the scheme has hex',
    ],
    [
      'of another hash',
      { headers: { 'x-hub-signature-256': `sha256=${'00'.repeat(20)}` } },
      'the signature has the length of SHA-1, and the scheme has SHA-256',
    ],
    [
      'cut off',
      { headers: { 'x-hub-signature-256': `sha256=${'00'.repeat(30)}` } },
      'the signature has 30 bytes instead of 32: it is cut off, or encoded twice',
    ],
  ])('%s', async (_, one, expected) => {
    expect(await mistakeOf(one)).toBe(expected);
  });
});

describe('a key that is shown', () => {
  const shown = (header: string, value: string | undefined, scheme: Scheme, live = secret) =>
    mistakeOf({ scheme, live, headers: { [header]: value } });

  test.each<[string, string | undefined, string]>([
    ['missing', undefined, 'the header authorization is missing'],
    ['without Bearer', secret, 'the header authorization does not begin with "Bearer"'],
    ['quoted', `Bearer "${secret}"`, 'there are quotation marks around the key'],
    [
      'with the word twice',
      `Bearer Bearer ${secret}`,
      'the key is sent with another word before it',
    ],
    ['escaped', `Bearer ${encodeURIComponent(secret)}`, 'the key is percent-encoded'],
    ['in base64', `Bearer ${btoa(secret)}`, 'the key is sent in base64'],
    [
      'in capitals',
      `Bearer ${secret.toUpperCase()}`,
      'the key differs only in upper and lower case',
    ],
    ['cut off', `Bearer ${secret.slice(0, 12)}`, 'the key is cut off'],
  ])('%s', async (_, value, expected) => {
    expect(await shown('authorization', value, schemes.bearer)).toBe(expected);
  });

  test('with the word in the secret too', async () => {
    expect(
      await shown('authorization', `Bearer ${secret}`, schemes.bearer, `Bearer ${secret}`),
    ).toBe('the secret holds "Bearer" too: only what follows it is the key');
  });

  test('of another stream', async () => {
    const others = [{ stream: 'billing', value: 'another key' }];
    const headers = { 'x-api-key': 'another key' };
    expect(await mistakeOf({ scheme: schemes['api-key'], headers, others })).toBe(
      'it is the key of the stream "billing"',
    );
  });

  test('in Basic, that is not base64', async () => {
    expect(await shown('authorization', 'Basic %', schemes.basic, 'user:password')).toBe(
      'what follows "Basic " is not base64',
    );
  });
});

describe('whatever is refused', () => {
  test('no hint holds a secret', async () => {
    const value = 'the secret of billing';
    const hints = [
      await mistakeOf({ signedWith: value, others: [{ stream: 'billing', value }] }),
      await mistakeOf({ headers: await madeWith(toBytes(`${secret}\n`)) }),
      await mistakeOf({ headers: { 'x-hub-signature-256': undefined, 'x-secret': secret } }),
    ];
    expect(hints.every((hint) => hint !== undefined)).toBe(true);
    expect(hints.join()).not.toContain(value);
    expect(hints.join()).not.toContain(secret);
  });

  test('the search ends with its budget', async () => {
    const others = Array.from({ length: 1000 }, (_, at) => ({ stream: `s${at}`, value: `v${at}` }));
    const one = { signedWith: 'v900', others };
    expect(await mistakeOf({ ...one, budget: new SearchBudget(100) })).toBeUndefined();
    expect(await mistakeOf({ ...one, budget: new SearchBudget(1000) })).toContain('s900');
    const body = `{"a":"${'x'.repeat(100_000)}"}`;
    const large = { signed: `${body}\n`, body };
    expect(await mistakeOf({ ...large, budget: new SearchBudget(100, 50_000) })).toBeUndefined();
    expect(await mistakeOf(large)).toContain('line break');
  });

  test.each(Object.entries<Scheme>(schemes))('%s takes any bytes', async (_, scheme) => {
    const body =
      scheme === schemes.adyen
        ? '{"notificationItems":[{"NotificationRequestItem":{}}]}'
        : '{"a":1}';
    const request: SignedRequest = {
      method: 'POST',
      url: 'https://hooks.example.com/s',
      headers: new Headers({ 'content-type': 'application/json', 'x-signature': '{[' }),
      body: bytesOf(body),
    };
    const { live } = await keysFor(scheme);
    for (const cause of ['missing', 'malformed', 'mismatch', 'stale', 'oversized'] as const) {
      const refused = { cause, scheme, request, secrets: [live], others: [], now };
      const hint = await likelyMistake(refused);
      expect(typeof hint === 'string' || hint === undefined).toBe(true);
    }
  });
});
