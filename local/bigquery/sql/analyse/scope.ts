import type { WindowSpec } from '../parse/trees/tree.ts';
import { quote, type SqlType } from '../types.ts';
import type { Typed } from './typed.ts';

/** A column of a result. `sqlName` is its name in DuckDB. */
export interface Column {
  name: string | undefined;
  sqlName: string;
  type: SqlType;
  /** A column of NULLs without a type, which takes the type of the other side of a UNION. */
  isUntyped?: boolean;
  /** Compares without regard to case. */
  ignoresCase?: boolean;
  /** Read only by its name, as `_PARTITIONTIME` and `_TABLE_SUFFIX`. */
  isPseudo?: boolean;
}

/** A query in DuckDB's SQL, with its columns. */
export interface Relation {
  sql: string;
  columns: Column[];
  /** The rows of a SELECT without FROM, for UNION ALL. */
  rows?: Typed[][];
  /** SELECT AS STRUCT or AS VALUE: the only column is the row. */
  isValueTable: boolean;
}

/** Something in a FROM clause. */
export interface Range {
  /** Undefined for a subquery without an alias. */
  name: string | undefined;
  /** The alias in DuckDB's SQL. */
  alias: string;
  columns: Column[];
  /** The column that is the row: of UNNEST, and of value tables. */
  value?: Column;
}

/** The names that an expression sees. */
export interface Scope {
  readonly parent: Scope | undefined;
  readonly ranges: readonly Range[];
  /** The columns that JOIN … USING merges. */
  readonly merged?: ReadonlyMap<string, Typed>;
  /** The names of a SELECT list, in clauses that see them. */
  readonly aliases?: ReadonlyMap<string, Typed>;
  readonly ctes: ReadonlyMap<string, Relation & { alias: string }>;
  readonly windows?: ReadonlyMap<string, WindowSpec>;
  /** The parameters of a lambda or of a function. */
  readonly locals?: ReadonlyMap<string, Typed>;
  /** What each aggregate's rows must fulfil, for PIVOT. */
  readonly filter?: string;
  readonly allowsAggregates?: boolean;
}

export const EMPTY_SCOPE: Scope = { parent: undefined, ranges: [], ctes: new Map() };

/** A scope inside another one, which sees the same common table expressions. */
export function innerScope(parent: Scope, more: Partial<Scope> = {}): Scope {
  return { parent, ranges: [], ctes: parent.ctes, ...more };
}

export function columnOf(range: Range, column: Column): Typed {
  return {
    sql: `${range.alias}.${quote(column.sqlName)}`,
    type: column.type,
    ...(column.ignoresCase === true && { ignoresCase: true }),
  };
}

export function findColumn(columns: readonly Column[], name: string): Column[] {
  const wanted = name.toLowerCase();
  return columns.filter((column) => column.name?.toLowerCase() === wanted);
}
