import { child, list, type Node, parseStatement, type Tree } from './syntax-tree.ts';

/**
 * `WHERE a IN UNNEST(@list)` as `a IN (SELECT x FROM UNNEST(@list) AS x)`, which DuckDB answers with a hash join.
 * The translator would write a search through the whole list for each row. NULLs count the same in both.
 *
 * @param select whose children are done already
 */
export function joinListParameters(select: Node): Node {
  const where = child(select, 'where_clause');
  if (where === undefined) return select;
  return { ...select, where_clause: { ...where, this: rewrite(where['this'] ?? null) } };
}

/** Elsewhere, as in the arguments of a function, DuckDB may refuse a subquery. */
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

/** An array of the row itself is another one for each row: that is no join. */
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
