import type { ErrorProto } from '../errors.ts';
import type { Cell } from '../tables/cell.ts';
import type { Field } from '../tables/schema.ts';

/** A row of the file in the order of the source's own columns, or what is wrong with it. */
export type FileRow = { cells: Cell[] } | { problem: ErrorProto };

/** A file whose columns are known and whose rows can be read once. */
export interface LoadFile {
  schema: Field[];
  rows(): AsyncIterable<FileRow[]>;
}

export function problem(message: string): FileRow {
  return {
    problem: { reason: 'invalid', message: `Error while reading data, error message: ${message}` },
  };
}
