import { MACRO_PREFIX } from './functions.ts';
import { call, child, isNode, literal, type Node, nameOf, type Tree } from './syntax-tree.ts';

/** A column and a path into its JSON value. */
interface Access {
  root: Node;
  path: string[];
}

/**
 * Rewrites `payload.items[0].sku` on a JSON column as one JSON path, because DuckDB counts elements from
 * 1. Returns undefined unless the expression begins with a column in `jsonColumns`.
 */
export function jsonAccess(node: Node, jsonColumns: ReadonlySet<string>): Node | undefined {
  if (jsonColumns.size === 0) return undefined;
  const access = readAccess(node, jsonColumns);
  if (access === undefined || access.path.length === 0) return undefined;
  return call(`${MACRO_PREFIX}json_query`, [
    access.root,
    literal('string', `$${access.path.join('')}`),
  ]);
}

function readAccess(tree: Tree | undefined, jsonColumns: ReadonlySet<string>): Access | undefined {
  const found = child(tree, 'column');
  if (found !== undefined) return readColumn(found, jsonColumns);
  const dot = child(tree, 'dot');
  if (dot !== undefined) {
    return extend(readAccess(dot['this'], jsonColumns), member(nameOf(dot['field'])));
  }
  const subscript = child(tree, 'subscript');
  const index = child(subscript?.['index'], 'literal');
  if (subscript === undefined || index === undefined) return undefined;
  const value = String(index['value']);
  const step = index['literal_type'] === 'string' ? member(value) : `[${value}]`;
  return extend(readAccess(subscript['this'], jsonColumns), step);
}

/** `payload.a` parses as column a of table payload; `t.payload` as column payload of table t. */
function readColumn(found: Node, jsonColumns: ReadonlySet<string>): Access | undefined {
  const name = nameOf(found['name']);
  const table = nameOf(found['table']);
  if (name === undefined) return undefined;
  if (table !== undefined && jsonColumns.has(table.toLowerCase())) {
    const root = {
      column: { ...found, name: isNode(found['table']) ? found['table'] : null, table: null },
    };
    return { root, path: [member(name) ?? ''] };
  }
  return jsonColumns.has(name.toLowerCase()) ? { root: { column: found }, path: [] } : undefined;
}

function extend(access: Access | undefined, step: string | undefined): Access | undefined {
  if (access === undefined || step === undefined) return undefined;
  return { root: access.root, path: [...access.path, step] };
}

function member(name: string | undefined): string | undefined {
  return name === undefined ? undefined : `."${name}"`;
}
