import { deflateRawSync, deflateSync, gzipSync } from 'node:zlib';

// What no honest sender writes. Text of headers is Latin-1: one byte a character.

const lengths = [1, 15, 19, 20, 31, 32, 33, 48, 63, 64, 65, 127, 128, 4096];
const tags = ['v0=', 'v1=', 'v1,', 'h1=', 't=', 'ts=', 'sha1=', 'sha256=', 'Basic ', 'Bearer '];

/** For a header that holds a signature, a time, an id or a token. */
export const hostileHeaders: readonly string[] = [
  '',
  ',',
  ';',
  '=',
  '%00',
  '!!!!',
  '====',
  '"',
  'null',
  'undefined',
  'NaN',
  'Infinity',
  '-1',
  '0',
  '1e999',
  '0x10',
  '1.5',
  '9'.repeat(20),
  '9'.repeat(400),
  '1970-01-01T00:00:00Z',
  '+275760-09-13T00:00:00.001Z',
  '2026-13-45T99:99:99Z',
  '\u00e9\u00ff',
  '\u00ed\u00a0\u0080',
  '__proto__',
  ...tags,
  ...tags.map((tag) => tag + Buffer.alloc(32).toString('hex')),
  ...tags.map((tag) => tag + Buffer.alloc(64).toString('base64')),
  ...tags.map((tag) => `${tag},${tag};${tag} ${tag}`),
  ...lengths.map((length) => Buffer.alloc(length).toString('hex')),
  ...lengths.map((length) => Buffer.alloc(length, 0xff).toString('base64')),
  // DER: a sequence that lies about its length, integers of no length, one that is too long.
  ...['3080', '30060200020100', '3006020100020100', '308400000000', `3044022${'0'.repeat(80)}`].map(
    (hex) => Buffer.from(hex, 'hex').toString('base64'),
  ),
  ','.repeat(1000),
  't=1,v1=0,'.repeat(1000),
  'v1,AAAA '.repeat(1000),
  'A'.repeat(8000),
];

/** For a member of a body that holds a signature, a time or an id: raw JSON. */
export const hostileMembers: readonly string[] = [
  'null',
  'true',
  '0',
  '-1',
  '1.5',
  '1e999',
  '9'.repeat(400),
  '""',
  '" "',
  '"\\ud800"',
  '"\\u0000"',
  '{}',
  '[]',
  '['.repeat(500) + ']'.repeat(500),
  '["a"]',
  `"${'0'.repeat(64)}"`,
  `"${'x'.repeat(10_000)}"`,
];

/** A body of a format, or of none, as some sender may one day write it. */
export interface HostileBody {
  what: string;
  body: Buffer;
  contentType?: string;
  contentEncoding?: string;
}

const mebibyte = 1024 * 1024;
const json = 'application/json';
const form = 'application/x-www-form-urlencoded';
const multipart = 'multipart/form-data; boundary=b';

function part(name: string, value: string): string {
  return `--b\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`;
}

const texts: readonly [string, string, string?][] = [
  ['nothing', ''],
  ['a blank', ' '],
  ['a NUL', '\0'],
  ['half an object', '{'],
  ['half an array', '[1,', json],
  ['null', 'null', json],
  ['a text', '"x"', json],
  ['two values', '{} {}', json],
  ['a huge exponent', '{"event":"a","n":1e999999999}', json],
  ['a long number', `{"event":"a","n":${'9'.repeat(100_000)}}`, json],
  ['deep arrays', `{"event":"a","x":${'['.repeat(100_000)}${']'.repeat(100_000)}}`, json],
  ['deep arrays that do not end', '['.repeat(500_000), json],
  ['deep objects', `${'{"event":'.repeat(50_000)}1${'}'.repeat(50_000)}`, json],
  ['many members', `{${Array.from({ length: 50_000 }, (_, n) => `"m${n}":1`).join()}}`, json],
  ['one name many times', `{${Array.from({ length: 50_000 }, () => '"event":1').join()}}`, json],
  ['many items', `[${'{},'.repeat(50_000)}{}]`, json],
  ['lone surrogates', '{"event":"\\ud800","\\udfff":"\\ud800"}', json],
  ['__proto__', '{"__proto__":{"event":"a"},"constructor":1,"event":"a"}', json],
  ['many lines', '{"event":"a"}\n'.repeat(5_000), 'application/x-ndjson'],
  ['lines that are none', 'a\n\nb\r\n{', 'application/x-ndjson'],
  ['many pairs', '&'.repeat(100_000), form],
  ['many values', 'a=1&'.repeat(50_000), form],
  ['half an escape', 'event=%&%zz=%e9&%', form],
  ['a payload that is no JSON', 'payload=%7B', form],
  ['a payload twice', 'payload={}&payload=[]', form],
  ['a charset that nobody knows', 'event=a', `${form}; charset=klingon`],
  ['a charset of no name', '{"event":"a"}', `${json}; charset=`],
  ['UTF-16 that is none', '{"event":"a"}', `${json}; charset=utf-16le`],
  ['UTF-7', '{"event":"+AGE-"}', `${json}; charset=utf-7`],
  [
    '10,000 parts',
    `${Array.from({ length: 10_000 }, (_, n) => part(`f${n}`, 'x')).join('')}--b--\r\n`,
    multipart,
  ],
  ['parts of one name', `${part('event', 'a').repeat(2_000)}--b--\r\n`, multipart],
  ['parts without an end', part('event', 'a'), multipart],
  ['a part without a body', '--b\r\nContent-Disposition: form-data; name="event"', multipart],
  ['a part without a name', '--b\r\nContent-Type: text/plain\r\n\r\nx\r\n--b--\r\n', multipart],
  ['a part with a long head', `--b\r\nX: ${'x'.repeat(500_000)}\r\n\r\nx\r\n--b--\r\n`, multipart],
  ['an end alone', '--b--\r\n', multipart],
  ['no boundary', part('event', 'a'), 'multipart/form-data'],
  ['an empty boundary', part('event', 'a'), 'multipart/form-data; boundary=""'],
  ['a long boundary', part('event', 'a'), `multipart/form-data; boundary=${'b'.repeat(5_000)}`],
  ['another boundary', part('event', 'a'), 'multipart/form-data; boundary=c'],
  ['boundaries alone', '--b\r\n'.repeat(100_000), multipart],
  ['half an element', '<a', 'text/xml'],
  ['a type that is none', '{"event":"a"}', '/;=;;'],
  ['a long type', '{"event":"a"}', `application/${'x'.repeat(8_000)}`],
  ['types', '{"event":"a"}', `${json}, ${form}`],
];

const event = Buffer.from('{"event":"a"}');
const gzipped = gzipSync(event);

const encoded: readonly [string, string, Buffer][] = [
  ['a bomb', 'gzip', gzipSync(Buffer.alloc(64 * mebibyte, ' '), { level: 9 })],
  ['a bomb of nested arrays', 'gzip', gzipSync(Buffer.alloc(8 * mebibyte, '['))],
  ['a bomb of deflate', 'deflate', deflateSync(Buffer.alloc(64 * mebibyte, 'a'), { level: 9 })],
  ['gzip that is cut off', 'gzip', gzipped.subarray(0, -5)],
  ['gzip that is its head alone', 'gzip', gzipped.subarray(0, 10)],
  ['gzip with a wrong sum', 'gzip', Buffer.concat([gzipped.subarray(0, -8), Buffer.alloc(8)])],
  ['gzip with something behind it', 'gzip', Buffer.concat([gzipped, Buffer.from('more')])],
  ['gzip twice in a row', 'gzip', Buffer.concat([gzipped, gzipped])],
  ['gzip in gzip', 'gzip', gzipSync(gzipped)],
  ['gzip in gzip, as it says', 'gzip, gzip', gzipSync(gzipped)],
  ['gzip that is none', 'gzip', event],
  ['gzip of nothing', 'gzip', Buffer.alloc(0)],
  ['gzip of an empty body', 'gzip', gzipSync(Buffer.alloc(0))],
  ['deflate without its head', 'deflate', deflateRawSync(event)],
  ['deflate that is none', 'deflate', event],
  ['br that is none', 'br', event],
  ['compress', 'compress', event],
  ['aws-chunked', 'aws-chunked', event],
  ['no coding', '', event],
  ['codings of no name', ',,,', event],
  ['many codings', 'gzip,'.repeat(1_000), gzipped],
  ['a coding that is not ASCII', '\u00e9', event],
];

const bytes: readonly [string, Buffer, string?][] = [
  ['bytes that are not UTF-8', Buffer.from('{"event":"\xff\xfe"}', 'latin1'), json],
  ['UTF-16 without a mark', Buffer.from('{"event":"a"}', 'utf16le'), json],
  ['UTF-16 with a mark', Buffer.from('\ufeff{"event":"a"}', 'utf16le'), json],
  ['half a UTF-16', Buffer.from('\ufeff{"event":"a"}', 'utf16le').subarray(0, -1), json],
  ['marks alone', Buffer.from('\ufeff'.repeat(1_000)), json],
  ['random bytes', Buffer.from(Array.from({ length: 4_096 }, (_, n) => (n * 7919) % 251)), json],
  ['as many bytes as may be', Buffer.alloc(mebibyte, ' '), json],
  ['a byte too many', Buffer.alloc(mebibyte + 1, ' '), json],
];

/** For every format: whatever the stream is for, it may get any of them. */
export const hostileBodies: readonly HostileBody[] = [
  ...texts.map(([what, text, contentType]) => ({
    what,
    body: Buffer.from(text),
    ...(contentType && { contentType }),
  })),
  ...encoded.map(([what, contentEncoding, body]) => ({
    what,
    body,
    contentEncoding,
    contentType: json,
  })),
  ...bytes.map(([what, body, contentType]) => ({
    what,
    body,
    ...(contentType && { contentType }),
  })),
];
