import type { Call, Expression, Query } from '../parse/trees/tree.ts';
import type { SqlType } from '../types.ts';
import type { Relation, Scope } from './scope.ts';
import type { Typed } from './typed.ts';

/** What a table is when it is read. */
export interface TableSource {
  relation: Relation;
  /** The name under which its columns are found if it has no alias. */
  name: string;
}

/** A function that a statement or a dataset defines. */
export interface Routine {
  parameters: { name: string; type: SqlType | undefined }[];
  /** The body, for a function of SQL. */
  body?: Expression;
  /** The id of a function in JavaScript. */
  javaScript?: string;
  returns?: SqlType;
}

/** What surrounds a statement: tables, parameters, variables, functions. */
export interface Environment {
  /** Microseconds since 1970, the same in the whole statement. */
  now: bigint;
  /** Throws notFound, and invalidQuery for a name without a dataset. */
  table(path: readonly string[], systemTime: Typed | undefined, pos: number): TableSource;
  parameter(name: string | number): SqlType | undefined;
  variable(name: string): Typed | undefined;
  system(name: string): Typed | undefined;
  routine(name: string): Routine | undefined;
  tableFunction(
    name: string,
  ): { parameters: { name: string; type: SqlType | undefined }[]; query: Query } | undefined;
}

/** Translates the parts of a statement, each of which refers to the others. */
export interface Analysis {
  readonly environment: Environment;
  /** How many aggregate and analytic calls were seen. */
  aggregates: number;
  /** A name for DuckDB that no other part of the statement has. */
  fresh(prefix: string): string;
  expression(expression: Expression, scope: Scope): Typed;
  query(query: Query, scope: Scope): Relation;
  call(call: Call & { pos: number }, scope: Scope): Typed;
}
