import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Delimiter, delimiters } from '../../shared/delimited/dialect.ts';
import { DelimitedReader } from '../../shared/delimited/reader.ts';
import { RecordWriter } from '../../shared/delimited/record-writer.ts';
import { readEnvelope, toAttributes, toData } from '../../shared/envelope.ts';
import { RelayError } from '../../shared/errors.ts';
import { formPairs } from '../../shared/formats/form.ts';
import { readBody } from '../../shared/formats/read-body.ts';
import { decodeText } from '../../shared/formats/text.ts';
import { readJsonText } from '../../shared/json/json-body.ts';
import { setMember } from '../../shared/json/json-edit.ts';
import { findValues, parseJsonPath } from '../../shared/json/json-path.ts';
import { readDelimited, toBytes } from '../shared/delimited/read.ts';
import { runs, timeoutMs } from './runs.ts';

// Our readers and the platform's own, on the same bytes: the same value, or a refusal.

const unit = fc.oneof(
  fc.constantFrom(...'abAB019 ,;\t|"\r\n&=+%{}[]:\\/\'<>-_.'),
  fc.constantFrom(
    'é',
    '漢',
    '🙂',
    '\u0000',
    '\ufeff',
    '\ufffd',
    '\u2028',
    '%C3%A9',
    '%',
    '%zz',
    '\\u00e9',
    '\\ud83d',
  ),
);
const soup = fc.string({ unit, maxLength: 40 });
const bytes = fc.oneof(
  fc.uint8Array({ maxLength: 40 }).map((made) => made.slice()),
  soup.map((text) => toBytes(text)),
);

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

describe('JSON', () => {
  const parses = (text: string) => {
    try {
      return { value: JSON.parse(text) as unknown };
    } catch {
      return undefined;
    }
  };
  const utf8 = new TextDecoder('utf-8', { fatal: true });
  const decodes = (body: Uint8Array) => {
    try {
      return utf8.decode(body);
    } catch {
      return undefined;
    }
  };
  const json = fc.json({ stringUnit: 'grapheme', maxDepth: 4 });
  const broken = fc.tuple(json, fc.nat(), fc.nat(3), unit).map(([text, at, cut, more]) => {
    const place = at % (text.length + 1);
    return text.slice(0, place) + more + text.slice(place + cut);
  });

  test('a body is taken where TextDecoder and JSON.parse take it', () => {
    fc.assert(
      fc.property(fc.oneof(bytes, json.map(toBytes), broken.map(toBytes)), (body) => {
        const text = decodes(body);
        const theirs = text === undefined ? undefined : parses(text);
        const ours = readJsonText(body);
        // Bytes of UTF-16 with its mark are read too.
        if (body[0] === 0xff || body[0] === 0xfe) return;
        // A second mark is dropped too.
        if (text?.startsWith('\ufeff')) return;
        expect(ours.ok).toBe(theirs !== undefined);
        if (ours.ok) expect(JSON.parse(ours.text)).toEqual(theirs?.value);
      }),
      runs(300),
    );
  });

  // No backslash: after `{"a":1,"\\\\":1}`, the JSON.parse of Node 24.21 (V8 13.6) reads `{"a":1,"\\n":1}` as that.
  const key = fc
    .oneof(
      fc.constantFrom('a', 'b', 'a.b', "it's", '0', '__proto__', 'é', '"', '\n'),
      fc.string({ maxLength: 3 }),
    )
    .filter((name) => !name.includes('\\'));
  const tree = fc.letrec((tie) => ({
    node: fc.oneof(
      { maxDepth: 4 },
      fc.constantFrom(1, -0.5, 'x', true, null, '🙂'),
      tie('list'),
      tie('map'),
    ),
    list: fc.array(tie('node'), { maxLength: 4 }),
    map: fc.dictionary(key, tie('node'), { maxKeys: 4 }),
  })).node;
  const step = fc.oneof(key, fc.nat(3), fc.constant(null));
  const path = fc.array(step, { maxLength: 4 });

  /** What a path names, by the parsed value. */
  function values(value: unknown, path: readonly (string | number | null)[]): unknown[] {
    const [first, ...rest] = path;
    if (path.length === 0) return [value];
    if (Array.isArray(value)) {
      if (first === null) return value.flatMap((item) => values(item, rest));
      return typeof first === 'number' && first < value.length ? values(value[first], rest) : [];
    }
    if (typeof value !== 'object' || value === null || typeof first !== 'string') return [];
    const own = Object.getOwnPropertyDescriptor(value, first);
    return own ? values(own.value, rest) : [];
  }

  test('a path finds what a walk over the parsed value finds', () => {
    fc.assert(
      fc.property(tree, path, fc.constantFrom(undefined, 1), (value, path, indent) => {
        const found = findValues(JSON.stringify(value, null, indent), path) ?? [];
        expect(found.map((raw) => JSON.parse(raw))).toEqual(
          values(JSON.parse(JSON.stringify(value)), path),
        );
      }),
      runs(300),
    );
  });

  test('a member is set, and every other one stays', () => {
    const names = fc.array(key, { minLength: 1, maxLength: 3 });
    fc.assert(
      fc.property(fc.dictionary(key, tree, { maxKeys: 4 }), names, json, (value, path, raw) => {
        const before = JSON.stringify(value);
        let text: string;
        try {
          text = setMember(before, path, raw);
        } catch (error) {
          expect(error).toBeInstanceOf(TypeError);
          return;
        }
        const after = JSON.parse(text);
        expect(values(after, path)).toEqual([JSON.parse(raw)]);
        for (const name of Object.keys(JSON.parse(before))) {
          if (name !== path[0])
            expect(values(after, [name])).toEqual(values(JSON.parse(before), [name]));
        }
      }),
      runs(400),
    );
  });

  test('a path of any text is a path, or a reason at a place', () => {
    const piece = fc.constantFrom(
      '$',
      '.',
      '[',
      ']',
      '[]',
      '[0]',
      "['",
      "']",
      '["',
      '"]',
      '\\',
      'a',
      '..',
      '*',
      '@',
      '-1',
      ' ',
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(piece, { maxLength: 8 }).map((all) => all.join('')),
        ),
        (text) => {
          const reading = parseJsonPath(text);
          if (reading.ok) findValues('{"a":[{"a":1}]}', reading.path);
          else {
            expect(reading.reason).toMatch(/\w/);
            expect(reading.at).toBeGreaterThanOrEqual(0);
            expect(reading.at).toBeLessThanOrEqual(text.length);
          }
        },
      ),
      runs(600),
    );
  });
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

describe('a delimited file', () => {
  const cell = fc.string({
    unit: fc.oneof(fc.constantFrom(...'ab1 ,;\t|"\r\n'), fc.constantFrom('é', '🙂', '\u0000')),
    maxLength: 6,
  });
  const table = fc
    .integer({ min: 2, max: 4 })
    .chain((width) =>
      fc.array(fc.array(cell, { minLength: width, maxLength: width }), {
        minLength: 1,
        maxLength: 6,
      }),
    );
  const quoted = (rows: string[][], delimiter: string, end: string) =>
    rows
      .map((row) => row.map((text) => `"${text.replaceAll('"', '""')}"`).join(delimiter) + end)
      .join('');

  test('has the cells that were written, in any dialect and in chunks of any size', () => {
    fc.assert(
      fc.property(
        table,
        fc.constantFrom(...delimiters),
        fc.constantFrom('\n', '\r\n'),
        fc.integer({ min: 1, max: 9 }),
        (rows, delimiter, end, chunk) => {
          const told = readDelimited(quoted(rows, delimiter, end), { delimiter }, chunk);
          expect(told.bad).toEqual([]);
          expect([told.header, ...told.rows]).toEqual(rows);
        },
      ),
      runs(300),
    );
  });

  test('is read as csv-parse reads it, where both take it', () => {
    const line = fc.array(
      fc.oneof(
        cell,
        cell.map((text) => `"${text.replaceAll('"', '""')}"`),
      ),
      { minLength: 2, maxLength: 4 },
    );
    fc.assert(
      fc.property(
        fc.array(line, { minLength: 1, maxLength: 5 }),
        fc.constantFrom<Delimiter>(',', ';'),
        (lines, delimiter) => {
          const text = lines.map((cells) => cells.join(delimiter)).join('\n');
          fc.pre(!/^sep=/i.test(text) && !text.includes('\r'));
          let theirs: string[][] | undefined;
          try {
            theirs = parse(text, {
              delimiter,
              relax_column_count: true,
              skip_empty_lines: true,
              record_delimiter: '\n',
            });
          } catch {
            theirs = undefined;
          }
          const ours = tryRead(text, delimiter);
          if (!ours || !theirs || ours.bad.length > 0) return;
          const width = theirs[0]?.length;
          const rows = theirs.filter(
            (row) => row.length === width && !(row.length === 1 && row[0]?.trim() === ''),
          );
          const read = [ours.header ?? [], ...ours.rows].map((row) =>
            row.map((value) => value ?? ''),
          );
          expect(read).toEqual(rows);
        },
      ),
      runs(600),
    );
  });

  test('is written so that csv-parse reads the same', () => {
    fc.assert(
      fc.property(table, fc.constantFrom(...delimiters), (rows, delimiter) => {
        const writer = new RecordWriter();
        const reader = new DelimitedReader(
          { delimiter },
          {
            header: (cells) => writer.header(cells),
            row: (record) =>
              writer.write(
                record,
                Array.from({ length: record.width }, (_, at) => at),
              ),
            bad: ({ problem }) => expect.fail(problem),
          },
        );
        reader.push(toBytes(quoted(rows, delimiter, '\n')));
        reader.end();
        const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(writer.take());
        expect(parse(text, { record_delimiter: '\n' })).toEqual(rows);
      }),
      runs(300),
    );
  });

  test('of any bytes is told without a crash: rows, bad records, or one named error', () => {
    fc.assert(
      fc.property(
        bytes,
        fc.constantFrom(undefined, ...delimiters),
        fc.integer({ min: 1, max: 8 }),
        (file, delimiter, chunk) => {
          tryRead(file, delimiter, chunk);
        },
      ),
      runs(600),
    );
  });
});

function tryRead(file: Uint8Array | string, delimiter?: Delimiter, chunk?: number) {
  try {
    return readDelimited(file, { delimiter }, chunk);
  } catch (error) {
    expect(error).toBeInstanceOf(RelayError);
    return undefined;
  }
}

test('an envelope is read as it was written', () => {
  const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 });
  const optional = fc.record(
    {
      event: text,
      contentType: text,
      contentEncoding: text,
      query: text,
      secret: text,
      headers: fc.dictionary(fc.constantFrom('x-a', 'x-b'), text),
    },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(
      fc.uuid(),
      fc.integer({ min: 0, max: 8.64e15 }),
      optional,
      bytes,
      (deliveryId, receivedAt, more, body) => {
        const sent = { stream: 'shop', deliveryId, receivedAt, ...more };
        const data = toData({ body, ...(more.query !== undefined && { query: more.query }) });
        const reading = readEnvelope(toAttributes(sent), data);
        const { query, headers, ...rest } = sent;
        expect(reading).toMatchObject({ ok: true, envelope: rest });
        if (reading.ok) {
          expect([...reading.envelope.body]).toEqual([...body]);
          if (headers && Object.keys(headers).length > 0)
            expect(reading.envelope.headers).toEqual(headers);
        }
      },
    ),
    runs(500),
  );
});

test('any message is an envelope, or has a problem', () => {
  const name = fc.oneof(
    fc.constantFrom(
      'stream',
      'delivery_id',
      'received_at',
      'event_name',
      'content_type',
      'query',
      'replay',
      'traceparent',
      'method',
      '__proto__',
      'header_x',
    ),
    fc.string(),
  );
  fc.assert(
    fc.property(fc.dictionary(name, fc.string({ unit: 'binary' })), bytes, (attributes, data) => {
      const reading = readEnvelope(attributes, data);
      if (!reading.ok) expect(reading.problem).toMatch(/\w/);
    }),
    runs(400),
  );
});
