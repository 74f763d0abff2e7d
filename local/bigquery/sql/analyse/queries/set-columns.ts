import type { SetOperation } from '../../parse/trees/tree.ts';
import { invalidQuery, notSupported } from '../../query-error.ts';
import { quote, scalar } from '../../types.ts';
import type { Analysis } from '../analysis.ts';
import type { Column, Relation } from '../scope.ts';
import type { Typed } from '../typed.ts';
import { coerce, commonType } from '../values/coerce.ts';
import { columnsOf } from './relations.ts';

const OPERATORS: Readonly<Record<SetOperation['operator'], string>> = {
  'UNION ALL': 'UNION ALL',
  UNION: 'UNION',
  INTERSECT: 'INTERSECT',
  EXCEPT: 'EXCEPT',
};

/** Two queries with their columns in common types. */
export function combine(
  analysis: Analysis,
  operator: SetOperation['operator'],
  [left, right]: readonly [Relation, Relation],
  pos: number,
): Relation {
  if (left.columns.length !== right.columns.length) {
    throw invalidQuery(
      `Queries in ${operator} have mismatched column count; query 1 has ${left.columns.length} columns, query 2 has ${right.columns.length} columns`,
      pos,
    );
  }
  if (
    operator !== 'UNION ALL' &&
    [...left.columns, ...right.columns].some(({ ignoresCase }) => ignoresCase === true)
  )
    throw notSupported(`${operator} of collated STRINGs`, pos);
  const types = left.columns.map((column, index) => {
    const other = right.columns[index];
    const type = commonType([typedColumn(column), ...(other ? [typedColumn(other)] : [])]);
    if (type === undefined) {
      throw invalidQuery(
        `Column ${index + 1} in ${operator} has incompatible types: ${column.type.kind}, ${other?.type.kind}`,
        pos,
      );
    }
    return type;
  });
  const names = left.columns.map(({ name }) => name);
  const columns = columnsOf(types.map((type, index) => ({ name: names[index], type })));
  const side = (relation: Relation) => {
    const alias = analysis.fresh('s');
    const items = relation.columns.map((column, index) => {
      const value = typedColumn(column, `${alias}.${quote(column.sqlName)}`);
      return `${coerce(value, types[index] ?? column.type, pos)} AS ${quote(columns[index]?.sqlName)}`;
    });
    return `SELECT ${items.join(', ')} FROM (${relation.sql}) AS ${alias}`;
  };
  const sql = `(${side(left)}) ${OPERATORS[operator]} (${side(right)})`;
  return { sql, columns, isValueTable: left.isValueTable && right.isValueTable };
}

/** A column of NULLs takes the type of the other side. */
function typedColumn(column: Column, sql = ''): Typed {
  return { sql, type: column.isUntyped === true ? scalar('NULL') : column.type };
}

/** The rows of several SELECTs without FROM, which keep their order: DuckDB would shuffle those of a UNION. */
export function combineRows(relations: readonly Relation[], pos: number): Relation | undefined {
  const [first] = relations;
  const all = relations.flatMap(({ rows }) => rows ?? []);
  if (first === undefined || relations.some(({ rows }) => rows === undefined)) return undefined;
  if (all.some((row) => row.length !== first.columns.length)) return undefined;
  const types = first.columns.map((_, index) => commonType(all.flatMap((row) => row[index] ?? [])));
  if (types.includes(undefined)) return undefined;
  const untyped = first.columns.map((_, index) =>
    all.every((row) => row[index]?.type.kind === 'NULL'),
  );
  const columns = columnsOf(
    first.columns.map(({ name, ignoresCase }, index) => ({
      name,
      type: untyped[index] === true ? scalar('NULL') : (types[index] ?? scalar('NULL')),
      ignoresCase,
    })),
  );
  const rows = all.map((row) => {
    const cells = row.map((cell, index) => coerce(cell, columns[index]?.type ?? cell.type, pos));
    return `(${cells.join(', ')})`;
  });
  const names = columns.map(({ sqlName }) => quote(sqlName)).join(', ');
  const sql = `SELECT * FROM (VALUES ${rows.join(', ')}) AS v(${names})`;
  return { sql, columns, rows: all, isValueTable: false };
}
