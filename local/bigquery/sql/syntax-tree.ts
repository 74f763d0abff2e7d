import { Dialect, generate, parse, transpile } from '@polyglot-sql/sdk';
import { BigQueryError } from '../errors.ts';

/** The translator's syntax tree: each expression is an object with one key, its kind. */
export type Node = { [key: string]: Tree };
export type Tree = Node | Tree[] | string | number | boolean | null;

export function isNode(tree: Tree | undefined): tree is Node {
  return typeof tree === 'object' && tree !== null && !Array.isArray(tree);
}

/** The child `key` of a node, if it is a node. */
export function child(tree: Tree | undefined, key: string): Node | undefined {
  const found = isNode(tree) ? tree[key] : undefined;
  return isNode(found) ? found : undefined;
}

/** The child `key` of a node, if it is a list; else an empty list. */
export function list(tree: Tree | undefined, key: string): Tree[] {
  const found = isNode(tree) ? tree[key] : undefined;
  return Array.isArray(found) ? found : [];
}

/** The text of an identifier node, `{name: …}`. */
export function nameOf(tree: Tree | undefined): string | undefined {
  const name = isNode(tree) ? tree['name'] : undefined;
  return typeof name === 'string' ? name : undefined;
}

export function identifier(name: string): Node {
  return { name, quoted: true, trailing_comments: [] };
}

export function column(name: string, table?: string): Node {
  return {
    column: {
      name: identifier(name),
      table: table === undefined ? null : identifier(table),
      join_mark: false,
      trailing_comments: [],
    },
  };
}

export function call(name: string, args: Tree[]): Node {
  return {
    function: {
      name,
      args,
      distinct: false,
      trailing_comments: [],
      use_bracket_syntax: false,
      no_parens: false,
      quoted: false,
    },
  };
}

export function literal(kind: 'number' | 'string', value: string): Node {
  return { literal: { literal_type: kind, value } };
}

/** Throws invalidQuery, without a position. */
export function parseStatement(text: string): Node {
  const parsed = tryParse(text);
  if (parsed.ok) return parsed.statement;
  throw invalidQuery(`Syntax error: ${parsed.reason}`);
}

/** A syntax tree, or why there is none. */
type Parsed = { ok: true; statement: Node } | { ok: false; at: number; reason: string };

/** `at` is the offset in the text at which the translator stopped. */
export function tryParse(text: string): Parsed {
  const result = parse(text, Dialect.BigQuery);
  const [statement, ...others] = (result.ast ?? []) as unknown as Tree[];
  if (!result.success || !isNode(statement) || others.length > 0) {
    const reason = /^Parse error at line \d+, column \d+: (.*)$/s.exec(result.error ?? '')?.[1];
    const at = result.errorStart ?? text.length;
    return { ok: false, at, reason: reason ?? result.error ?? 'Unexpected end of input' };
  }
  return { ok: true, statement };
}

/** The tree as DuckDB's SQL. */
export function toDuckSql(statement: Node): string {
  const generated = generate([statement], Dialect.BigQuery);
  const text = generated.sql?.[0];
  if (text === undefined) throw invalidQuery(generated.error ?? 'The statement is not supported');
  const translated = transpile(text, Dialect.BigQuery, Dialect.DuckDB);
  const sql = translated.sql?.[0];
  if (sql === undefined) throw invalidQuery(translated.error ?? 'The statement is not supported');
  return sql;
}

export function invalidQuery(message: string): BigQueryError {
  return new BigQueryError('invalidQuery', message, { location: 'query' });
}
