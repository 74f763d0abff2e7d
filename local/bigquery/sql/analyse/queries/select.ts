import type {
  Expression,
  GroupItem,
  OrderItem,
  Select,
  SelectItem,
} from '../../parse/trees/tree.ts';
import { invalidQuery, notSupported } from '../../query-error.ts';
import { typeName } from '../../types.ts';
import type { Analysis } from '../analysis.ts';
import { floatOrderSql, orderSql } from '../calls/windows.ts';
import { innerScope, type Relation, type Scope } from '../scope.ts';
import type { Typed } from '../typed.ts';
import { coerce } from '../values/coerce.ts';
import { rowOf } from '../values/names.ts';
import { conditionSql } from './condition.ts';
import { analyseSource, type From } from './from.ts';
import { type OutputColumn, selectList, starColumns, structColumns } from './relations.ts';

export interface Tail {
  orderBy: readonly OrderItem[];
  /** ` LIMIT … OFFSET …`, or nothing. */
  limit: string;
}

/** A SELECT with the ORDER BY and LIMIT that follow it. */
export function analyseSelect(
  analysis: Analysis,
  select: Select,
  outer: Scope,
  tail: Tail,
): Relation {
  const from: From | undefined = select.from && analyseSource(analysis, select.from, outer);
  const windows = new Map(select.windows.map(({ name, window }) => [name.toLowerCase(), window]));
  const scope = innerScope(outer, {
    ranges: from?.ranges ?? [],
    merged: from?.merged ?? new Map(),
    windows,
  });
  const before = analysis.aggregates;
  const outputs = select.items.flatMap((item) => selectItem(analysis, item, scope, from));
  const isRow = from === undefined && analysis.aggregates === before && isPlain(select, tail);
  if (outputs.length === 0) throw invalidQuery('SELECT list must not be empty', select.pos);
  const seeing = { ...scope, aliases: aliasesOf(select.items, outputs) };
  const where = select.where && conditionSql(analysis, select.where, scope, 'WHERE clause');
  const groupBy = groupClause(analysis, select, seeing, outputs);
  const having = select.having && conditionSql(analysis, select.having, seeing, 'HAVING clause');
  const qualify =
    select.qualify && conditionSql(analysis, select.qualify, seeing, 'QUALIFY clause');
  const order = orderClause(analysis, tail.orderBy, seeing, outputs, select.distinct);
  const shaped = shape(select, outputs);
  const { list, columns } = selectList(shaped);
  if (select.distinct && columns.some(({ ignoresCase }) => ignoresCase === true))
    throw notSupported('SELECT DISTINCT of a collated STRING', select.pos);
  if (select.distinct)
    refuseDistinct(
      columns.map(({ type }) => type.kind),
      select.pos,
    );
  const parts = [
    `SELECT ${select.distinct ? 'DISTINCT ' : ''}${list}`,
    from && `FROM ${from.sql}`,
    where && `WHERE ${where}`,
    groupBy,
    having && `HAVING ${having}`,
    qualify && `QUALIFY ${qualify}`,
    order,
  ];
  const sql = parts.filter((part) => part !== undefined && part !== '').join(' ') + tail.limit;
  const rows = isRow ? { rows: [outputs.map(({ value }) => value)] } : {};
  return { sql, columns, isValueTable: select.as !== undefined, ...rows };
}

/** Whether the SELECT gives one row, of its list alone. */
function isPlain(select: Select, tail: Tail): boolean {
  const { where, groupBy, having, qualify, as } = select;
  const clauses = [where, groupBy, having, qualify, as];
  return (
    clauses.every((clause) => clause === undefined) &&
    tail.orderBy.length === 0 &&
    tail.limit === ''
  );
}

export function refuseDistinct(kinds: readonly string[], pos: number): void {
  const bad = kinds.find((kind) => kind === 'JSON');
  if (bad !== undefined)
    throw invalidQuery(`Column of type ${bad} cannot be used in SELECT DISTINCT`, pos);
}

export function selectItem(
  analysis: Analysis,
  item: SelectItem,
  scope: Scope,
  from: Pick<From, 'ranges' | 'merged'> | undefined,
): OutputColumn[] {
  if (item.kind === 'expression') {
    return [
      { name: item.alias ?? aliasOf(item.value), value: analysis.expression(item.value, scope) },
    ];
  }
  const columns =
    item.of === undefined ? allColumns(from, item.pos) : starOf(analysis, item.of, scope);
  const except = new Set(item.except.map((name) => name.toLowerCase()));
  const known = new Set(columns.map(({ name }) => name?.toLowerCase()));
  for (const name of except) {
    if (!known.has(name))
      throw invalidQuery(`Column ${name} in SELECT * EXCEPT list does not exist`, item.pos);
  }
  const replaced = new Map(
    item.replace.map(({ name, value }) => [name.toLowerCase(), analysis.expression(value, scope)]),
  );
  for (const name of replaced.keys()) {
    if (!known.has(name))
      throw invalidQuery(`Column ${name} in SELECT * REPLACE list does not exist`, item.pos);
  }
  const kept = columns
    .filter(({ name }) => !except.has(name?.toLowerCase() ?? ''))
    .map(({ name, value }) => ({ name, value: replaced.get(name?.toLowerCase() ?? '') ?? value }));
  if (kept.length === 0)
    throw invalidQuery('SELECT * expands to zero columns after applying EXCEPT', item.pos);
  return kept;
}

/** The columns of all tables. Those that USING merges come once, and first. */
function allColumns(
  from: Pick<From, 'ranges' | 'merged'> | undefined,
  pos: number,
): OutputColumn[] {
  if (from === undefined) throw invalidQuery('SELECT * must have a FROM clause', pos);
  const merged = [...from.merged].map(([key, value]) => {
    const named = from.ranges
      .flatMap(({ columns }) => columns)
      .find(({ name }) => name?.toLowerCase() === key);
    return { name: named?.name ?? key, value };
  });
  const rest = from.ranges
    .flatMap(starColumns)
    .filter(({ name }) => !from.merged.has(name?.toLowerCase() ?? ''));
  return [...merged, ...rest];
}

function starOf(analysis: Analysis, of: Expression, scope: Scope): OutputColumn[] {
  if (of.kind === 'name') {
    const range = scope.ranges.find(({ name }) => name?.toLowerCase() === of.name.toLowerCase());
    if (range !== undefined) return starColumns(range);
  }
  const value = analysis.expression(of, scope);
  if (value.type.kind !== 'STRUCT')
    throw invalidQuery(`Dot-star is not supported for type ${typeName(value.type)}`, of.pos);
  return structColumns(value, value.type);
}

/** The name of a column without an alias: that of a column or of a field. */
export function aliasOf(value: Expression): string | undefined {
  return value.kind === 'name' || value.kind === 'field' ? value.name : undefined;
}

function aliasesOf(
  items: readonly SelectItem[],
  outputs: readonly OutputColumn[],
): Map<string, Typed> {
  const aliases = new Map<string, Typed>();
  const explicit = new Set(
    items.flatMap((item) =>
      item.kind === 'expression' && item.alias !== undefined ? [item.alias.toLowerCase()] : [],
    ),
  );
  for (const { name, value } of outputs) {
    if (name !== undefined && explicit.has(name.toLowerCase()))
      aliases.set(name.toLowerCase(), value);
  }
  return aliases;
}

function shape(select: Select, outputs: OutputColumn[]): OutputColumn[] {
  if (select.as === undefined) return outputs;
  if (select.as === 'VALUE') {
    const [only, ...others] = outputs;
    if (only === undefined || others.length > 0)
      throw invalidQuery('SELECT AS VALUE query must have exactly one column', select.pos);
    return [{ name: undefined, value: only.value }];
  }
  const alias = 'r';
  const row = rowOf({
    name: undefined,
    alias,
    columns: outputs.map(({ name, value }, index) => ({
      name,
      sqlName: `_${index}`,
      type: value.type,
    })),
  });
  let index = 0;
  const sql = row.sql.replace(/r\."_\d+"/g, () => {
    const output = outputs[index++];
    return output === undefined
      ? 'NULL'
      : (coerce(output.value, output.value.type) ?? output.value.sql);
  });
  return [{ name: undefined, value: { sql, type: row.type } }];
}

/** The place in the SELECT list, from 1, of an ordinal or of a name. */
function placeOf(
  expression: Expression,
  scope: Scope,
  outputs: readonly OutputColumn[],
): number | undefined {
  if (expression.kind === 'literal' && expression.type === 'INT64') {
    const place = Number(expression.text);
    if (place < 1 || place > outputs.length) {
      throw invalidQuery(
        `ORDER BY or GROUP BY is out of SELECT column number range: ${place}`,
        expression.pos,
      );
    }
    return place;
  }
  if (expression.kind !== 'name') return undefined;
  const alias = scope.aliases?.get(expression.name.toLowerCase());
  const index = alias === undefined ? -1 : outputs.findIndex(({ value }) => value === alias);
  return index < 0 ? undefined : index + 1;
}

function groupClause(
  analysis: Analysis,
  select: Select,
  scope: Scope,
  outputs: readonly OutputColumn[],
): string {
  const { groupBy } = select;
  if (groupBy === undefined) return '';
  if (groupBy.all) return 'GROUP BY ALL';
  // The struct of SELECT AS STRUCT is one column, so places do not serve.
  const byPlace = select.as === undefined;
  const key = (expression: Expression): string => {
    const place = placeOf(expression, scope, outputs);
    const value =
      place === undefined
        ? analysis.expression(expression, scope)
        : (outputs[place - 1]?.value as Typed);
    if (value.ignoresCase === true)
      throw notSupported('GROUP BY of a collated STRING', expression.pos);
    if (value.type.kind === 'JSON')
      throw invalidQuery('Grouping by expressions of type JSON is not allowed', expression.pos);
    if (place !== undefined && byPlace) return String(place);
    return coerce(value, value.type) ?? value.sql;
  };
  const item = (each: GroupItem): string => {
    switch (each.kind) {
      case 'expression':
        return key(each.value);
      case 'sets':
        return `GROUPING SETS (${each.items.map((inner) => setItem(inner)).join(', ')})`;
      default:
        if (each.items.length === 0) return '()';
        return `${each.kind.toUpperCase()} (${each.items.map((list) => `(${list.map(plain).join(', ')})`).join(', ')})`;
    }
  };
  const plain = (expression: Expression): string => {
    const place = placeOf(expression, scope, outputs);
    return place === undefined ? key(expression) : (outputs[place - 1]?.value.sql ?? '');
  };
  const setItem = (each: GroupItem): string => {
    if (each.kind !== 'expression') return item(each);
    return each.value.kind === 'struct'
      ? `(${each.value.fields.map(({ value }) => plain(value)).join(', ')})`
      : plain(each.value);
  };
  return `GROUP BY ${groupBy.items.map(item).join(', ')}`;
}

/** After DISTINCT, only the columns of the SELECT list are there to sort by. */
function refuseHidden(
  { sql }: Typed,
  { pos, ...expression }: Expression,
  outputs: readonly OutputColumn[],
): void {
  const shown = new Set(outputs.map(({ value }) => value.sql));
  const hidden = sql.match(/\b_?\w+\."(?:[^"]|"")*"/g)?.find((column) => !shown.has(column));
  if (hidden === undefined) return;
  const name = 'name' in expression ? String(expression.name) : hidden.replace(/^.*\."|"$/g, '');
  throw invalidQuery(
    `ORDER BY clause expression references column ${name} which is not visible after SELECT DISTINCT`,
    pos,
  );
}

function orderClause(
  analysis: Analysis,
  orderBy: readonly OrderItem[],
  scope: Scope,
  outputs: readonly OutputColumn[],
  distinct: boolean,
): string {
  if (orderBy.length === 0) return '';
  const keys = orderBy.map((item) => {
    const place = placeOf(item.value, scope, outputs);
    const value =
      place === undefined
        ? analysis.expression(item.value, scope)
        : (outputs[place - 1]?.value as Typed);
    if (['JSON', 'ARRAY', 'STRUCT'].includes(value.type.kind)) {
      throw invalidQuery(
        `ORDER BY does not support expressions of type ${value.type.kind}`,
        item.value.pos,
      );
    }
    const same = outputs.findIndex((output) => output.value.sql === value.sql);
    const at = place ?? (distinct && same >= 0 ? same + 1 : undefined);
    if (distinct && at === undefined) refuseHidden(value, item.value, outputs);
    const key =
      at !== undefined && value.ignoresCase !== true
        ? String(at)
        : value.ignoresCase === true
          ? `lower(${value.sql})`
          : value.sql;
    if (value.type.kind === 'FLOAT64' && !distinct)
      return floatOrderSql(coerce(value, value.type) ?? value.sql, item);
    return orderSql(key, item);
  });
  return `ORDER BY ${keys.join(', ')}`;
}
