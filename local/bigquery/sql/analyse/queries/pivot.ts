import type { Expression, Source } from '../../parse/trees/tree.ts';
import { invalidQuery } from '../../query-error.ts';
import { quoteText, scalar } from '../../types.ts';
import type { Analysis } from '../analysis.ts';
import type { Range, Scope } from '../scope.ts';
import type { Typed } from '../typed.ts';
import { coerce, commonType } from '../values/coerce.ts';
import { compare } from '../values/comparisons.ts';
import { selectList, starColumns } from './relations.ts';

interface From {
  sql: string;
  ranges: Range[];
  merged: Map<string, Typed>;
}

/** The names that an expression mentions. */
function namesIn(tree: unknown, found: Set<string>): void {
  if (Array.isArray(tree)) for (const item of tree) namesIn(item, found);
  else if (typeof tree === 'object' && tree !== null) {
    const node = tree as { kind?: string; name?: unknown };
    if (node.kind === 'name' && typeof node.name === 'string') found.add(node.name.toLowerCase());
    for (const value of Object.values(tree)) namesIn(value, found);
  }
}

/** As BigQuery names the column of a value without an alias. */
function valueName(value: Expression): string {
  switch (value.kind) {
    case 'literal':
      if (value.type === 'NULL') return 'NULL';
      return value.text
        .replace(/^-/, 'minus_')
        .replace(/[^\w]/g, value.type === 'FLOAT64' ? '_point_' : '_')
        .replace(/^(?=\d)/, '_');
    case 'typed':
      return value.text.replace(/[^\w]/g, '_').replace(/^(?=\d)/, '_');
    case 'name':
      return value.name;
    default:
      throw invalidQuery(
        'Generating an implicit alias for this PIVOT value is not supported; please provide an explicit alias',
        value.pos,
      );
  }
}

/** One aggregate for each value, over the rows with that value; grouped by the columns that PIVOT does not use. */
export function analysePivot(
  analysis: Analysis,
  pivot: Pick<
    Extract<Source, { kind: 'pivot' }>,
    'aggregates' | 'column' | 'values' | 'alias' | 'pos'
  >,
  from: From,
  outer: Scope,
): From {
  const scope: Scope = { ...outer, parent: outer, ranges: from.ranges, merged: from.merged };
  const used = new Set<string>();
  namesIn([pivot.aggregates, pivot.column], used);
  const grouped = from.ranges
    .flatMap(starColumns)
    .filter(({ name }) => !used.has((name ?? '').toLowerCase()));
  const column = analysis.expression(pivot.column, scope);
  const outputs = [...grouped];
  for (const { value, alias } of pivot.values) {
    const condition = pivotCondition(column, analysis.expression(value, scope), pivot.pos);
    for (const aggregate of pivot.aggregates) {
      const valued = alias ?? valueName(value);
      const name = aggregate.alias === undefined ? valued : `${aggregate.alias}_${valued}`;
      outputs.push({
        name,
        value: analysis.expression(aggregate.call, { ...scope, filter: condition }),
      });
    }
  }
  const { list, columns } = selectList(outputs);
  const groupBy =
    grouped.length === 0 ? '' : ` GROUP BY ${grouped.map((_, index) => index + 1).join(', ')}`;
  const alias = analysis.fresh('p');
  const range: Range = { name: pivot.alias, alias, columns };
  return {
    sql: `(SELECT ${list} FROM ${from.sql}${groupBy}) AS ${alias}`,
    ranges: [range],
    merged: new Map(),
  };
}

function pivotCondition(column: Typed, value: Typed, pos: number): string {
  if (value.type.kind === 'NULL') return `${column.sql} IS NULL`;
  return compare('=', column, value, pos).sql;
}

/** A row for each of the columns, with its name. The value comes before the name. */
export function analyseUnpivot(
  analysis: Analysis,
  source: Pick<Extract<Source, { kind: 'unpivot' }>, 'unpivot' | 'alias' | 'pos'>,
  from: From,
): From {
  const { unpivot, pos } = source;
  const all = from.ranges.flatMap(starColumns);
  const columnNamed = (name: string): Typed => {
    const found = all.find((column) => column.name?.toLowerCase() === name.toLowerCase());
    if (found === undefined) throw invalidQuery(`Unrecognized name: ${name}`, pos);
    return found.value;
  };
  const sets = unpivot.columns.map(({ names }) => names.map(columnNamed));
  const used = new Set(
    unpivot.columns.flatMap(({ names }) => names.map((name) => name.toLowerCase())),
  );
  const kept = all.filter(({ name }) => !used.has((name ?? '').toLowerCase()));
  const types = unpivot.values.map((_, place) => {
    const type = commonType(sets.map((set) => set[place] ?? { sql: 'NULL', type: scalar('NULL') }));
    if (type === undefined) throw invalidQuery('The columns of UNPIVOT must have one type', pos);
    return type;
  });
  const labels = unpivot.columns.map(({ names, alias }) =>
    alias?.kind === 'literal'
      ? alias
      : ({ kind: 'literal', type: 'STRING', text: names.join('_'), pos } as const),
  );
  const labelType = scalar(
    labels.every((label) => label.type === 'INT64') && labels.length > 0 ? 'INT64' : 'STRING',
  );
  const rows = sets.map((set, row) => {
    const values = set.map(
      (value, place) => `v${place} := ${coerce(value, types[place] ?? value.type)}`,
    );
    const text = labels[row]?.text ?? '';
    const label = labelType.kind === 'INT64' ? `CAST(${text} AS BIGINT)` : quoteText(text);
    return `struct_pack(${values.join(', ')}, n := ${label})`;
  });
  const entry = analysis.fresh('e');
  const outputs = [
    ...kept.map(({ name, value }, index) => ({
      name,
      value: { sql: `${entry}.k${index}`, type: value.type },
    })),
    ...unpivot.values.map((name, place) => ({
      name,
      value: { sql: `${entry}.r.v${place}`, type: types[place] ?? scalar('INT64') },
    })),
    { name: unpivot.name, value: { sql: `${entry}.r.n`, type: labelType } },
  ];
  const { list, columns } = selectList(outputs);
  const present = unpivot.values.map((_, place) => `${entry}.r.v${place} IS NOT NULL`).join(' OR ');
  const where = unpivot.includeNulls ? '' : ` WHERE ${present}`;
  const alias = analysis.fresh('p');
  // unnest() in the list keeps the order of the rows, which a join would not.
  const cells = kept.map(({ value }, index) => `${value.sql} AS k${index}`);
  const inner = `SELECT ${[...cells, `unnest([${rows.join(', ')}]) AS r`].join(', ')} FROM ${from.sql}`;
  const sql = `(SELECT ${list} FROM (${inner}) AS ${entry}${where}) AS ${alias}`;
  return { sql, ranges: [{ name: source.alias, alias, columns }], merged: new Map() };
}
