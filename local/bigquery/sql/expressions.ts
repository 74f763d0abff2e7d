import { rewriteConstantCall } from './constant-arguments.ts';
import { MACRO_PREFIX } from './functions.ts';
import { joinListParameters } from './in-parameter.ts';
import {
  call,
  child,
  identifier,
  isNode,
  list,
  literal,
  type Node,
  nameOf,
  parseStatement,
  type Tree,
} from './syntax-tree.ts';

const PARTS = new Set([
  'MICROSECOND',
  'MILLISECOND',
  'SECOND',
  'MINUTE',
  'HOUR',
  'DAY',
  'WEEK',
  'ISOWEEK',
  'MONTH',
  'QUARTER',
  'YEAR',
  'ISOYEAR',
]);

/** Rewrites one expression node for DuckDB. Its children are rewritten already. */
export function rewriteExpression(node: Node): Node {
  const [kind] = Object.keys(node);
  const body = kind === undefined ? undefined : child(node, kind);
  if (body === undefined) return node;
  switch (kind) {
    case 'function':
      return rewriteConstantCall(body) ?? { function: { ...body, args: datePartArguments(body) } };
    case 'interval':
      return rewriteInterval(node, body);
    case 'array_agg':
      return rewriteArrayAgg(node, body);
    case 'div':
      return call(`${MACRO_PREFIX}divide`, [body['left'] ?? null, body['right'] ?? null]);
    case 'cast':
    case 'safe_cast':
    case 'try_cast':
      return rewriteCast(node, body, kind !== 'cast');
    case 'subscript':
      return rewriteSubscript(node, body);
    case 'extract':
      return rewriteExtract(node, body);
    case 'select':
      return { select: joinListParameters(body) };
    case 'unnest':
      return body['with_ordinality'] === true ? unnestWithOffset(body) : node;
    default:
      return node;
  }
}

/** Arguments such as `DAY` and `WEEK(MONDAY)` are keywords, not columns. */
function datePartArguments(body: Node): Tree[] {
  const args = list(body, 'args');
  if (!String(body['name']).toLowerCase().startsWith(MACRO_PREFIX)) return args;
  return args.map((argument, index) => {
    if (index === 0) return argument;
    const part = nameOf(child(child(argument, 'column'), 'name'))?.toUpperCase();
    if (part !== undefined && PARTS.has(part)) return literal('string', part);
    const week = child(argument, 'function');
    const day = nameOf(child(child(list(week, 'args')[0], 'column'), 'name'));
    const isWeek = week !== undefined && String(week['name']).toUpperCase() === 'WEEK';
    return isWeek && day !== undefined ? literal('string', `WEEK_${day.toUpperCase()}`) : argument;
  });
}

const CASTS: Readonly<Record<string, string>> = {
  decimal: 'numeric',
  bignumeric: 'bignumeric',
  bigdecimal: 'bignumeric',
  timestamp: 'timestamp',
};

/** The translator loses the width of NUMERIC, does not know BIGNUMERIC, and reads TIMESTAMP as a civil time. */
function rewriteCast(node: Node, body: Node, safe: boolean): Node {
  const to = child(body, 'to');
  const name =
    to?.['data_type'] === 'custom' ? String(to['name']).toUpperCase() : to?.['data_type'];
  if (name === 'struct') return nameStructFields(node, body);
  const macro = CASTS[String(name).toLowerCase()];
  if (macro === undefined) return node;
  return call(`${MACRO_PREFIX}${safe ? 'safe_' : ''}${macro}`, [body['this'] ?? null]);
}

/** `STRUCT<a INT64>(1)`: the translator casts a struct without names, which DuckDB rejects. */
function nameStructFields(node: Node, body: Node): Node {
  const [kind] = Object.keys(node);
  const struct = child(child(body, 'this'), 'struct');
  if (kind === undefined || struct === undefined) return node;
  const names = list(child(body, 'to'), 'fields').map(nameOf);
  const fields = list(struct, 'fields').map((field, index) =>
    Array.isArray(field) ? [names[index] ?? field[0] ?? null, field[1] ?? null] : field,
  );
  return { [kind]: { ...body, this: { struct: { ...struct, fields } } } };
}

/** `INTERVAL n DAY` becomes `n * INTERVAL 1 DAY` unless n is a literal. */
function rewriteInterval(node: Node, body: Node): Node {
  if (child(child(body, 'this'), 'literal') !== undefined) return node;
  const one = { interval: { ...body, this: literal('string', '1') } };
  return parenthesised('mul', body['this'] ?? null, one);
}

/** DuckDB's array_agg has no LIMIT. */
function rewriteArrayAgg(node: Node, body: Node): Node {
  const limit = body['limit'];
  if (!isNode(limit)) return node;
  return call(`${MACRO_PREFIX}head`, [{ array_agg: { ...body, limit: null } }, limit]);
}

/** Array positions such as `a[OFFSET(n)]`. A string in the brackets selects a member of a JSON value. */
function rewriteSubscript(node: Node, body: Node): Node {
  const target = body['this'] ?? null;
  const index = body['index'] ?? null;
  const position = child(index, 'function');
  const [argument = null] = list(position, 'args');
  switch (position === undefined ? undefined : String(position['name']).toUpperCase()) {
    case 'OFFSET':
      return call(`${MACRO_PREFIX}at`, [target, argument]);
    case 'SAFE_OFFSET':
      return call(`${MACRO_PREFIX}safe_at`, [target, argument]);
    case 'ORDINAL':
      return call(`${MACRO_PREFIX}at`, [target, minusOne(argument)]);
    case 'SAFE_ORDINAL':
      return call(`${MACRO_PREFIX}safe_at`, [target, minusOne(argument)]);
  }
  const constant = child(index, 'literal');
  if (constant?.['literal_type'] === 'string') {
    return call(`${MACRO_PREFIX}member`, [target, index]);
  }
  return constant === undefined ? node : call(`${MACRO_PREFIX}at`, [target, index]);
}

function minusOne(tree: Tree): Node {
  return parenthesised('sub', tree, literal('number', '1'));
}

function parenthesised(operator: string, left: Tree, right: Tree): Node {
  const comments = { left_comments: [], operator_comments: [], trailing_comments: [] };
  return { paren: { this: { [operator]: { left, right, ...comments } }, trailing_comments: [] } };
}

/** DuckDB counts days of the week from 0, and its milliseconds include the seconds. */
function rewriteExtract(node: Node, body: Node): Node {
  const field = body['field'];
  const name = (isNode(field) ? String(field['Custom'] ?? '') : String(field)).toUpperCase();
  const macros = [
    'DAYOFWEEK',
    'DATE',
    'TIME',
    'DATETIME',
    'MILLISECOND',
    'MICROSECOND',
    'WEEK',
    'ISOWEEK',
  ];
  if (!macros.includes(name)) return node;
  return call(`${MACRO_PREFIX}extract_${name.toLowerCase()}`, [body['this'] ?? null]);
}

/** `UNNEST(a) AS x WITH OFFSET AS o`: the translator drops `o`, and DuckDB's offset begins at 1. */
function unnestWithOffset(body: Node): Node {
  const array = body['this'] ?? null;
  const element = nameOf(child(body, 'alias')) ?? 'value';
  const offset = nameOf(child(body, 'offset_alias')) ?? 'offset';
  const statement = parseStatement('SELECT a AS b, c AS d');
  const select = child(statement, 'select') ?? {};
  select['expressions'] = [
    aliased(call(`${MACRO_PREFIX}explode`, [array]), element),
    aliased(call(`${MACRO_PREFIX}offsets`, [array]), offset),
  ];
  return subquery(statement, `${element} rows`);
}

export function aliased(tree: Tree, name: string): Node {
  return {
    alias: {
      this: tree,
      alias: identifier(name),
      column_aliases: [],
      alias_explicit_as: true,
      pre_alias_comments: [],
      trailing_comments: [],
    },
  };
}

/** `(statement) AS name` in a FROM clause. */
export function subquery(statement: Node, name: string): Node {
  const sample = parseStatement('SELECT 1 FROM (SELECT 1) AS x');
  const [from] = list(child(child(sample, 'select'), 'from'), 'expressions');
  const body = child(from, 'subquery') ?? {};
  return { subquery: { ...body, this: statement, alias: identifier(name) } };
}
