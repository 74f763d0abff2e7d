import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { signs } from '../../shared/signatures/content/template.ts';
import { headersOf, signedReferences } from '../../shared/signatures/scheme.ts';
import {
  type Scheme,
  type SchemeName,
  schemeOf,
  schemes,
} from '../../shared/signatures/schemes.ts';
import { signRequest } from '../../shared/signatures/sign/sign.ts';
import { type SignedRequest, verifySignature } from '../../shared/signatures/verify/verify.ts';
import * as allPresets from '../../shared/sources/presets.ts';
import { presetDeliveries } from '../fixtures/presets/deliveries.ts';
import { keysFor } from '../shared/signatures/signature-keys.ts';
import { bytesOf } from '../shared/signatures/signature-vectors.ts';
import { runs, timeoutMs } from './runs.ts';

// What a sender signed holds, and nothing that differs from it does; no request makes the check throw.

const now = Date.parse('2026-11-03T10:11:12Z');
const names = Object.keys(schemes) as SchemeName[];

const json = fc
  .dictionary(fc.string({ maxLength: 8 }), fc.jsonValue({ maxDepth: 2 }))
  .map((value) => JSON.stringify(value));
const field = fc.string({
  unit: fc.constantFrom(...'abcXYZ019 é&=+%'),
  minLength: 1,
  maxLength: 12,
});
const form = fc
  .uniqueArray(field, { minLength: 1, maxLength: 4 })
  .chain((keys) => fc.tuple(...keys.map((key) => fc.tuple(fc.constant(key), field))))
  .map((pairs) => new URLSearchParams(pairs).toString());

/** A body of the kind that the scheme's sender sends. */
function bodyOf(name: SchemeName): fc.Arbitrary<Uint8Array<ArrayBuffer>> {
  const scheme: Scheme = schemes[name];
  if (name === 'braintree') {
    return fc
      .base64String({ minLength: 8 })
      .map((text) => bytesOf(`bt_payload=${encodeURIComponent(text)}&bt_signature=`));
  }
  if (name === 'adyen') {
    const item = fc.record({ pspReference: field, eventCode: field, success: fc.constant('true') });
    return fc
      .array(item, { minLength: 1, maxLength: 3 })
      .map((items) => items.map((item) => ({ NotificationRequestItem: item })))
      .map((items) => bytesOf(JSON.stringify({ notificationItems: items })));
  }
  if ('at' in scheme) return fc.uint8Array({ maxLength: 60 }).map((bytes) => bytes.slice());
  if (signs(scheme.signed, 'form.sorted')) return form.map(bytesOf);
  const { signature, timestamp } = scheme;
  const read = [...signature, ...signedReferences(scheme), ...(timestamp ? [timestamp.at] : [])];
  const needsJson = read.some(({ from }) => from === 'json');
  if (needsJson) return json.map(bytesOf);
  return fc.oneof(
    json.map(bytesOf),
    fc.uint8Array({ maxLength: 60 }).map((bytes) => bytes.slice()),
  );
}

const contentTypes: Partial<Record<SchemeName, string>> = {
  braintree: 'application/x-www-form-urlencoded',
};

async function signed(
  name: SchemeName,
  body: Uint8Array<ArrayBuffer>,
  query: string,
): Promise<{ request: SignedRequest; live: string }> {
  const scheme: Scheme = schemes[name];
  const { signing, live } = await keysFor(scheme);
  const headers = new Headers({ 'content-type': contentTypes[name] ?? 'application/json' });
  const url = `https://relay.example/s${name === 'plivo' || query === '' ? '' : `?q=${query}`}`;
  const unsigned = { method: 'POST', url, headers, body };
  const parts = await signRequest(scheme, unsigned, signing, now);
  const request: SignedRequest = {
    method: 'POST',
    url: parts.url ?? url,
    headers: new Headers({ ...Object.fromEntries(headers), ...parts.headers }),
    body: parts.body ?? body,
  };
  if (name === 'endpoint-key') request.key = signing;
  return { request, live };
}

/** Where one letter or digit of a text is another. Never its end: of base64 the last bits say nothing. */
function changed(text: string, at: number): string | undefined {
  const places = [...text.matchAll(/[a-z0-9]/gi)]
    .map(({ index }) => index)
    .filter((index) => index < text.length - 4);
  const place = places[at % Math.max(1, places.length)];
  if (place === undefined) return undefined;
  return (
    text.slice(0, place) + (/[0a]/i.test(text[place] ?? '') ? '7' : '0') + text.slice(place + 1)
  );
}

/** Headers of which a part is not signed: where a certificate is, and which public key a signature names. */
const unsignedParts = new Set(['paypal-cert-url', 'content-type']);

/** What another request, secret or clock could be; undefined where this scheme has nothing to change there. */
const mutations: Record<
  string,
  (scheme: Scheme, request: SignedRequest, at: number) => Partial<SignedRequest> | undefined
> = {
  header(_, { headers }, at) {
    const signedNames = [...headers.keys()].filter((name) => !unsignedParts.has(name));
    const name = signedNames[at % Math.max(1, signedNames.length)];
    const other = name && changed(headers.get(name) ?? '', at);
    if (name === undefined || other === undefined) return undefined;
    const copy = new Headers(headers);
    copy.set(name, other);
    return { headers: copy };
  },
  'without a header'(_, { headers }, at) {
    const signedNames = [...headers.keys()].filter((name) => !unsignedParts.has(name));
    const name = signedNames[at % Math.max(1, signedNames.length)];
    if (name === undefined) return undefined;
    const copy = new Headers(headers);
    copy.delete(name);
    return { headers: copy };
  },
  body(scheme, { body }, at) {
    if (
      'at' in scheme ||
      !(scheme.signed.body || scheme.bodyDigest || signs(scheme.signed, 'crc32'))
    )
      return undefined;
    const copy = body.slice();
    if (copy.length === 0) return { body: bytesOf(' ') };
    copy[at % copy.length] = (copy[at % copy.length] ?? 0) ^ (1 << (at % 8));
    return { body: copy };
  },
  'a longer body'(scheme, { body }, at) {
    if (
      'at' in scheme ||
      !(scheme.signed.body || scheme.bodyDigest || signs(scheme.signed, 'crc32'))
    )
      return undefined;
    const place = at % (body.length + 1);
    return { body: Uint8Array.from([...body.slice(0, place), at % 256, ...body.slice(place)]) };
  },
  'a field of a form'(scheme, { body }, at) {
    if ('at' in scheme || !signs(scheme.signed, 'form.sorted')) return undefined;
    const pairs = [...new URLSearchParams(new TextDecoder().decode(body))];
    const pair = pairs[at % pairs.length];
    if (pair) pair[1] += 'x';
    return { body: bytesOf(new URLSearchParams(pairs).toString()) };
  },
  'a signed field of JSON'(scheme, { body }, at) {
    if ('at' in scheme || scheme.signed.body) return undefined;
    const text = new TextDecoder().decode(body);
    const fields = [
      ...text.matchAll(
        /"(?:token|timestamp|signature|hmacSignature|pspReference|eventCode)":"([^"\\]{5,})"/g,
      ),
    ];
    const found = fields[at % Math.max(1, fields.length)];
    const other = found?.[1] && changed(found[1], at);
    if (!found?.[1] || !other) return undefined;
    const whole = found[0].replace(found[1], () => other);
    return {
      body: bytesOf(text.slice(0, found.index) + whole + text.slice(found.index + found[0].length)),
    };
  },
  url(scheme, { url }, at) {
    if ('at' in scheme || !(signs(scheme.signed, 'url') || scheme.urlDigest)) return undefined;
    return {
      url: at % 2 === 0 ? url.replace('/s', '/t') : `${url}${url.includes('?') ? '&' : '?'}x=1`,
    };
  },
  method(scheme) {
    if ('at' in scheme || !signs(scheme.signed, 'method')) return undefined;
    return { method: 'PUT' };
  },
  key: (_, { key }, at) => (key === undefined ? undefined : { key: `${key}${at}` }),
};

describe.each(names)('a delivery of %s', (name) => {
  const scheme: Scheme = schemes[name];
  const query = fc.constantFrom('', '1', 'a%20b', 'x%27y', '%C3%A9');

  test('holds as it was signed, and not with anything else', { timeout: timeoutMs }, async () => {
    const kinds = Object.keys(mutations);
    await fc.assert(
      fc.asyncProperty(bodyOf(name), query, fc.nat(10_000), async (body, query, at) => {
        const { request, live } = await signed(name, body, query);
        expect(await verifySignature(scheme, request, [live], now)).toEqual({
          ok: true,
          secret: 0,
        });
        for (const kind of kinds) {
          const change = mutations[kind]?.(scheme, request, at);
          if (change === undefined) continue;
          const other = { ...request, ...change };
          const verdict = await verifySignature(scheme, other, [live], now);
          if (verdict.ok)
            expect.fail(`holds with another ${kind}: ${JSON.stringify([...other.headers])}`);
        }
      }),
      runs(6),
    );
  });

  test('does not hold with another secret, nor at another time', {
    timeout: timeoutMs,
  }, async () => {
    await fc.assert(
      fc.asyncProperty(bodyOf(name), query, fc.nat(1_000_000), async (body, query, late) => {
        const { request, live } = await signed(name, body, query);
        const other = anotherSecret(live, late);
        const wrong = [other, ''];
        expect((await verifySignature(scheme, request, wrong, now)).ok).toBe(false);
        if ('at' in scheme || scheme.timestamp?.toleranceS === undefined) return;
        const beyondMs = (scheme.timestamp.toleranceS + 1 + late) * 1000;
        for (const at of [now + beyondMs, now - beyondMs]) {
          const verdict = await verifySignature(scheme, request, [live], at);
          expect(verdict).toEqual({ ok: false, cause: 'stale' });
        }
      }),
      runs(3),
    );
  });
});

/** A prefix such as `whsec_`, and the public key before a `|`, are no part of the key. */
function anotherSecret(secret: string, at: number): string {
  const start = secret.search(/[^_|]*$/);
  return secret.slice(0, start) + (changed(secret.slice(start), at) ?? `${secret.slice(start)}11`);
}

const anyHeader = fc.oneof(
  fc.string({
    unit: fc.integer({ min: 0x20, max: 0xff }).map((code) => String.fromCharCode(code)),
  }),
  fc.constantFrom(
    't=1,v1=00',
    'v1,AAAA v1,BBBB',
    'eyJhbGciOiJub25lIn0.e30.',
    'Bearer ',
    'Basic Og==',
    '1e400',
    '{}',
  ),
);
const anyBody = fc.oneof(
  fc.uint8Array({ maxLength: 80 }).map((bytes) => bytes.slice()),
  json.map(bytesOf),
  form.map(bytesOf),
  fc
    .constantFrom(
      '{"notificationItems":[{"NotificationRequestItem":null}]}',
      '{"notificationItems":[[],{}]}',
      '{"signature":{"signature":[],"timestamp":{},"token":1}}',
      '{"webhookTimestamp":-1,"time_ms":"x"}',
      '\ufeff{"webhookTimestamp":1}',
      'bt_payload&bt_signature=%',
    )
    .map(bytesOf),
);

test('no request holds by chance, and none throws', { timeout: timeoutMs }, async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...names),
      fc.array(anyHeader, { minLength: 1, maxLength: 6 }),
      anyBody,
      fc.oneof(
        fc.string(),
        fc.webUrl({ withQueryParameters: true }),
        fc.constant('https://a.example/?bodySHA256=0'),
      ),
      fc.string(),
      async (name, values, body, url, method) => {
        const scheme: Scheme = schemes[name];
        const { live } = await keysFor(scheme);
        const headers = new Headers();
        for (const [index, header] of headerNames(scheme).entries()) {
          headers.set(header, values[index % values.length] ?? '');
        }
        const verdict = await verifySignature(scheme, { method, url, headers, body }, [live], now);
        expect(verdict.ok).toBe(false);
      },
    ),
    runs(400),
  );
});

function headerNames(scheme: Scheme): string[] {
  if ('at' in scheme) return scheme.at.from === 'header' ? [scheme.at.name] : [];
  return [...headersOf(scheme)];
}

const presets = { ...allPresets };
type PresetName = keyof typeof presets;

test.each(Object.keys(presets) as PresetName[])(
  'the preset %s: its delivery holds, and not with one letter changed in what is signed',
  { timeout: timeoutMs },
  async (preset) => {
    const scheme = schemeOf(presets[preset]({ table: 'd.t' }));
    const { signing, live } = await keysFor(scheme);
    const { body, headers: own } = presetDeliveries[preset];
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    const headers = new Headers(own);
    const unsigned = {
      method: 'POST',
      url: 'https://relay.example/own',
      headers,
      body: bytesOf(text),
    };
    const parts = await signRequest(scheme, unsigned, signing, now);
    for (const [name, value] of Object.entries(parts.headers)) headers.set(name, value);
    const request: SignedRequest = {
      ...unsigned,
      body: parts.body ?? unsigned.body,
      url: parts.url ?? unsigned.url,
    };
    if (scheme === schemes['endpoint-key']) request.key = signing;
    expect(await verifySignature(scheme, request, [live], now)).toEqual({ ok: true, secret: 0 });
    const names = Object.keys(parts.headers).filter((name) => !unsignedParts.has(name));
    await fc.assert(
      fc.asyncProperty(fc.nat(100_000), async (at) => {
        const forged = new Headers(headers);
        const name = names[at % Math.max(1, names.length)];
        const other = name && changed(headers.get(name) ?? '', at);
        if (name === undefined || other === undefined) return;
        forged.set(name, other);
        const verdict = await verifySignature(scheme, { ...request, headers: forged }, [live], now);
        expect(verdict.ok).toBe(false);
      }),
      runs(5),
    );
  },
);
