import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formPairs } from '../../shared/formats/form.ts';
import { readBody } from '../../shared/formats/read-body.ts';
import { decodeText } from '../../shared/formats/text.ts';
import { toBytes } from '../shared/delimited/read.ts';
import { runs, timeoutMs } from './runs.ts';
import { bytes, soup } from './soup.ts';

// Our reader and the platform's own, on the same bytes: the same value, or a refusal.

describe('a form', () => {
  test('has the pairs that URLSearchParams reads', () => {
    fc.assert(
      fc.property(soup, (form) => {
        // URLSearchParams drops a question mark at the beginning, and we do not.
        fc.pre(!form.startsWith('?'));
        // Node reads what is beyond ASCII wrongly beside an escape that is none.
        const ascii = form.replace(/[\u0080-\u{10ffff}]+/gu, encodeURIComponent);
        expect([...formPairs(form)]).toEqual([...new URLSearchParams(ascii)]);
      }),
      runs(300),
    );
  });

  test('is read back as it was written, whatever its fields', () => {
    const field = fc.string({ unit: 'grapheme', maxLength: 8 });
    fc.assert(
      fc.property(fc.array(fc.tuple(field, field), { minLength: 1, maxLength: 5 }), (pairs) => {
        const body = toBytes(new URLSearchParams(pairs).toString());
        const contentType = 'application/x-www-form-urlencoded';
        const reading = readBody({ body, contentType }, ['form']);
        const expected: Record<string, unknown> = Object.create(null);
        for (const [name] of pairs) {
          const values = pairs.filter(([other]) => other === name).map(([, value]) => value);
          expected[name] = values.length === 1 ? values[0] : values;
        }
        expect(reading.ok && Object.entries(JSON.parse(reading.text)).toSorted()).toEqual(
          Object.entries(expected).toSorted(),
        );
      }),
      runs(400),
    );
  });
});

test('a multipart form has the fields and files that FormData reads', {
  timeout: timeoutMs,
}, async () => {
  const name = fc
    .string({ unit: 'grapheme', minLength: 1, maxLength: 8 })
    .filter((text) => text.isWellFormed() && !/^(_charset_|charsets)$/.test(text));
  const value = fc.oneof(
    soup.map((text) => text.replaceAll('\r\n', '\n').replaceAll('\r', '\n')),
    fc.uint8Array({ maxLength: 20 }),
  );
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(name, value), { minLength: 1, maxLength: 4 }),
      async (fields) => {
        const form = new FormData();
        for (const [field, content] of fields) {
          if (typeof content === 'string') form.append(field, content);
          else form.append(field, new Blob([content.slice()], { type: 'image/png' }), 'a"b.png');
        }
        const sent = new Response(form);
        const contentType = sent.headers.get('content-type') ?? '';
        const body = new Uint8Array(await sent.arrayBuffer());
        const theirs: Record<string, unknown[]> = Object.create(null);
        for (const [field, content] of await new Response(body, {
          headers: { 'content-type': contentType },
        }).formData()) {
          theirs[field] ??= [];
          theirs[field]?.push(
            typeof content === 'string'
              ? content
              : { name: content.name, type: content.type, size: content.size },
          );
        }
        const reading = readBody({ body, contentType }, ['multipart']);
        expect(reading.ok).toBe(true);
        const ours = Object.entries(JSON.parse(reading.ok ? reading.text : '{}'));
        const expected = Object.entries(theirs).map(([field, all]) => [
          field,
          all.length === 1 ? all[0] : all,
        ]);
        expect(ours.toSorted()).toEqual(expected.toSorted());
      },
    ),
    runs(200),
  );
});

test('any bytes as any format: a text that is JSON, or a problem', () => {
  const contentType = fc.constantFrom(
    undefined,
    'application/json',
    'application/json; charset=utf-16',
    'application/x-www-form-urlencoded; charset=iso-8859-2',
    'multipart/form-data; boundary=ab',
    'text/xml; charset=iso-2022-jp',
    'x',
  );
  const formats = fc.subarray(['json', 'form', 'form-payload', 'multipart', 'text'] as const, {
    minLength: 1,
  });
  fc.assert(
    fc.property(bytes, contentType, formats, fc.boolean(), (body, contentType, taken, inLines) => {
      const reading = readBody(
        { body, ...(contentType !== undefined && { contentType }) },
        taken,
        inLines,
      );
      if (reading.ok) JSON.parse(reading.text);
      else expect(reading.problem).toMatch(/\w/);
    }),
    runs(300),
  );
});

test('text is what TextDecoder says, in the charset that the bytes or the sender name', () => {
  const labels = [
    'utf-8',
    'windows-1252',
    'iso-8859-2',
    'shift_jis',
    'gb18030',
    'euc-kr',
    'nonsense',
    '',
  ];
  fc.assert(
    fc.property(bytes, fc.constantFrom(undefined, ...labels), (body, charset) => {
      const isMarked =
        (body[0] === 0xff && body[1] === 0xfe) || (body[0] === 0xfe && body[1] === 0xff);
      fc.pre(!isMarked);
      const read = (label: string) => {
        try {
          return new TextDecoder(label, { fatal: true, ignoreBOM: true }).decode(body);
        } catch {
          return undefined;
        }
      };
      const ours = decodeText(body, charset);
      expect(ours.ok ? ours.text : undefined).toBe(
        read('utf-8') ?? (charset === undefined ? undefined : read(charset)),
      );
      if (!ours.ok) expect(ours.problem).toMatch(/^not /);
    }),
    runs(600),
  );
});
