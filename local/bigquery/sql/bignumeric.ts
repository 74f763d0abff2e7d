import { BIGNUMERIC_MAX, BIGNUMERIC_MIN, UNITS_FIELD } from '../values/bignumeric.ts';
import { call, child, isNode, list, type Node, nameOf, type Tree } from './syntax-tree.ts';

const OF_TEXT = 'bq_bignumeric';
const OF_UNITS = 'bq_bignumeric_of';
/** Functions that return a BIGNUMERIC. */
const GIVES: ReadonlySet<string> = new Set([OF_TEXT, OF_UNITS, 'bq_safe_bignumeric']);
const COMPARISONS: ReadonlySet<string> = new Set(
  'eq neq lt lte gt gte null_safe_eq between in'.split(' '),
);

/**
 * Begins an expression that evaluates `value` once and binds it to `name`; `)[1]` ends it. A macro's
 * argument is copied to every place that names it.
 */
function once(value: string, name: string): string {
  return `list_transform([${value}], lambda ${name}:`;
}

/** Macros that convert between BIGNUMERIC, text and units. `bignumeric` takes numbers and their text. */
export function bignumericMacros(): Record<string, string[]> {
  const trimmed = 'trim(s)';
  return {
    bignumeric_of: [
      `(u) AS ${once('u', 'v')} CASE WHEN v IS NULL THEN NULL
        WHEN v BETWEEN '${BIGNUMERIC_MIN}'::BIGNUM AND '${BIGNUMERIC_MAX}'::BIGNUM
        THEN struct_pack("${UNITS_FIELD}" := v) ELSE error('BIGNUMERIC overflow') END)[1]`,
    ],
    bignumeric_units: [`(x) AS x."${UNITS_FIELD}"`],
    // Appends k zeros to the digits d (or cuts -k digits and rounds half up), which gives units of 10^-38.
    bignumeric_scaled: [
      `(sign, d, k) AS CASE WHEN k >= 0 THEN CAST(sign || d || repeat('0', k) AS BIGNUM)
        ELSE CAST(sign || '0' || left(d, greatest(length(d) + k, 0)) AS BIGNUM)
          + CAST(CASE WHEN length(d) + k >= 0 AND substr(d, length(d) + k + 1, 1) >= '5'
            THEN sign || '1' ELSE '0' END AS BIGNUM) END`,
    ],
    bignumeric_digits: [
      `(sign, i, f, e) AS CASE WHEN e > 100 THEN NULL
        ELSE ${once('struct_pack(d := i || f, k := 38 - length(f) + e)', 'p')}
          bq_bignumeric_scaled(sign, p.d, p.k))[1] END`,
    ],
    bignumeric_parsed: [
      `(s) AS CASE WHEN regexp_full_match(${trimmed}, '[+-]?([0-9]+\\.?[0-9]*|\\.[0-9]+)([eE][+-]?[0-9]{1,3})?')
        THEN bq_bignumeric_digits(
          CASE WHEN starts_with(${trimmed}, '-') THEN '-' ELSE '' END,
          regexp_extract(${trimmed}, '^[+-]?([0-9]*)', 1), regexp_extract(s, '\\.([0-9]*)', 1),
          CAST('0' || regexp_extract(${trimmed}, '[eE][+]?([0-9]+)$', 1) AS INTEGER)
            - CAST('0' || regexp_extract(${trimmed}, '[eE]-([0-9]+)$', 1) AS INTEGER)) END`,
    ],
    // The text of a BIGNUMERIC is its STRUCT. Macros in older DuckDB files cannot tell types apart.
    bignumeric_read: [
      `(s) AS CASE WHEN starts_with(s, '{')
        THEN CAST(nullif(regexp_extract(s, '-?[0-9]+}$'), '')[:-2] AS BIGNUM)
        ELSE bq_bignumeric_parsed(s) END`,
    ],
    bignumeric: [
      `(x) AS ${once('CAST(x AS VARCHAR)', 's')} CASE WHEN s IS NULL THEN NULL
        ELSE bq_bignumeric_of(coalesce(bq_bignumeric_read(s),
          error('Invalid BIGNUMERIC value: ' || s))) END)[1]`,
    ],
    safe_bignumeric: [
      `(x) AS ${once('CAST(x AS VARCHAR)', 's')} ${once('bq_bignumeric_read(s)', 'v')}
        CASE WHEN v BETWEEN '${BIGNUMERIC_MIN}'::BIGNUM AND '${BIGNUMERIC_MAX}'::BIGNUM
        THEN struct_pack("${UNITS_FIELD}" := v) END)[1])[1]`,
    ],
    bignumeric_padded: [`(d) AS CASE WHEN length(d) < 39 THEN lpad(d, 39, '0') ELSE d END`],
    bignumeric_pointed: [
      `(sign, d) AS sign || left(d, length(d) - 38)
        || CASE WHEN rtrim(right(d, 38), '0') = '' THEN '' ELSE '.' || rtrim(right(d, 38), '0') END`,
    ],
    bignumeric_spelt: [
      `(u) AS bq_bignumeric_pointed(CASE WHEN starts_with(u, '-') THEN '-' ELSE '' END,
        bq_bignumeric_padded(ltrim(u, '-')))`,
    ],
    bignumeric_text: [`(x) AS bq_bignumeric_spelt(CAST(x."${UNITS_FIELD}" AS VARCHAR))`],
  };
}

/**
 * Rewrites comparisons, additions, sums and casts of BIGNUMERIC columns. The node's children are rewritten
 * already. DuckDB rejects every other use.
 */
export function rewriteBignumeric(node: Node, columns: ReadonlySet<string>): Node {
  const [kind = ''] = Object.keys(node);
  const body = child(node, kind);
  if (body === undefined) return node;
  const isOne = (tree: Tree | undefined) => isBignumeric(tree, columns);
  const asOne = (tree: Tree = null) => (isOne(tree) ? tree : call(OF_TEXT, [tree]));
  const unitsOf = (tree: Tree = null) => call('bq_bignumeric_units', [asOne(tree)]);
  if (COMPARISONS.has(kind)) return { [kind]: compared(body, isOne, asOne) };
  switch (kind) {
    case 'add':
    case 'sub':
      if (!isOne(body['left']) && !isOne(body['right'])) return node;
      return ofUnits({
        [kind]: { ...body, left: unitsOf(body['left']), right: unitsOf(body['right']) },
      });
    case 'sum':
      return isOne(body['this'])
        ? ofUnits({ sum: { ...body, this: unitsOf(body['this']) } })
        : node;
    case 'window_function':
      return windowed(node, body);
    case 'cast':
    case 'safe_cast':
    case 'try_cast':
      return isOne(body['this']) ? { [kind]: { ...body, this: textOf(body) } } : node;
    default:
      return node;
  }
}

function isBignumeric(tree: Tree | undefined, columns: ReadonlySet<string>): boolean {
  const name = nameOf(child(child(tree, 'column'), 'name'));
  if (name !== undefined) return columns.has(name.toLowerCase());
  const paren = child(tree, 'paren');
  if (paren !== undefined) return isBignumeric(paren['this'], columns);
  const inner = child(tree, 'max') ?? child(tree, 'min') ?? child(tree, 'any_value');
  if (inner !== undefined) return isBignumeric(inner['this'], columns);
  return GIVES.has(String(child(tree, 'function')?.['name']).toLowerCase());
}

/** If one operand is a BIGNUMERIC, all operands are converted to it. */
function compared(
  body: Node,
  isOne: (tree: Tree | undefined) => boolean,
  asOne: (tree: Tree | undefined) => Tree,
): Node {
  const places = ['left', 'right', 'this', 'low', 'high'].filter((place) => isNode(body[place]));
  const items = list(body, 'expressions');
  if (![...places.map((place) => body[place]), ...items].some(isOne)) return body;
  return {
    ...body,
    ...Object.fromEntries(places.map((place) => [place, asOne(body[place])])),
    ...(items.length > 0 && { expressions: items.map(asOne) }),
  };
}

/** A SUM over a window: the window belongs to the sum of units, inside the conversion. */
function windowed(node: Node, body: Node): Node {
  const found = child(body['this'], 'function');
  const [sum] = list(found, 'args');
  if (found?.['name'] !== OF_UNITS || child(sum, 'sum') === undefined) return node;
  return ofUnits({ window_function: { ...body, this: sum ?? null } });
}

function ofUnits(units: Node): Node {
  return call(OF_UNITS, [units]);
}

function textOf(cast: Node): Tree {
  const to = child(cast, 'to');
  // A cast to BIGNUMERIC changes nothing.
  if (/^BIG(?:NUMERIC|DECIMAL)$/i.test(String(to?.['name']))) return cast['this'] ?? null;
  return call('bq_bignumeric_text', [cast['this'] ?? null]);
}
