import type { Expression } from '../../parse/trees/tree.ts';
import { invalidQuery } from '../../query-error.ts';
import { arrayOf, quote, scalar } from '../../types.ts';
import type { Analysis } from '../analysis.ts';
import type { Relation, Scope } from '../scope.ts';
import type { Typed } from '../typed.ts';
import { coerce } from './coerce.ts';
import { apart } from './safely.ts';

type Subquery = Extract<Expression, { kind: 'subquery' }>;

/** `(SELECT …)`, `ARRAY(SELECT …)` and `EXISTS(SELECT …)`. */
export function analyseSubquery(analysis: Analysis, node: Subquery, scope: Scope): Typed {
  const relation = analysis.query(node.query, scope);
  // One value without FROM is the value itself.
  const [row, ...others] = relation.rows ?? [];
  const [only] = row ?? [];
  if (node.mode === 'scalar' && only !== undefined && others.length === 0 && row?.length === 1)
    return { sql: coerce(only, only.type) ?? only.sql, type: only.type };
  const result = subquery(analysis, node, relation);
  return { ...result, sql: apart(result.sql) };
}

function subquery(analysis: Analysis, node: Subquery, relation: Relation): Typed {
  if (node.mode === 'exists') return { sql: `EXISTS (${relation.sql})`, type: scalar('BOOL') };
  const [column, ...others] = relation.columns;
  if (column === undefined || others.length > 0) {
    const what = node.mode === 'array' ? 'ARRAY subquery' : 'Scalar subquery';
    throw invalidQuery(
      `${what} cannot have more than one column unless using SELECT AS STRUCT to build STRUCT values`,
      node.pos,
    );
  }
  if (node.mode === 'scalar') {
    // DuckDB takes the first of several rows; BigQuery refuses them (scalar_subquery_error_on_multiple_rows).
    return { sql: `(${relation.sql})`, type: column.type };
  }
  if (column.type.kind === 'ARRAY') {
    throw invalidQuery(
      'Cannot use array subquery with column of type ARRAY because nested arrays are not supported',
      node.pos,
    );
  }
  const alias = analysis.fresh('a');
  const type = arrayOf(column.type);
  const item = `${alias}.${quote(column.sqlName)}`;
  return { sql: `coalesce((SELECT list(${item}) FROM (${relation.sql}) AS ${alias}), [])`, type };
}
