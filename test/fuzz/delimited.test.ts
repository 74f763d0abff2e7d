import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Delimiter, delimiters } from '../../shared/delimited/dialect.ts';
import { DelimitedReader } from '../../shared/delimited/reader.ts';
import { RecordWriter } from '../../shared/delimited/record-writer.ts';
import { RelayError } from '../../shared/errors.ts';
import { readDelimited, toBytes } from '../shared/delimited/read.ts';
import { runs } from './runs.ts';
import { bytes } from './soup.ts';

// Our reader and the platform's own, on the same bytes: the same value, or a refusal.

describe('a delimited file', () => {
  const cell = fc.string({
    unit: fc.oneof(fc.constantFrom(...'ab1 ,;\t|"\r\n'), fc.constantFrom('é', '🙂', '\u0000')),
    maxLength: 6,
  });
  const table = fc.integer({ min: 2, max: 4 }).chain((width) =>
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
