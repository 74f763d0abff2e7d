import type { Expression, Query, Source } from './tree.ts';

/** A statement that changes rows. `pos` is the offset of its first token. */
export type Change = { pos: number; table: string[]; alias?: string } & (
  | { kind: 'insert'; columns?: string[]; rows: InsertRows }
  | { kind: 'update'; sets: Assignment[]; from?: Source; where: Expression }
  | { kind: 'delete'; where: Expression }
  | { kind: 'merge'; source: Source; on: Expression; clauses: MergeClause[] }
);

export type InsertRows = { values: (Expression | 'DEFAULT')[][] } | { query: Query };

export interface Assignment {
  path: string[];
  value: Expression | 'DEFAULT';
  pos: number;
}

export interface MergeClause {
  when: 'MATCHED' | 'NOT MATCHED BY TARGET' | 'NOT MATCHED BY SOURCE';
  and?: Expression;
  action:
    | { kind: 'update'; sets: Assignment[] }
    | { kind: 'delete' }
    | { kind: 'insert'; columns?: string[]; values: (Expression | 'DEFAULT')[] | 'ROW' };
}
