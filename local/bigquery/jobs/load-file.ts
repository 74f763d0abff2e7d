import type { ErrorProto } from '../errors.ts';
import type { Cell } from '../tables/cell.ts';
import type { Field } from '../tables/schema.ts';

/** A row of the file in the order of the source's own columns, or what is wrong with it. */
export type SourceRow = { cells: Cell[] } | { problem: ErrorProto };

/** A file whose columns are known and whose rows can be read once. */
export interface Source {
  schema: Field[];
  rows(): AsyncIterable<SourceRow[]>;
}

export function problem(message: string): SourceRow {
  return {
    problem: { reason: 'invalid', message: `Error while reading data, error message: ${message}` },
  };
}
