import { expect, test } from 'vitest';
import { openEdge, shop, signed } from '../beds/workerd/edge.ts';

// Bodies like those of JSONTestSuite. Whatever a parser makes of them, the answer is a 2xx or a 400. A 5xx would
// make the sender retry forever.

const { filter: _, ...unfiltered } = shop;
const edge = openEdge({ streams: { shop: { ...unfiltered, maxBodyBytes: 7 * 1024 * 1024 } } });

const fragments = [
  ...[
    '',
    ' ',
    '\n',
    '\ufeff',
    '\u0000',
    '{',
    '}',
    '[',
    ']',
    '{}',
    '[]',
    '[,]',
    '[1,]',
    '[1,,2]',
    '{,}',
  ],
  ...[
    '{"a"}',
    '{"a":}',
    '{"a":1,}',
    '{"a":1 "b"}',
    '{a:1}',
    "{'a':1}",
    '{"a":1}}',
    '{"a":1}#',
    '{} {}',
  ],
  ...[
    '{"a":tru}',
    '{"a":nul',
    '{"a":NaN}',
    '{"a":Infinity}',
    '{"a":undefined}',
    '{"a":+1}',
    '{"a":-}',
  ],
  ...[
    '{"a":01}',
    '{"a":1.}',
    '{"a":.1}',
    '{"a":1e}',
    '{"a":1e+}',
    '{"a":0x1}',
    '{"a":1_0}',
    '{"a":--1}',
  ],
  ...['{"a":1e999}', '{"a":-1e-999}', `{"a":${'9'.repeat(5000)}}`, '{"a":-0}', '{"a":1E+2}'],
  ...[
    '{"a":"\t"}',
    '{"a":"\n"}',
    '{"a":"\\x"}',
    '{"a":"\\u12"}',
    '{"a":"\\uD800"}',
    '{"a":"\\uDC00\\uD800"}',
  ],
  ...[
    '{"a":"\\u0000"}',
    '{"a":"\u2028"}',
    '{"a":"',
    '{"a":"\\',
    '{"a":"\\"}',
    '{"\\u0000":1}',
    '{"":""}',
  ],
  ...['{"event_name":"a","event_name":null}', '{"event_name":{}}', '{"event_name":"\\ud800"}'],
  ...[
    '// comment\n{}',
    '/* */{}',
    '{"a":1/**/}',
    '<xml/>',
    'a=b',
    '"',
    '"a"',
    '1',
    '-',
    'null',
    'true',
  ],
];

test.each(fragments)('%j', async (body) => {
  const { status } = await edge.send('/shop', await signed(body));
  expect([204, 400]).toContain(status);
});

test.each([
  ['lone continuation bytes', [0x7b, 0x80, 0x7d]],
  ['an overlong slash', [0x22, 0xc0, 0xaf, 0x22]],
  ['a surrogate in UTF-8', [0x22, 0xed, 0xa0, 0x80, 0x22]],
  ['beyond U+10FFFF', [0x22, 0xf4, 0x90, 0x80, 0x80, 0x22]],
  ['half of UTF-16 with its mark', [0xff, 0xfe, 0x7b, 0x00, 0x7d]],
  ['half a mark', [0xef, 0xbb, 0x7b, 0x7d]],
  ['UTF-16 without', [0x00, 0x7b, 0x00, 0x7d]],
])('bytes: %s', async (_name, bytes) => {
  const { status } = await edge.send('/shop', await signed(Uint8Array.from(bytes)));
  expect(status).toBe(400);
});

test.each([
  ['arrays', '['.repeat(100_000), ']'.repeat(100_000)],
  ['objects', '{"a":'.repeat(100_000), `1${'}'.repeat(100_000)}`],
  ['arrays without an end', '['.repeat(100_000), ''],
  ['objects without an end', '{"a":'.repeat(100_000), ''],
])('100,000 deep: %s', async (_name, open, close) => {
  for (const body of [open + close, `{"event_name":"purchase","deep":${open}${close}}`]) {
    const { status } = await edge.send('/shop', await signed(body));
    expect([204, 400]).toContain(status);
  }
});

test('an event name of 10 MB is too large; one of 7 MB is filtered like any other', async () => {
  const named = (bytes: number) => `{"event_name":"${'n'.repeat(bytes)}"}`;
  expect((await edge.send('/shop', await signed(named(10_000_000)))).status).toBe(413);
  const filtered = openEdge({ streams: { shop: { ...shop, maxBodyBytes: 7 * 1024 * 1024 } } });
  const answer = await filtered.send('/shop', await signed(named(7_000_000)));
  expect(answer.headers.get('tributary-outcome')).toBe('filtered');
});
