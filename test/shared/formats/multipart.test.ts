import { describe, expect, it } from 'vitest';
import { firstFields } from '../../../shared/formats/first-fields.ts';
import { readBody } from '../../../shared/formats/read-body.ts';

const encoder = new TextEncoder();

/** One byte a character. */
function bytesOf(text: string): Uint8Array {
  return Uint8Array.from(text, (char) => char.charCodeAt(0));
}

function read(body: string | Uint8Array, contentType = 'multipart/form-data'): unknown {
  const bytes = typeof body === 'string' ? bytesOf(body) : body;
  const reading = readBody({ body: bytes, contentType }, ['json', 'form', 'multipart']);
  return reading.ok ? JSON.parse(reading.text) : reading.problem;
}

const head = 'Content-Disposition: form-data; ';

/** Each with its headers, `\r\n\r\n` and what it holds. */
function parts(...bodies: string[]): string {
  return `${bodies.map((body) => `--B\r\n${head}${body}\r\n`).join('')}--B--\r\n`;
}

describe('a multipart body', () => {
  it('is an object: fields are texts, several with one name an array, a file what is said of it', () => {
    const body = parts(
      'name="a"\r\n\r\n1',
      'name="b"\r\n\r\n',
      'name="a"\r\n\r\n1',
      'name="f"; filename="x.png"\r\nContent-Type: image/png\r\n\r\n\x89PNG\r\n--Bx\r\n--B x',
      'name="f"; filename=""\r\n\r\n',
    );
    expect(read(body)).toEqual({
      a: ['1', '1'],
      b: '',
      f: [
        { name: 'x.png', type: 'image/png', size: 17 },
        { name: '', type: null, size: 0 },
      ],
    });
  });

  it('is read as a browser’s FormData is', async () => {
    const sent = new FormData();
    sent.append('a', 'Příliš "x" & \r\n');
    sent.append('na"me', 'v');
    sent.append('file', new File([Uint8Array.of(0, 13, 10, 255)], 'ř "1".bin', { type: 'a/b' }));
    const request = new Response(sent);
    const contentType = request.headers.get('content-type') ?? '';
    expect(read(new Uint8Array(await request.arrayBuffer()), contentType)).toEqual({
      a: 'Příliš "x" & \r\n',
      'na"me': 'v',
      file: { name: 'ř "1".bin', type: 'a/b', size: 4 },
    });
  });

  it.each<[string, string, unknown]>([
    ['line feeds alone', '--B\nContent-Disposition: form-data; name=a\n\n1\n--B--', { a: '1' }],
    ['a name without quotes', parts('name=a\r\n\r\n1'), { a: '1' }],
    ['no name', '--B\r\n\r\n1\r\n--B--', { '': '1' }],
    [
      'hostile names',
      parts('name="__proto__"\r\n\r\n1', 'name="constructor"; filename="f"\r\n\r\n'),
      JSON.parse('{"__proto__":"1","constructor":{"name":"f","type":null,"size":0}}'),
    ],
    ['a quote in a name', parts('name="a\\"b"\r\n\r\n1'), { 'a"b': '1' }],
    [
      'an escaped file name',
      parts(`name="f"; filename="x"; filename*=UTF-8''na%C3%AFve+1.txt\r\n\r\n`),
      { f: { name: 'naïve+1.txt', type: null, size: 0 } },
    ],
    [
      'a path as a file name',
      parts('name="f"; filename="C:\\x.txt"\r\n\r\n'),
      { f: { name: 'C:\\x.txt', type: null, size: 0 } },
    ],
    [
      'folded headers',
      '--B\r\nContent-Disposition: form-data;\r\n name="a"\r\n\r\n1\r\n--B--',
      { a: '1' },
    ],
    [
      'blanks behind a boundary',
      '--B \t\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--B-- \r\nepilogue',
      { a: '1' },
    ],
    [
      'a boundary of dashes',
      `-----\r\n${head}name="a"\r\n\r\n--\r\n----\r\n-------\r\n`,
      { a: '--\r\n----' },
    ],
    ['a quote without an end', parts('name="a\r\n\r\n1'), { a: '1' }],
    [
      'a field that is no text',
      parts('name="a"\r\nContent-Type: application/octet-stream\r\n\r\n\xff'),
      { a: { name: null, type: 'application/octet-stream', size: 1 } },
    ],
  ])('with %s', (_, body, value) => {
    expect(read(body)).toEqual(value);
  });

  it.each<[string, string]>([
    ['without an end', '--B\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n'],
    ['cut in its headers', '--B\r\nContent-Disposition: form-data; name="a"'],
    [
      'cut in its last boundary',
      '--B\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--B-',
    ],
    ['with headers that never end', `--B\r\n${'a: b\r\n'.repeat(5000)}\r\n1\r\n--B--`],
    ['of one line', '--B'],
  ])('%s is refused', (_, body) => {
    expect(read(body)).toBe('multipart that is cut or broken');
  });

  it('has charsets of its own: of a part, of SendGrid’s `charsets`, or for all', () => {
    const body = parts(
      'name="to"\r\n\r\nRen\xe9',
      'name="charsets"\r\n\r\n{"to":"iso-8859-1","subject":"klingon"}',
      'name="text"\r\nContent-Type: text/plain; charset=windows-1250\r\n\r\n\xf8',
      'name="subject"\r\n\r\n\xe9',
      'name="html"\r\n\r\n\xc5\x99',
    );
    expect(read(body)).toMatchObject({ to: 'René', text: 'ř', subject: '\ufffd', html: 'ř' });
    const common = parts('name="_charset_"\r\n\r\nwindows-1252', 'name="a"\r\n\r\n\x80');
    expect(read(common)).toMatchObject({ a: '€' });
  });

  it('of 20,000 parts, or of nothing but beginnings of boundaries, is read in one pass', () => {
    const many = Array.from({ length: 20_000 }, (_, at) => `name="n${at % 9999}"\r\n\r\n${at}`);
    expect(Object.keys(read(parts(...many)) as object)).toHaveLength(9999);
    const dashes = `${'-'.repeat(200)}\r\n${head}name="a"\r\n\r\n${`\n${'-'.repeat(199)}`.repeat(5000)}`;
    expect(read(dashes)).toBe('multipart that is cut or broken');
    expect(read(`--B\r\n\r\n${'\n'.repeat(1_000_000)}`)).toBe('multipart that is cut or broken');
  });
});

describe('the fields that a signature is made of', () => {
  const names = new Set(['timestamp', 'token', 'signature']);
  const first = (body: string) => firstFields({ body: encoder.encode(body) }, names);

  it('are the first of their names, in a form and in parts', () => {
    const signed = '{"token":"t","timestamp":"1","signature":"s"}';
    expect(first('a=1&token=t&timestamp=1&token=u&signature=s&signature=x')).toBe(signed);
    expect(first('t%6fken=t&timestamp=1&signature=s')).toBe(signed);
    const body = [
      'token"\r\n\r\nt',
      'timestamp"\r\n\r\n1',
      'token"\r\n\r\nu',
      'signature"\r\n\r\ns',
    ];
    expect(first(parts(...body.map((part) => `name="${part}`)))).toBe(signed);
  });

  it('are no files, and not those behind a thousand others', () => {
    expect(first(parts('name="token"; filename="x"\r\n\r\nt'))).toBeUndefined();
    expect(first(`${'a=1&'.repeat(1000)}token=t`)).toBeUndefined();
    expect(
      first(parts(...Array(1000).fill('name="a"\r\n\r\n1'), 'name="token"\r\n\r\nt')),
    ).toBeUndefined();
    expect(first(`token=${'x'.repeat(300_000)}`)).toBeUndefined();
    expect(first('')).toBeUndefined();
  });

  it('stand behind a file of many lines, and not behind headers that no sender writes', () => {
    const token = 'name="token"\r\n\r\nt';
    const file = `name="a"; filename="a"\r\n\r\n${'x\n--\n'.repeat(100_000)}`;
    expect(first(parts(file, token))).toBe('{"token":"t"}');
    const long = `name="a"${';b="c'.repeat(3000)}"\r\n\r\n1`;
    expect(first(parts(long, token))).toBe('{"token":"t"}');
    expect(first(parts(...Array(5).fill(long), token))).toBeUndefined();
  });
});
