import { describe, expect, it } from 'vitest';
import type { Stream } from '../../../../shared/config/config.ts';
import { defineRelay } from '../../../../shared/config/define-relay.ts';
import {
  absmartly,
  ecdsa,
  generic,
  hmac,
  jwt,
  mixpanel,
  segmentstream,
  token,
} from '../../../../shared/main.ts';
import type { Scheme } from '../../../../shared/signatures/scheme.ts';
import type { SignatureSpec } from '../../../../shared/signatures/spec.ts';
import { problemsIn } from '../../../beds/config-problems.ts';

const table = 'in.events';

function problemsOf(stream: Stream, publicUrl?: string): string {
  return problemsIn(() =>
    defineRelay({
      project: 'my-project',
      ...(publicUrl !== undefined && { publicUrl }),
      streams: { own: stream },
    }),
  );
}

const withScheme = (scheme: unknown) => problemsOf(generic({ table, scheme: scheme as Scheme }));
const withSpec = (spec: object) =>
  withScheme(hmac({ signature: 'header:x-acme', ...spec } as SignatureSpec));

describe('a scheme of one’s own is taken', () => {
  const acme = hmac({ signature: 'header:x-acme' });

  it.each<[string, Stream]>([
    ['generic', generic({ table, scheme: acme })],
    [
      'generic, with a filter on what is signed',
      generic({ table, scheme: acme, filter: { where: { field: '$.a', equals: 1 } } }),
    ],
    [
      'generic, with a window',
      generic({
        table,
        scheme: hmac({
          signature: 'header:x-acme',
          signed: '{header:x-time}{body}',
          timestamp: { at: 'header:x-time', unit: 's' },
        }),
        replayWindow: '15m',
      }),
    ],
    [
      'generic, from a JWT',
      generic({ table, scheme: jwt({ signature: 'header:x-jwt', bodyHash: 'body' }) }),
    ],
    ['a sender that signs nothing', mixpanel({ table, scheme: token('x-mixpanel') })],
    ['segmentstream', segmentstream({ table, scheme: token('x-crm', 'Key ') })],
    ['absmartly', absmartly({ table, apiUrl: 'https://x.absmartly.com', scheme: token('x-ab') })],
  ])('by %s', (_, stream) => {
    expect(problemsOf(stream)).toBe('');
  });
});

describe('a scheme of one’s own is refused', () => {
  it.each<[string, object, string, RegExp]>([
    [
      'an unknown place',
      { signature: 'x-acme' },
      'signature',
      /"x-acme" is not a reference: write header:…/,
    ],
    [
      'an unknown place in the text',
      { signed: '{heder:x-time}.{body}' },
      'signed',
      /"heder:x-time" is not a reference/,
    ],
    ['an unknown option', { sig: 'header:a' }, 'sig', /is not an option of a scheme/],
    [
      'a text without the body',
      { signed: '{header:x-time}' },
      'signed',
      /leaves out the body.*Add \{body\}/,
    ],
    ['a checksum of the body', { signed: '{crc32}' }, 'signed', /checksum/],
    ['the secret', { signed: '{secret}{body}' }, 'signed', /which is the key already/],
    ['the body twice', { signed: '{body}{body}' }, 'signed', /twice/],
    [
      'a time that is not signed',
      { timestamp: { at: 'header:x-time', unit: 's' } },
      'timestamp.at',
      /is not signed.*Add it to signed/,
    ],
    [
      'an unknown unit',
      { timestamp: { at: 'json:t', unit: 'min' } },
      'timestamp.unit',
      /one of s, ms, iso/,
    ],
    [
      'a window of nothing',
      { timestamp: { at: 'json:t', unit: 's', toleranceS: 0 } },
      'timestamp.toleranceS',
      /above 0/,
    ],
    ['an item of no list', { signed: '{item:t=}.{body}' }, 'signed', /set separator/],
    ['an unknown encoding', { encoding: 'base32' }, 'encoding', /one of hex, base64, base64url/],
    ['a key of another kind', { key: 'public-key' }, 'key', /one of utf8, hex/],
    [
      'a header that every request has',
      { signature: 'header:content-type' },
      'signature',
      /every request has/,
    ],
    ['no header', { signature: 'header:x acme' }, 'signature', /names no header/],
    [
      'a signature in the body that it signs',
      { signature: 'json:sign' },
      'signature',
      /instead of \{body\}/,
    ],
    ['a signature in the URL', { signature: 'query:sign' }, 'signature', /must be a header/],
    [
      'a hash of the body that is not signed',
      { signed: '{header:x-id}', bodyDigest: 'header:x-hash' },
      'bodyDigest',
      /is not signed itself/,
    ],
    ['a claim without a JWT', { signed: '{claim:a}{body}' }, 'signed', /use jwt/],
  ])('for %s', (_, spec, path, message) => {
    const problems = withSpec(spec);
    expect(problems).toContain(`streams.own.scheme.${path} `);
    expect(problems).toMatch(message);
  });

  it.each<[string, unknown, RegExp]>([
    [
      'a token in a header that others set',
      token('user-agent'),
      /scheme takes user-agent for a secret/,
    ],
    ['a token in no header', token('x acme'), /scheme names no header/],
    [
      'a key of ECDSA that is no public one',
      ecdsa({ signature: 'header:a', key: 'utf8' }),
      /scheme.key must be one of public-key/,
    ],
    [
      'an object that no builder made',
      { algorithm: 'hmac-sha256' },
      /scheme must be a name, or made by hmac/,
    ],
    ['nothing', null, /scheme must be a name, or made by hmac/],
    // Found by test/fuzz/config.test.ts: what a builder made, with a part that no builder makes.
    ...Object.entries({
      'a text for a part': { signed: { before: [''], body: true, after: [] } },
      'a text for parts': { signed: { before: '', body: true, after: [] } },
      'a place that is none': { signature: [undefined] },
      'a time that is nowhere': { timestamp: { at: 'header:x-time', unit: 's' } },
    }).map(([what, part]): [string, unknown, RegExp] => [
      what,
      { ...hmac({ signature: 'header:x-acme' }), ...part },
      /scheme must be a name, or made by hmac/,
    ]),
  ])('for %s', (_, scheme, message) => {
    expect(withScheme(scheme)).toMatch(message);
  });

  it('with every problem at once', () => {
    const problems = problemsOf({
      ...generic({ table: 'in.events', scheme: hmac({ signature: 'header:a', signed: '{url}' }) }),
      event: 'type' as '$.type',
    });
    for (const path of ['scheme.signed', 'event', 'publicUrl']) expect(problems).toContain(path);
  });

  it('where a challenge would be answered with its key', () => {
    const stream = {
      ...generic({ table, scheme: hmac({ signature: 'header:a' }) }),
      handshake: 'x' as const,
    };
    expect(problemsOf(stream)).toMatch(/handshake "x" needs the scheme "x"/);
  });
});

describe('what a scheme of one’s own does not sign', () => {
  const scheme = hmac({ signature: 'header:x-acme' });
  const event = 'header:x-topic';

  it('is no place for a filter, and its messages say so', () => {
    const problems = problemsOf(generic({ table, scheme, event, filter: { events: ['a'] } }));
    expect(problems).toMatch(/the header x-topic, which its own scheme does not sign/);
  });

  it('is one if the config says so', () => {
    const filter = { events: ['a'], unsigned: true } as const;
    expect(problemsOf(generic({ table, scheme, event, filter }))).toBe('');
  });

  it('has no window', () => {
    const problems = problemsOf(generic({ table, scheme, replayWindow: '1h' }));
    expect(problems).toMatch(/replayWindow does nothing here: its own scheme signs no time/);
  });
});
