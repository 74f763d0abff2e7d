import { expect, test } from 'vitest';
import { CsvParser, type CsvRecord } from '../../../local/bigquery/jobs/load/csv-parser.ts';

const TEXT = '\uFEFFa,"b ""q""\r\nc",\r\n\r\n"",é😀\r"x"\n1,2,3';
const RECORDS: CsvRecord[] = [
  { cells: [bare('a'), quoted('b "q"\r\nc'), bare('')], line: 1, offset: 3 },
  { cells: [quoted(''), bare('é😀')], line: 4, offset: 22 },
  { cells: [quoted('x')], line: 5, offset: 32 },
  { cells: [bare('1'), bare('2'), bare('3')], line: 6, offset: 36 },
];

function bare(text: string): CsvRecord['cells'][number] {
  return { text, quoted: false };
}

function quoted(text: string): CsvRecord['cells'][number] {
  return { text, quoted: true };
}

test.each(Array.from({ length: TEXT.length }, (_, i) => i + 1))(
  'records are the same, cut into chunks of %i characters',
  (size) => {
    const parser = new CsvParser({ delimiter: ',', quote: '"', allowQuotedNewlines: true });
    const records: CsvRecord[] = [];
    for (let at = 0; at < TEXT.length; at += size) {
      records.push(...parser.push(TEXT.slice(at, at + size)));
    }
    records.push(...parser.end());
    expect(records).toEqual(RECORDS);
  },
);
