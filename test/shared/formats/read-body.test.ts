import { describe, expect, it } from 'vitest';
import { type BodyFormat, formatsOf } from '../../../shared/formats/body-formats.ts';
import { readBody } from '../../../shared/formats/read-body.ts';

const encoder = new TextEncoder();
const all: readonly BodyFormat[] = ['json', 'form', 'form-payload', 'multipart', 'text'];
const common = formatsOf({});

function bytesOf(body: string | readonly number[]): Uint8Array {
  return typeof body === 'string' ? encoder.encode(body) : Uint8Array.from(body);
}

/** One byte a character, as Latin-1 has it. */
function latin1(text: string): number[] {
  return [...text].map((char) => char.charCodeAt(0));
}

function read(
  body: string | readonly number[],
  contentType?: string,
  taken = common,
  inLines = false,
): unknown {
  const reading = readBody({ body: bytesOf(body), contentType }, taken, inLines);
  if (!reading.ok) return reading.problem;
  // What is handed on is JSON, whatever came in.
  JSON.parse(reading.text);
  return reading.text;
}

const form = 'application/x-www-form-urlencoded';
const multipart = 'multipart/form-data; boundary=B';

function parts(...bodies: string[]): string {
  return `${bodies.map((body) => `--B\r\nContent-Disposition: form-data; ${body}\r\n`).join('')}--B--\r\n`;
}

describe('what a body is', () => {
  it.each<[string, string | undefined, string]>([
    ['{"a":1}', undefined, '{"a":1}'],
    // Content-Type is not signed, and often wrong: curl says of whatever it posts that it is a form.
    ['{"a":1}', form, '{"a":1}'],
    ['{"a":1}', 'text/plain', '{"a":1}'],
    ['[1]', multipart, '[1]'],
    [' \r\n{"a":1}', 'text/xml', ' \r\n{"a":1}'],
    ['7', undefined, '7'],
    ['"a=1"', undefined, '"a=1"'],
    ['a=1&b=x+y%21', form, '{"a":"1","b":"x y!"}'],
    ['a=1', undefined, '{"a":"1"}'],
    ['a=1', 'application/json', '{"a":"1"}'],
    ['[a]=1&[b]=2', form, '{"[a]":"1","[b]":"2"}'],
    ['flag&a=', form, '{"flag":"","a":""}'],
    // Who escapes no blanks says at least that it is a form.
    ['first name=Bob&city=Brno', form, '{"first name":"Bob","city":"Brno"}'],
    [' a = 1', form, '{" a ":" 1"}'],
    [parts('name="a"\r\n\r\n1'), multipart, '{"a":"1"}'],
    [parts('name="a"\r\n\r\n1'), 'application/json', '{"a":"1"}'],
    [parts('name="a"\r\n\r\n1'), 'multipart/form-data; boundary=other', '{"a":"1"}'],
    [`\r\n${parts('name="a"\r\n\r\n1')}`, multipart, '{"a":"1"}'],
    [`a preamble\r\n${parts('name="a"\r\n\r\n1')}`, multipart, '{"a":"1"}'],
  ])('%j, sent as %s', (body, contentType, text) => {
    expect(read(body, contentType)).toBe(text);
  });

  it.each<[string, string | undefined, string]>([
    ['<a b="c=d">1</a>', 'text/xml', '"<a b=\\"c=d\\">1</a>"'],
    ['<a/>', undefined, '"<a/>"'],
    ['\ufeff<a/>', undefined, '"<a/>"'],
    ['hello there', 'text/plain', '"hello there"'],
    ['[INFO] hello', 'text/plain', '"[INFO] hello"'],
    ['{"a":1}', 'text/plain', '{"a":1}'],
  ])('%j, sent as %s where text is taken', (body, contentType, text) => {
    expect(read(body, contentType, all)).toBe(text);
  });

  it('is read in the charset of its Content-Type where that of the XML does not hold', () => {
    const xml = latin1('<?xml version="1.0" encoding="utf-8"?><a>\xe9</a>');
    expect(read(xml, 'text/xml; charset=iso-8859-1', all)).toContain('<a>é</a>');
    expect(read(xml, 'text/xml', all)).toBe('not UTF-8');
  });

  it('is what the stream takes, where it takes one format', () => {
    expect(read('{"a":1}', 'application/json', ['form'])).toBe('{"{\\"a\\":1}":""}');
    expect(read('a=1', form, ['text'])).toBe('"a=1"');
    expect(read('a=1', form, ['json'])).toBe('not JSON');
    expect(read('a=1', 'text/plain', ['form', 'form-payload'])).toBe('{"a":"1"}');
  });

  it.each<[string, string | undefined, string]>([
    ['', undefined, 'empty'],
    ['', form, 'empty'],
    ['{"a":', undefined, 'not JSON'],
    ['{"a":', form, 'not JSON'],
    ['{"a=1":', form, 'not JSON'],
    ['[{"a":1', form, 'not JSON'],
    ['events: 1', undefined, 'not JSON'],
    ['first name=Bob', undefined, 'not JSON'],
    ['hello there', form, 'not JSON'],
    ['<a b=c>', form, 'not JSON'],
    ['<a b="c">', 'text/xml', 'not JSON'],
    ['not=', 'application/json', '{"not":""}'],
    ['--', multipart, 'multipart without a boundary'],
    ['--B\r\n', multipart, 'multipart that is cut or broken'],
    ['--B--\r\n', multipart, 'empty, not a form'],
  ])('%j, sent as %s, is %s', (body, contentType, problem) => {
    expect(read(body, contentType)).toBe(problem);
  });
});

describe('a form', () => {
  it.each([
    ['sku[]=A&qty[]=1&sku[]=B&qty[]=1', '{"sku[]":["A","B"],"qty[]":["1","1"]}'],
    ['a=%C5%99&b=%F0%9F%9A%80', '{"a":"ř","b":"🚀"}'],
    ['a=%zz&b=%4&c=100%', '{"a":"%zz","b":"%4","c":"100%"}'],
    ['a=\ufeffb', '{"a":"\ufeffb"}'],
    ['__proto__=1&constructor=2&1=3&0=4', '{"__proto__":"1","constructor":"2","1":"3","0":"4"}'],
    ['a=b=c&&d', '{"a":"b=c","d":""}'],
    ['?a=1', '{"?a":"1"}'],
  ])('%j is %s', (body, text) => {
    expect(read(body, form)).toBe(text);
  });

  it.each([
    ['{"a":1}', '{"a":1}'],
    [' [1,2]', '[1,2]'],
    ['{"n":12345678901234567890.10}', '{"n":12345678901234567890.10}'],
  ])('holds the document %j', (payload, text) => {
    expect(read(`payload=${encodeURIComponent(payload)}`, form)).toBe(text);
    expect(read(`payload=${encodeURIComponent(payload)}`, undefined)).toBe(text);
  });

  it.each([
    ['payload=hello', '{"payload":"hello"}'],
    ['payload=%7B%22a%22', '{"payload":"{\\"a\\""}'],
    ['payload=7', '{"payload":"7"}'],
    ['payload=%7B%7D&payload=%7B%7D', '{"payload":["{}","{}"]}'],
    ['payload=%5B1%5D&a=2', '{"payload":"[1]","a":"2"}'],
  ])('%s holds none', (body, text) => {
    expect(read(body, form)).toBe(text);
  });

  it('keeps what stands beside the document, which it does not replace', () => {
    expect(read('token=t&a=x&payload=%7B%22a%22%3A1%7D', form)).toBe('{"a":1,"token":"t"}');
    expect(read('payload=%7B%7D&__proto__=1', form)).toBe('{"__proto__":"1"}');
    expect(read('payload=%7B%22__proto__%22%3A1%7D&__proto__=2', form)).toBe('{"__proto__":1}');
  });
});

describe('a charset', () => {
  it.each<[string, number[], string | undefined, unknown]>([
    ['that is declared', latin1('name=Ren\xe9'), `${form}; charset=windows-1252`, { name: 'René' }],
    [
      'ISO-8859-1, which is windows-1252',
      latin1('a=\x80'),
      `${form};charset="ISO-8859-1"`,
      { a: '€' },
    ],
    ['of escapes', latin1('a=Ren%E9'), `${form}; charset=iso-8859-1`, { a: 'René' }],
    ['windows-1250', latin1('a=\xf8'), `${form}; charset=windows-1250`, { a: 'ř' }],
    ['of JSON', latin1('{"a":"\xe9"}'), 'application/json; charset=latin1', { a: 'é' }],
    [
      'Shift_JIS, whose letters hold backslashes',
      [...latin1('{"a":"'), 0x83, 0x5c, ...latin1('"}')],
      'application/json; charset=shift_jis',
      { a: 'ソ' },
    ],
    ['UTF-16 by its mark', [0xff, 0xfe, ...latin1('{\0"\0a\0"\0:\x001\0}\0')], undefined, { a: 1 }],
    [
      'UTF-16 as declared',
      latin1('{\0"\0a\0"\0:\x001\0}\0'),
      'application/json; charset=utf-16le',
      { a: 1 },
    ],
    [
      'two marks',
      [0xef, 0xbb, 0xbf, 0xef, 0xbb, 0xbf, ...latin1('{"a":1}')],
      'application/json',
      { a: 1 },
    ],
    [
      'marks before a form',
      [0xef, 0xbb, 0xbf, 0xef, 0xbb, 0xbf, ...latin1('a=1')],
      form,
      { a: '1' },
    ],
    [
      'that nobody knows, of what is UTF-8',
      [...encoder.encode('{"a":"é"}')],
      'application/json; charset=klingon',
      { a: 'é' },
    ],
    [
      'that is declared of what is UTF-8',
      [...encoder.encode('{"a":"é"}')],
      'application/json; charset=iso-8859-1',
      { a: 'é' },
    ],
  ])('%s', (_, body, contentType, value) => {
    expect(JSON.parse(String(read(body, contentType)))).toEqual(value);
  });

  it.each<[string, number[], string | undefined, string]>([
    ['none', latin1('{"a":"\xe9"}'), undefined, 'not UTF-8'],
    [
      'one that nobody knows',
      latin1('{"a":"\xe9"}'),
      'application/json; charset=klingon',
      'not UTF-8, and of a charset that is not known',
    ],
    [
      'one that the body is not in',
      latin1('{"a":"\xff"}'),
      'application/json; charset=shift_jis',
      'not SHIFT_JIS',
    ],
    ['half of UTF-16', [0xff, 0xfe, 0x7b], undefined, 'not UTF-16LE'],
    ['none, of a form', latin1('a=\xe9'), form, 'not UTF-8, not a form'],
  ])('%s is told', (_, body, contentType, problem) => {
    expect(read(body, contentType)).toBe(problem);
  });

  it('of XML is what the XML says', () => {
    const xml = latin1('<?xml version="1.0" encoding="ISO-8859-1"?><a>Ren\xe9</a>');
    expect(JSON.parse(String(read(xml, 'text/xml', ['json', 'text'])))).toContain('René');
  });
});

describe('lines', () => {
  it.each([
    ['{"a":1}\n{"b":2}', '[{"a":1},{"b":2}]'],
    ['{"a":1}\r\n\r\n 7 \r\n', '[{"a":1},7]'],
    ['\ufeff{"a":1}\n', '[{"a":1}]'],
    ['{\n  "a": 1\n}', '[{\n  "a": 1\n}]'],
    ['[1]\n[2]', '[[1],[2]]'],
  ])('%j are %s', (body, text) => {
    expect(read(body, 'application/x-ndjson', ['json'], true)).toBe(text);
  });

  it.each([
    ['{"a":1}\n{"b":', 'not JSON in its line 2'],
    ['1,2\n3', 'not JSON in its line 1'],
    ['{"a":1}]\n[{"b":2}', 'not JSON in its line 1'],
    ['\n \n', 'empty'],
  ])('%j are refused: %s', (body, problem) => {
    expect(read(body, 'application/x-ndjson', ['json'], true)).toBe(problem);
  });
});
