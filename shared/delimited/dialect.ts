import { RecordScanner } from './record-scanner.ts';

/** A file's delimiter, and the number of lines before its header. */
export interface Dialect {
  delimiter: Delimiter;
  /** 1 if the file begins with a line such as `sep=;`, as Excel reads it; else 0. */
  linesBefore: 0 | 1;
}

export type Delimiter = ',' | ';' | '\t' | '|';

/** If several fit equally well, the first is chosen. */
export const delimiters: readonly Delimiter[] = [',', ';', '\t', '|'];

/** The part of a file that is examined, in bytes: its header and its first rows. */
export const sampleBytes = 64 * 1024;
const sampleRecords = 100;

const separatorLine = /^sep=([,;\t|])(?:\r\n|\r|\n|$)/i;

/**
 * Detects a file's delimiter by a `sep=` line, or else by its header and its first rows: the header has two cells or
 * more, and as many rows as possible have the same number. A file of one column has no delimiter: the comma is chosen.
 *
 * @param sample the beginning of the file, in UTF-8 and without a byte order mark
 * @param set the delimiter of the config: then nothing is detected
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
  /** The share of the rows with the same number of cells. */
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
  // A row that the sample cuts does not count.
  scanner.push(sample);
  if (sample.length < sampleBytes) scanner.end();
  const [width = 0, ...rows] = widths.slice(0, sampleRecords);
  const alike = rows.filter((row) => row === width).length;
  return { delimiter, width, share: rows.length === 0 ? 1 : alike / rows.length };
}
