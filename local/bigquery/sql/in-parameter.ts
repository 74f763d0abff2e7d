import { child, list, type Node, parseStatement, type Tree } from './syntax-tree.ts';

/**
 * Rewrites `WHERE a IN UNNEST(@list)` as `a IN (SELECT x FROM UNNEST(@list) AS x)`, for which DuckDB uses a hash
 * join. The translator's SQL would search the whole list for each row. Both treat NULLs alike.
 *
 * @param select a node whose children are rewritten already
 */
export function joinListParameters(select: Node): Node {
  const where = child(select, 'where_clause');
  if (where === undefined) return select;
  return { ...select, where_clause: { ...where, this: rewrite(where['this'] ?? null) } };
}

/** Rewrites only conditions. In other places, such as function arguments, DuckDB may reject a subquery. */
function rewrite(condition: Tree): Tree {
  for (const kind of ['and', 'or'] as const) {
    const body = child(condition, kind);
    if (body === undefined) continue;
    const { left = null, right = null } = body;
    return { [kind]: { ...body, left: rewrite(left), right: rewrite(right) } };
  }
  for (const kind of ['not', 'paren'] as const) {
    const body = child(condition, kind);
    if (body !== undefined) return { [kind]: { ...body, this: rewrite(body['this'] ?? null) } };
  }
  const membership = child(condition, 'in');
  const listed = child(membership, 'unnest');
  if (membership === undefined || listed === undefined || !isParameter(listed)) return condition;
  const { unnest: _, ...others } = membership;
  return { in: { ...others, query: rowsOf(listed) } };
}

/** Whether the array is a parameter. An array column differs for each row, so it cannot be joined. */
function isParameter(array: Node): boolean {
  return child(array, 'function')?.['name'] === 'getvariable';
}

function rowsOf(array: Node): Node {
  const statement = parseStatement('SELECT x FROM UNNEST([1]) AS x');
  const [source] = list(child(child(statement, 'select'), 'from'), 'expressions');
  const unnest = child(child(child(source, 'alias'), 'this'), 'unnest');
  if (unnest) unnest['this'] = array;
  return statement;
}
