import type { TypeTree } from './type-tree.ts';

/** An expression of GoogleSQL. `pos` is the offset of its first token in the statement. */
export type Expression = { pos: number } & (
  | Literal
  | { kind: 'typed'; type: string; text: string }
  | { kind: 'name'; name: string }
  | { kind: 'field'; of: Expression; name: string }
  | { kind: 'index'; of: Expression; index: Expression; mode: IndexMode }
  | Call
  | { kind: 'unary'; operator: '-' | '+' | '~' | 'NOT'; of: Expression }
  | { kind: 'binary'; operator: string; left: Expression; right: Expression }
  | { kind: 'between'; of: Expression; low: Expression; high: Expression; not: boolean }
  | { kind: 'in'; of: Expression; list: InList; not: boolean }
  | { kind: 'like'; of: Expression; pattern: LikePattern; not: boolean }
  | { kind: 'is'; of: Expression; what: IsWhat; not: boolean }
  | { kind: 'case'; of?: Expression; branches: Branch[]; otherwise?: Expression }
  | {
      kind: 'cast';
      of: Expression;
      type: TypeTree;
      safe: boolean;
      format?: Expression;
      zone?: Expression;
    }
  | { kind: 'extract'; part: DatePart; of: Expression; zone?: Expression }
  | { kind: 'struct'; type?: TypeTree; fields: StructItem[] }
  | { kind: 'array'; type?: TypeTree; items: Expression[] }
  | { kind: 'subquery'; mode: 'scalar' | 'array' | 'exists'; query: Query }
  | { kind: 'interval'; value: Expression; from: string; to?: string }
  | { kind: 'parameter'; name: string | number }
  | { kind: 'system'; name: string }
  | { kind: 'part'; part: DatePart }
  | { kind: 'with'; names: { name: string; value: Expression }[]; body: Expression }
  | { kind: 'lambda'; parameters: string[]; body: Expression }
);

export interface Literal {
  kind: 'literal';
  type: 'INT64' | 'FLOAT64' | 'STRING' | 'BYTES' | 'BOOL' | 'NULL';
  text: string;
}

export type IndexMode = 'PLAIN' | 'OFFSET' | 'SAFE_OFFSET' | 'ORDINAL' | 'SAFE_ORDINAL';
export type InList = { items: Expression[] } | { query: Query } | { array: Expression };
export type LikePattern =
  | Expression
  | { quantifier: 'ANY' | 'ALL'; patterns: Expression[] | { array: Expression } };
export type IsWhat = 'NULL' | 'TRUE' | 'FALSE' | { distinctFrom: Expression };
interface Branch {
  when: Expression;
  result: Expression;
}
export interface StructItem {
  name?: string;
  value: Expression;
}
/** `DAY`, `WEEK(MONDAY)`. */
export interface DatePart {
  name: string;
  day?: string;
}

export interface Call {
  kind: 'call';
  /** In capitals, with dots: `NET.HOST`. */
  name: string;
  /** As it is written. */
  spelt: string;
  safe: boolean;
  star: boolean;
  args: Argument[];
  distinct: boolean;
  nulls?: 'IGNORE' | 'RESPECT';
  having?: { most: 'MAX' | 'MIN'; of: Expression };
  orderBy: OrderItem[];
  limit?: Expression;
  over?: WindowSpec;
}
export interface Argument {
  name?: string;
  value: Expression;
}
export interface OrderItem {
  value: Expression;
  descending: boolean;
  nulls?: 'FIRST' | 'LAST';
}
export interface WindowSpec {
  name?: string;
  partitionBy: Expression[];
  orderBy: OrderItem[];
  frame?: { unit: 'ROWS' | 'RANGE'; start: FrameBound; end?: FrameBound };
}
export type FrameBound =
  | { kind: 'UNBOUNDED PRECEDING' | 'UNBOUNDED FOLLOWING' | 'CURRENT ROW' }
  | { kind: 'PRECEDING' | 'FOLLOWING'; by: Expression };

/** A query expression: `WITH … body ORDER BY … LIMIT … |> …`. */
export interface Query {
  kind: 'query';
  pos: number;
  with: CommonTable[];
  recursive: boolean;
  body: QueryBody;
  orderBy: OrderItem[];
  limit?: Expression;
  offset?: Expression;
  pipes: Pipe[];
}

export interface CommonTable {
  name: string;
  query: Query;
  pos: number;
}

export type QueryBody = Select | SetOperation | Query | { kind: 'from'; from: Source };

export interface SetOperation {
  kind: 'set';
  pos: number;
  operator: 'UNION ALL' | 'UNION' | 'INTERSECT' | 'EXCEPT';
  byName?: { mode: 'STRICT' | 'INNER' | 'LEFT' | 'FULL'; columns?: string[] };
  left: QueryBody;
  right: QueryBody;
}

export interface Select {
  kind: 'select';
  pos: number;
  distinct: boolean;
  as?: 'STRUCT' | 'VALUE';
  items: SelectItem[];
  from?: Source;
  where?: Expression;
  groupBy?: GroupBy;
  having?: Expression;
  qualify?: Expression;
  windows: { name: string; window: WindowSpec }[];
}

export type SelectItem =
  | { kind: 'expression'; value: Expression; alias?: string }
  | {
      kind: 'star';
      of?: Expression;
      except: string[];
      replace: { name: string; value: Expression }[];
      pos: number;
    };

export interface GroupBy {
  all: boolean;
  items: GroupItem[];
}
export type GroupItem =
  | { kind: 'expression'; value: Expression; alias?: string }
  | { kind: 'rollup' | 'cube'; items: Expression[][] }
  | { kind: 'sets'; items: GroupItem[] };

export type Source = { pos: number } & (
  | {
      kind: 'table';
      path: string[];
      alias?: string;
      systemTime?: Expression;
      offset?: string;
      sample?: number;
    }
  | { kind: 'subquery'; query: Query; alias?: string }
  | { kind: 'unnest'; array: Expression; alias?: string; offset?: string }
  | { kind: 'join'; type: JoinType; left: Source; right: Source; on?: Expression; using?: string[] }
  | {
      kind: 'pivot';
      source: Source;
      aggregates: PivotAggregate[];
      column: Expression;
      values: PivotValue[];
      alias?: string;
    }
  | { kind: 'unpivot'; source: Source; unpivot: Unpivot; alias?: string }
  | { kind: 'function'; name: string; args: Expression[]; alias?: string }
);

export type JoinType = 'INNER' | 'LEFT' | 'RIGHT' | 'FULL' | 'CROSS' | 'COMMA';
export interface PivotAggregate {
  call: Expression;
  alias?: string;
}
export interface PivotValue {
  value: Expression;
  alias?: string;
}
export interface Unpivot {
  includeNulls: boolean;
  values: string[];
  name: string;
  columns: { names: string[]; alias?: Expression }[];
}

export type Pipe = { pos: number } & (
  | { kind: 'select'; items: SelectItem[]; distinct: boolean }
  | { kind: 'extend'; items: SelectItem[] }
  | { kind: 'set'; items: { name: string; value: Expression }[] }
  | { kind: 'drop'; names: string[] }
  | { kind: 'rename'; names: { from: string; to: string }[] }
  | { kind: 'as'; alias: string }
  | { kind: 'where'; condition: Expression }
  | { kind: 'limit'; limit: Expression; offset?: Expression }
  | { kind: 'order'; orderBy: OrderItem[] }
  | {
      kind: 'aggregate';
      items: SelectItem[];
      groupBy: { value: Expression; alias?: string; order?: 'ASC' | 'DESC' }[];
    }
  | { kind: 'distinct' }
  | { kind: 'join'; type: JoinType; right: Source; on?: Expression; using?: string[] }
  | { kind: 'set operation'; operator: SetOperation['operator']; queries: Query[] }
  | { kind: 'pivot'; aggregates: PivotAggregate[]; column: Expression; values: PivotValue[] }
  | { kind: 'unpivot'; unpivot: Unpivot }
  | { kind: 'sample' }
  | { kind: 'assert'; condition: Expression; messages: Expression[] }
);
