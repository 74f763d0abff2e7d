import { type DelimitedOptions, DelimitedReader } from '../../../shared/delimited/reader.ts';

/** What a reader tells of a file. */
export interface Told {
  header: readonly string[] | undefined;
  rows: (string | null)[][];
  /** The line that each row begins at. */
  lines: number[];
  bad: { line: number; text: string; problem: string }[];
  isCanonical: boolean;
}

export const toBytes = (text: string) => new TextEncoder().encode(text);

/** @param chunkBytes how large the chunks are that the file comes in */
export function readDelimited(
  file: Uint8Array | string,
  options: DelimitedOptions = {},
  chunkBytes = Number.POSITIVE_INFINITY,
): Told {
  const bytes = typeof file === 'string' ? toBytes(file) : file;
  const told: Told = { header: undefined, rows: [], lines: [], bad: [], isCanonical: false };
  const reader = new DelimitedReader(options, {
    header: (cells) => {
      told.header = cells;
    },
    row: (record) => {
      told.rows.push(Array.from({ length: record.width }, (_, cell) => record.value(cell)));
      told.lines.push(record.line);
    },
    bad: ({ line, bytes: own, problem }) => {
      told.bad.push({ line, text: new TextDecoder().decode(own), problem });
    },
  });
  for (let at = 0; at < bytes.length; at += chunkBytes) {
    reader.push(bytes.slice(at, Math.min(bytes.length, at + chunkBytes)));
  }
  reader.end();
  told.isCanonical = reader.isCanonical;
  return told;
}
