import { RecordScanner } from './record-scanner.ts';

/** What parts the cells of a file, and how many lines stand before its header. */
export interface Dialect {
  delimiter: Delimiter;
  /** 1 where the file begins with a line such as `sep=;`, as Excel reads it; else 0. */
  linesBefore: 0 | 1;
}

export type Delimiter = ',' | ';' | '\t' | '|';

/** The first of them that fits best counts. */
export const delimiters: readonly Delimiter[] = [',', ';', '\t', '|'];

/** What is looked at of a file, in bytes: its header and its first rows. */
export const sampleBytes = 64 * 1024;
const sampleRecords = 100;

const separatorLine = /^sep=([,;\t|])(?:\r\n|\r|\n|$)/i;

/**
 * Tells the delimiter of a file from a `sep=` line, or else from its header and its first rows: it parts the
 * header into two cells or more, and as many rows as possible into just as many. A file of one column has
 * none of them, and then the comma counts.
 *
 * @param sample the beginning of the file, in UTF-8 and without a byte order mark
 * @param set the delimiter that the config names: then none is looked for
 */
export function detectDialect(sample: Uint8Array, set?: Delimiter): Dialect {
  const first = new TextDecoder().decode(sample.subarray(0, 8));
  const [line, named] = separatorLine.exec(first) ?? [];
  const linesBefore = line === undefined ? 0 : 1;
  if (set !== undefined) return { delimiter: set, linesBefore };
  if (named !== undefined) return { delimiter: named as Delimiter, linesBefore };
  const fits = delimiters.map((delimiter) => fitOf(sample, delimiter));
  const best = fits.reduce((one, other) => (isBetter(other, one) ? other : one));
  return { delimiter: best.delimiter, linesBefore };
}

interface Fit {
  delimiter: Delimiter;
  /** Cells of the header. */
  width: number;
  /** The share of the rows that are as wide. */
  share: number;
}

function isBetter(one: Fit, other: Fit): boolean {
  if (one.width < 2) return false;
  if (other.width < 2) return true;
  return one.share > other.share || (one.share === other.share && one.width > other.width);
}

function fitOf(sample: Uint8Array, delimiter: Delimiter): Fit {
  const widths: number[] = [];
  const options = { delimiter, maxRecordBytes: sampleBytes };
  const scanner = new RecordScanner(options, {
    record: ({ width }) => void widths.push(width),
    bad: () => void widths.push(0),
  });
  // What the sample cuts off is no row.
  scanner.push(sample);
  if (sample.length < sampleBytes) scanner.end();
  const [width = 0, ...rows] = widths.slice(0, sampleRecords);
  const alike = rows.filter((row) => row === width).length;
  return { delimiter, width, share: rows.length === 0 ? 1 : alike / rows.length };
}
