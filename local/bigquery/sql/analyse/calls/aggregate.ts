import type { Call } from '../../parse/trees/tree.ts';
import type { Typed } from '../typed.ts';
import { coerce } from '../values/coerce.ts';

/** An aggregate call whose arguments are analysed. */
export interface Aggregate {
  call: Call & { pos: number };
  args: Typed[];
  /** Calls DuckDB's aggregate with the call's DISTINCT, ORDER BY, filter and window. */
  of(name: string, args: string, more?: { filter?: string; plain?: boolean }): string;
}

/** A NULL needs a type in DuckDB. */
export function value(typed: Typed): string {
  return coerce(typed, typed.type) ?? typed.sql;
}
