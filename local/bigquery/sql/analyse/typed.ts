import type { SqlType } from '../types.ts';

/** An expression of DuckDB with its type in GoogleSQL. */
export interface Typed {
  sql: string;
  type: SqlType;
  /** A literal, or a parameter, may be coerced to further types. */
  literal?: { kind: 'STRING' | 'INT64' | 'FLOAT64' | 'NULL'; text: string };
  parameter?: boolean;
  /** The items of an array literal, which are coerced one by one. */
  items?: Typed[];
  /** The fields of a STRUCT that is written out. */
  fields?: Typed[];
  /** Compares without regard to case: `COLLATE(x, 'und:ci')`. */
  ignoresCase?: boolean;
}
