import type { ErrorProto } from '../../errors.ts';
import type { Cell } from '../../tables/cell.ts';
import type { Field } from '../../tables/schema.ts';

/** A row, with cells in the order of the file's schema, or the problem with it. */
export type FileRow = { cells: Cell[] } | { problem: ErrorProto };

/** An open file of a load job. Its rows can be read once. */
export interface LoadFile {
  schema: Field[];
  rows(): AsyncIterable<FileRow[]>;
}

export function problem(message: string): FileRow {
  return {
    problem: { reason: 'invalid', message: `Error while reading data, error message: ${message}` },
  };
}
