import type { Assignment, Change, MergeClause } from '../../parse/trees/change-tree.ts';
import type { Expression } from '../../parse/trees/tree.ts';
import { invalidQuery } from '../../query-error.ts';
import { fieldNames, quote, quoteText, type SqlType, scalar, typeName } from '../../types.ts';
import type { Analysis } from '../analysis.ts';
import { EMPTY_SCOPE, innerScope, type Range, type Scope } from '../scope.ts';
import type { Typed } from '../typed.ts';
import { coerce } from '../values/coerce.ts';
import { fieldAt } from '../values/names.ts';
import { conditionSql } from './condition.ts';
import { analyseSource } from './from.ts';
import { starColumns } from './relations.ts';

/** A column of the table that a statement changes. */
interface TargetColumn {
  name: string;
  type: SqlType;
  /** Limits a value to the column's length or digits. */
  limit(sql: string): string;
  /** The expression for a row that has no value; undefined for NULL. */
  byDefault?: Expression;
}

export interface Target {
  /** DuckDB's name of the table. */
  sql: string;
  name: string;
  columns: TargetColumn[];
  /** Columns that are named or left out, as `_PARTITIONTIME`. */
  pseudo?: TargetColumn[];
}

export interface ChangeSql {
  /** Has a row if one row of the table would change twice, which BigQuery refuses. */
  conflict?: string;
  sql: string;
}

export function analyseChange(analysis: Analysis, change: Change, target: Target): ChangeSql {
  switch (change.kind) {
    case 'insert':
      return { sql: insertSql(analysis, change, target) };
    case 'update':
      return updateSql(analysis, change, target);
    case 'delete': {
      const { range, scope } = ownScope(analysis, change, target);
      const where = conditionSql(analysis, change.where, scope, 'WHERE clause');
      return { sql: `DELETE FROM ${target.sql} AS ${range.alias} WHERE ${where}` };
    }
    case 'merge':
      return mergeSql(analysis, change, target);
  }
}

function ownScope(
  analysis: Analysis,
  change: Change,
  target: Target,
): { range: Range; scope: Scope } {
  const alias = analysis.fresh('t');
  const shown = ({ name, type }: TargetColumn) => ({ name, sqlName: name, type });
  const pseudo = (target.pseudo ?? []).map((column) => ({ ...shown(column), isPseudo: true }));
  const columns = [...target.columns.map(shown), ...pseudo];
  const range: Range = { name: change.alias ?? target.name, alias, columns };
  return { range, scope: innerScope(EMPTY_SCOPE, { ranges: [range] }) };
}

function columnNamed(target: Target, name: string, pos: number): TargetColumn {
  const found = [...target.columns, ...(target.pseudo ?? [])].find(
    (column) => column.name.toLowerCase() === name.toLowerCase(),
  );
  if (found === undefined)
    throw invalidQuery(`Column ${name} is not present in table ${target.name}`, pos);
  return found;
}

/** A value as it is stored in the column. */
function stored(column: TargetColumn, value: Typed, pos: number): string {
  const sql = coerce(value, column.type, pos);
  if (sql === undefined) {
    throw invalidQuery(
      `Value has type ${typeName(value.type)} which cannot be inserted into column ${column.name}, which has type ${typeName(column.type)}`,
      pos,
    );
  }
  const limited = column.limit(sql);
  return column.type.kind === 'ARRAY'
    ? `bq_full_items(${limited}, ${quoteText(column.name)})`
    : limited;
}

function valueSql(
  analysis: Analysis,
  column: TargetColumn,
  value: Expression | 'DEFAULT',
  scope: Scope,
  pos: number,
): string {
  if (value === 'DEFAULT') return defaultSql(analysis, column);
  return stored(column, analysis.expression(value, scope), value.pos ?? pos);
}

function defaultSql(analysis: Analysis, column: TargetColumn): string {
  if (column.byDefault === undefined)
    return coerce({ sql: 'NULL', type: scalar('NULL') }, column.type) ?? 'NULL';
  return stored(column, analysis.expression(column.byDefault, EMPTY_SCOPE), column.byDefault.pos);
}

function insertSql(
  analysis: Analysis,
  change: Extract<Change, { kind: 'insert' }>,
  target: Target,
): string {
  const columns =
    change.columns?.map((name) => columnNamed(target, name, change.pos)) ?? target.columns;
  const missing = target.columns.filter(
    (column) => !columns.includes(column) && column.byDefault !== undefined,
  );
  const names = [...columns, ...missing].map(({ name }) => quote(name)).join(', ');
  const defaults = missing.map((column) => defaultSql(analysis, column));
  const wrongCount = (count: number) =>
    invalidQuery(
      `Inserted row has wrong column count; Has ${count}, expected ${columns.length}`,
      change.pos,
    );
  if ('values' in change.rows) {
    const rows = change.rows.values.map((values) => {
      if (values.length !== columns.length) throw wrongCount(values.length);
      const cells = values.map((value, index) =>
        valueSql(analysis, columns[index] as TargetColumn, value, EMPTY_SCOPE, change.pos),
      );
      return `(${[...cells, ...defaults].join(', ')})`;
    });
    return `INSERT INTO ${target.sql} (${names}) VALUES ${rows.join(', ')}`;
  }
  const relation = analysis.query(change.rows.query, EMPTY_SCOPE);
  const alias = analysis.fresh('i');
  const outputs = starColumns({
    name: undefined,
    alias,
    columns: relation.columns,
    ...(relation.isValueTable && relation.columns[0] && { value: relation.columns[0] }),
  });
  if (outputs.length !== columns.length) throw wrongCount(outputs.length);
  const cells = outputs.map(({ value }, index) =>
    stored(columns[index] as TargetColumn, value, change.pos),
  );
  return `INSERT INTO ${target.sql} (${names}) SELECT ${[...cells, ...defaults].join(', ')} FROM (${relation.sql}) AS ${alias}`;
}

function updateSql(
  analysis: Analysis,
  change: Extract<Change, { kind: 'update' }>,
  target: Target,
): ChangeSql {
  const { range, scope } = ownScope(analysis, change, target);
  const from = change.from && analyseSource(analysis, change.from, scope);
  const inner: Scope = from
    ? { ...scope, ranges: [range, ...from.ranges], merged: from.merged }
    : scope;
  const where = conditionSql(analysis, change.where, inner, 'WHERE clause');
  const sets = assignments(analysis, change.sets, target, range, inner);
  const table = `${target.sql} AS ${range.alias}`;
  if (from === undefined) return { sql: `UPDATE ${table} SET ${sets} WHERE ${where}` };
  const conflict = `SELECT 1 FROM ${table}, ${from.sql} WHERE ${where} GROUP BY ${range.alias}.rowid HAVING count(*) > 1 LIMIT 1`;
  return { conflict, sql: `UPDATE ${table} SET ${sets} FROM ${from.sql} WHERE ${where}` };
}

/** `a = x, s.b = y`: a field changes its whole column. */
function assignments(
  analysis: Analysis,
  sets: readonly Assignment[],
  target: Target,
  range: Range,
  scope: Scope,
): string {
  const byColumn = new Map<TargetColumn, Assignment[]>();
  for (const set of sets) {
    const column = columnNamed(target, set.path[0] ?? '', set.pos);
    byColumn.set(column, [...(byColumn.get(column) ?? []), set]);
  }
  const parts = [...byColumn].map(([column, own]) => {
    const [only] = own;
    if (only?.path.length === 1) {
      if (own.length > 1)
        throw invalidQuery(`Update item ${column.name} assigned more than once`, own[1]?.pos);
      return `${quote(column.name)} = ${valueSql(analysis, column, only.value, scope, only.pos)}`;
    }
    const current: Typed = { sql: `${range.alias}.${quote(column.name)}`, type: column.type };
    const changes = own.map((set) => ({ path: set.path.slice(1), value: set.value, pos: set.pos }));
    return `${quote(column.name)} = ${changedStruct(analysis, current, changes, scope)}`;
  });
  return parts.join(', ');
}

function changedStruct(
  analysis: Analysis,
  current: Typed,
  changes: readonly Assignment[],
  scope: Scope,
): string {
  const { type } = current;
  const [first] = changes;
  if (type.kind !== 'STRUCT')
    throw invalidQuery(
      `Cannot access field ${first?.path[0]} on a value with type ${typeName(type)}`,
      first?.pos,
    );
  for (const { path, pos } of changes) {
    if (!type.fields.some(({ name }) => name?.toLowerCase() === path[0]?.toLowerCase())) {
      throw invalidQuery(`Field name ${path[0]} does not exist in ${typeName(type)}`, pos);
    }
  }
  const names = fieldNames(type.fields);
  const fields = type.fields.map((field, index) => {
    const own = changes.filter(({ path }) => path[0]?.toLowerCase() === field.name?.toLowerCase());
    const present = fieldAt(current, type, index);
    const [only] = own;
    const column: TargetColumn = { name: field.name ?? '', type: field.type, limit: (sql) => sql };
    let value = present.sql;
    if (only !== undefined && only.path.length === 1)
      value = valueSql(analysis, column, only.value, scope, only.pos);
    else if (own.length > 0)
      value = changedStruct(
        analysis,
        present,
        own.map((set) => ({ ...set, path: set.path.slice(1) })),
        scope,
      );
    return `${quote(names[index])} := ${value}`;
  });
  return `struct_pack(${fields.join(', ')})`;
}

function mergeSql(
  analysis: Analysis,
  change: Extract<Change, { kind: 'merge' }>,
  target: Target,
): ChangeSql {
  const { range, scope } = ownScope(analysis, change, target);
  const source = analyseSource(analysis, change.source, EMPTY_SCOPE);
  const [only] = source.ranges;
  if (only === undefined || source.ranges.length > 1)
    throw invalidQuery('MERGE needs one source table', change.pos);
  const both: Scope = { ...scope, ranges: [range, ...source.ranges] };
  const on = conditionSql(analysis, change.on, both, 'ON clause');
  const sourceScope: Scope = { ...scope, ranges: source.ranges };
  const clauses = change.clauses.map((clause) => {
    const visible =
      clause.when === 'MATCHED'
        ? both
        : clause.when === 'NOT MATCHED BY SOURCE'
          ? scope
          : sourceScope;
    const and = clause.and
      ? ` AND ${conditionSql(analysis, clause.and, visible, 'AND clause')}`
      : '';
    return {
      matched: clause.when === 'MATCHED',
      and,
      sql: `WHEN ${clause.when}${and} THEN ${actionSql(analysis, clause, target, range, only, visible, change.pos)}`,
    };
  });
  const matched = clauses
    .filter((clause) => clause.matched)
    .map(({ and }) => and.replace(/^ AND /, '') || 'TRUE');
  const table = `${target.sql} AS ${range.alias}`;
  const conflict =
    matched.length === 0
      ? {}
      : {
          conflict: `SELECT 1 FROM ${table} JOIN ${source.sql} ON ${on} WHERE (${matched.join(' OR ')}) GROUP BY ${range.alias}.rowid HAVING count(*) > 1 LIMIT 1`,
        };
  return {
    ...conflict,
    sql: `MERGE INTO ${table} USING ${source.sql} ON ${on} ${clauses.map(({ sql }) => sql).join(' ')}`,
  };
}

function actionSql(
  analysis: Analysis,
  { action }: MergeClause,
  target: Target,
  range: Range,
  source: Range,
  scope: Scope,
  pos: number,
): string {
  if (action.kind === 'delete') return 'DELETE';
  if (action.kind === 'update')
    return `UPDATE SET ${assignments(analysis, action.sets, target, range, scope)}`;
  const columns = action.columns?.map((name) => columnNamed(target, name, pos)) ?? target.columns;
  let cells: string[];
  if (action.values === 'ROW') {
    const outputs = starColumns(source);
    cells = columns.map((column, index) => {
      const named =
        outputs.find(({ name }) => name?.toLowerCase() === column.name.toLowerCase()) ??
        (outputs.length === columns.length ? outputs[index] : undefined);
      if (named === undefined)
        throw invalidQuery(`INSERT ROW: the source has no column ${column.name}`, pos);
      return stored(column, named.value, pos);
    });
  } else {
    const { values } = action;
    if (values.length !== columns.length)
      throw invalidQuery(
        `Inserted row has wrong column count; Has ${values.length}, expected ${columns.length}`,
        pos,
      );
    cells = values.map((value, index) =>
      valueSql(analysis, columns[index] as TargetColumn, value, scope, pos),
    );
  }
  const missing = target.columns.filter(
    (column) => !columns.includes(column) && column.byDefault !== undefined,
  );
  const names = [...columns, ...missing].map(({ name }) => quote(name)).join(', ');
  return `INSERT (${names}) VALUES (${[...cells, ...missing.map((column) => defaultSql(analysis, column))].join(', ')})`;
}
