import { describe, expect, test } from 'vitest';
import { setMember } from '../../../shared/json/json-edit.ts';
import type { Reference } from '../../../shared/signatures/content/reference.ts';
import {
  type Scheme,
  type SignatureScheme,
  signedReferences,
} from '../../../shared/signatures/scheme.ts';
import { type SchemeName, schemes } from '../../../shared/signatures/schemes.ts';
import { signRequest } from '../../../shared/signatures/sign/sign.ts';
import { type SignedRequest, verifySignature } from '../../../shared/signatures/verify/verify.ts';
import { keysFor } from './signature-keys.ts';
import { bytesOf } from './signature-vectors.ts';

// Whatever a request holds, the verdict is a refusal, and nothing throws: in workerd and on Node, whose WebCrypto
// do not agree on what to throw at.

const now = Date.parse('2026-11-03T10:11:12Z');
const names = Object.keys(schemes) as SchemeName[];
const adyenBody = '{"notificationItems":[{"NotificationRequestItem":{"pspReference":"p0"}}]}';

/** Values of a signature, behind the scheme's tag and in its place. */
function hostileSignatures({ tag, separator = ',' }: SignatureScheme): string[] {
  const lengths = [1, 2, 31, 32, 33, 63, 64, 65, 70, 72, 128, 500];
  const values = [
    ...lengths.map((bytes) => '00'.repeat(bytes)),
    ...lengths.map((bytes) => btoa('\u0030'.repeat(bytes))),
    btoa('\x30\x06\x02\x01\x00\x02\x01\x00'),
    btoa('\x30\x06\x02\x01\x80\x02\x01\x80'),
    `${'f'.repeat(64)}${'0'.repeat(64)}`,
    '0x00',
    'zz',
    '=',
    '====',
    '%00',
    'null',
    'é\u00ff',
    '{"a":1}',
  ];
  return [
    '',
    tag,
    tag.toUpperCase(),
    tag.slice(0, -1),
    separator,
    ` ${tag} `,
    `${tag}${separator}${tag}`,
    `${tag}00${separator}`.repeat(1000),
    `${tag}${'0'.repeat(100_000)}`,
    ...values.map((value) => tag + value),
    ...values,
  ];
}

const hostileTimes = ['', '0', '-1', '1e400', 'NaN', '9'.repeat(40), '2026-11-03', 'é'];
const hostileIds = ['', '.', '\u00ff', '{}', 'x'.repeat(10_000)];

/** A request that holds text at references; an empty one is there, and is empty. */
class Forgery {
  readonly headers = new Headers();
  #body: string;
  readonly #base: readonly string[];

  constructor({ each }: SignatureScheme) {
    this.#base = each ?? [];
    this.#body = each ? '' : '{"a":1}';
  }

  set(at: Reference, text: string, raw = JSON.stringify(text)): void {
    if (at.from === 'header') this.headers.set(at.name, text);
    if (at.from === 'json') this.#body = setMember(this.#body || '{}', at.path, raw);
  }

  request(): SignedRequest {
    const [array] = this.#base;
    const body = array === undefined ? this.#body : `{"${array}":[${this.#body}]}`;
    const url = 'https://relay.example/s?a=%27&bodySHA256=00';
    return { method: 'POST', url, headers: this.headers, body: bytesOf(body) };
  }
}

function* forgeries(scheme: SignatureScheme): Generator<SignedRequest> {
  const { timestamp } = scheme;
  const others = signedReferences(scheme).filter(({ from }) => from !== 'item' && from !== 'query');
  const times = timestamp ? hostileTimes : [''];
  const ids = others.length > (timestamp ? 1 : 0) ? hostileIds : [''];
  for (const signature of hostileSignatures(scheme)) {
    for (const time of times) {
      for (const id of ids) {
        const forgery = new Forgery(scheme);
        for (const at of others) forgery.set(at, id);
        for (const at of scheme.signature) forgery.set(at, signature);
        if (timestamp) forgery.set(timestamp.at, time);
        yield forgery.request();
      }
    }
  }
  for (const raw of ['null', '1', '{}', '[]', 'true', '"\\ud800"']) {
    const forgery = new Forgery(scheme);
    for (const at of [...others, ...scheme.signature]) forgery.set(at, '00', raw);
    yield forgery.request();
  }
}

const signing = names.flatMap((name): [SchemeName, SignatureScheme][] => {
  const scheme: Scheme = schemes[name];
  return 'at' in scheme ? [] : [[name, scheme]];
});

test.each(signing)('%s: no forgery holds, and none throws', async (_, scheme) => {
  const { live } = await keysFor(scheme);
  const held: SignedRequest[] = [];
  let tried = 0;
  for (const request of forgeries(scheme)) {
    tried++;
    const verdict = await verifySignature(scheme, request, [live], now);
    if (verdict.ok || verdict.cause.endsWith('secret')) held.push(request);
  }
  expect(held).toEqual([]);
  expect(tried).toBeGreaterThan(60);
});

test.each([...'0123456789'.split('').map(Number), 31, 32, 63, 65, 127, 128])(
  'an Ed25519 signature of %i bytes is malformed',
  async (bytes) => {
    const scheme = schemes.discord;
    const { live } = await keysFor(scheme);
    const headers = new Headers({
      'x-signature-ed25519': '00'.repeat(bytes),
      'x-signature-timestamp': '1',
    });
    const request = { method: 'POST', url: '', headers, body: bytesOf('{}') };
    const verdict = await verifySignature(scheme, request, [live], now);
    expect(verdict).toEqual({ ok: false, cause: 'malformed' });
  },
);

class Unreadable extends Headers {
  override get = (): never => {
    throw new RangeError('nothing can be read of this');
  };
}

test.each(signing)('%s: what cannot even be read is the sender’s fault', async (_, scheme) => {
  const { live } = await keysFor(scheme);
  const read = { method: 'POST', url: '', headers: new Unreadable(), body: bytesOf('{}') };
  const verdict = await verifySignature(scheme, read, [live], now);
  expect(verdict).toMatchObject({
    ok: false,
    cause: expect.stringMatching(/^m(issing|alformed)$/),
  });
});

// An empty signature, or a tag alone, is no signature: neither of a header, nor of a list, nor of a body.
test.each(
  signing.flatMap(([name, scheme]) => [
    [name, scheme, ''] as const,
    [name, scheme, scheme.tag] as const,
    [name, scheme, `${scheme.tag}${scheme.separator ?? ''}${scheme.tag}`] as const,
  ]),
)('%s: nothing behind the tag is refused before anything is hashed', async (_, scheme, value) => {
  const forgery = new Forgery(scheme);
  for (const at of signedReferences(scheme)) forgery.set(at, '1');
  for (const at of scheme.signature) forgery.set(at, value);
  const { live } = await keysFor(scheme);
  const verdict = await verifySignature(scheme, forgery.request(), [live], now);
  expect(verdict).toMatchObject({
    ok: false,
    cause: expect.stringMatching(/^m(issing|alformed)$/),
  });
});

/** Every place but the last one: of base64 its unused bits say nothing. */
function* changed(text: string): Generator<string> {
  for (const at of new Set([0, 1, text.length >> 1, text.length - 8])) {
    if (at < 0 || at >= text.length) continue;
    yield text.slice(0, at) + (text[at] === '0' ? '1' : '0') + text.slice(at + 1);
  }
}

function* mutations(
  name: SchemeName,
  scheme: Scheme,
  honest: SignedRequest,
): Generator<SignedRequest> {
  const { headers, url, body, key } = honest;
  for (const [header, text] of headers) {
    if (header === 'content-type') continue;
    for (const other of changed(text)) {
      const changedHeaders = new Headers(headers);
      changedHeaders.set(header, other);
      yield { ...honest, headers: changedHeaders };
    }
    const fewer = new Headers(headers);
    fewer.delete(header);
    yield { ...honest, headers: fewer };
  }
  if (key !== undefined) for (const other of changed(key)) yield { ...honest, key: other };
  if ('at' in scheme) return;
  if (scheme.url !== undefined) {
    if (url.includes('q=1')) yield { ...honest, url: url.replace('q=1', 'q=2') };
    yield { ...honest, url: url.replace('/s', '/t') };
    yield { ...honest, url: `${url}${url.includes('?') ? '&' : '?'}q=1` };
  }
  if (name === 'hubspot') yield { ...honest, method: 'PUT' };
  const text = new TextDecoder().decode(body);
  if (scheme.signed.body || scheme.bodyDigest) {
    for (const other of [...changed(text), `${text} `, ` ${text}`, text.slice(0, -1), '']) {
      yield { ...honest, body: bytesOf(other) };
    }
  }
  // Where fields of the body are signed, each of them.
  for (const [, value = ''] of text.matchAll(
    /"(?:token|timestamp|signature|hmacSignature|pspReference)":"([^"]+)"/g,
  )) {
    yield { ...honest, body: bytesOf(text.replace(value, `0${value}`)) };
  }
  if (name === 'braintree') {
    yield { ...honest, body: bytesOf(text.replace('PG4', 'PG5')) };
    yield { ...honest, body: bytesOf(`bt_payload=PG5&${text}`) };
  }
  if (scheme.certificate) yield { ...honest, body: bytesOf(`${text} `) };
  if (name === 'twilio-form' || name === 'plivo') {
    // Not `a1=&b=1`: Twilio signs no border between a name and its value.
    for (const other of ['a=2&b=1', 'a=1', 'a=1&b=1&c=', 'b=1&a=2']) {
      yield { ...honest, body: bytesOf(other) };
    }
  }
}

describe.each(names)('a delivery of %s', (name) => {
  const scheme: Scheme = schemes[name];
  const bodies: Partial<Record<SchemeName, string>> = {
    adyen: adyenBody,
    braintree: 'bt_signature=&bt_payload=PG4%2B',
    plivo: 'a=1&b=1',
    'twilio-form': 'a=1&b=1',
  };
  const isForm = name === 'braintree';
  // Plivo signs a URL without a query.
  const url = `https://relay.example/s${name === 'plivo' ? '' : '?q=1'}`;

  test('holds as it was signed, and with no part of it changed', async () => {
    const { signing: secret, live } = await keysFor(scheme);
    const unsigned = {
      method: 'POST',
      url,
      headers: new Headers({
        'content-type': `application/${isForm ? 'x-www-form-urlencoded' : 'json'}`,
      }),
      body: bytesOf(bodies[name] ?? '{"a":1,"b":[2]}'),
    };
    const parts = await signRequest(scheme, unsigned, secret, now);
    const headers = new Headers({ ...Object.fromEntries(unsigned.headers), ...parts.headers });
    const honest: SignedRequest = {
      ...unsigned,
      headers,
      url: parts.url ?? unsigned.url,
      body: parts.body ?? unsigned.body,
    };
    if (name === 'endpoint-key') honest.key = secret;
    expect(await verifySignature(scheme, honest, [live], now)).toEqual({ ok: true, secret: 0 });

    const held: SignedRequest[] = [];
    let tried = 0;
    for (const request of mutations(name, scheme, honest)) {
      tried++;
      if ((await verifySignature(scheme, request, [live], now)).ok) held.push(request);
    }
    expect(held).toEqual([]);
    expect(tried).toBeGreaterThan(0);
  });
});

describe('more than any sender sends is refused before it is read', () => {
  const pad = (bytes: number) => `"a":1,`.repeat(Math.ceil(bytes / 6));
  const mailgun = (bytes: number) =>
    `{"signature":{${pad(bytes)}"signature":"00","timestamp":"1","token":"a"}}`;
  const adyen = (bytes: number) =>
    `{"notificationItems":[{"NotificationRequestItem":{${pad(bytes)}"additionalData":{"hmacSignature":"AAAA"}}}]}`;
  const list = (count: number) => 'v1=00,'.repeat(count);

  test.each([
    ['mailgun', mailgun(200_000), '', 'mismatch'],
    ['mailgun', mailgun(300_000), '', 'oversized'],
    ['mailgun', `${' '.repeat(100)}${mailgun(300_000)}`, '', 'oversized'],
    ['adyen', adyen(60_000), '', 'mismatch'],
    ['adyen', adyen(70_000), '', 'oversized'],
    ['adyen', adyen(300_000), '', 'oversized'],
    ['pagerduty', '{}', list(100), 'mismatch'],
    ['pagerduty', '{}', list(2000), 'oversized'],
    ['twilio-form', 'a&'.repeat(2000), 'AAAA', 'oversized'],
    ['twilio-form', `a=${'x'.repeat(1_100_000)}`, 'AAAA', 'oversized'],
    ['linear', `{${pad(300_000)}"webhookTimestamp":1}`, '00', 'mismatch'],
  ] as const)('%s', async (name, body, signature, cause) => {
    const scheme: SignatureScheme = schemes[name];
    const { live } = await keysFor(scheme);
    const headers = new Headers();
    for (const at of scheme.signature) if (at.from === 'header') headers.set(at.name, signature);
    const request = { method: 'POST', url: 'https://a.example/s', headers, body: bytesOf(body) };
    const verdict = await verifySignature(scheme, request, [live], now);
    expect(verdict).toEqual({ ok: false, cause });
  });
});
