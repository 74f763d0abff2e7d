import { MACRO_PREFIX } from './functions.ts';
import { call, child, invalidQuery, list, literal, type Node, type Tree } from './syntax-tree.ts';

/**
 * Rewrites a call of a GoogleSQL function whose format or pattern must be a constant in DuckDB. Returns
 * undefined for all other functions.
 */
export function rewriteConstantCall(body: Node): Node | undefined {
  const name = String(body['name']).toLowerCase();
  const args = list(body, 'args');
  switch (name.startsWith(MACRO_PREFIX) ? name.slice(MACRO_PREFIX.length) : undefined) {
    case 'format_timestamp':
      return formatted(macro('zoned', args[1], args[2] ?? literal('string', 'UTC')), args[0]);
    case 'format_datetime':
    case 'format_date':
      return formatted(macro('civil', args[1]), args[0]);
    case 'format_time':
      return formatted(macro('on_epoch', args[1]), args[0]);
    case 'parse_timestamp':
      return macro('unzoned', parsed(args), args[2] ?? literal('string', 'UTC'));
    case 'parse_datetime':
      return parsed(args);
    case 'parse_date':
      return macro('date', parsed(args));
    case 'parse_time':
      return macro('time', parsed(args));
    case 'regexp_extract':
    case 'regexp_substr':
      return macro(`extract_${group(args[1])}`, args[0], args[1]);
    case 'regexp_extract_all':
      return macro(`extract_all_${group(args[1])}`, args[0], args[1]);
    default:
      return undefined;
  }
}

function macro(name: string, ...args: (Tree | undefined)[]): Node {
  return call(
    MACRO_PREFIX + name,
    args.map((argument) => argument ?? null),
  );
}

/** Seconds with a fraction: `%E*S` without trailing zeros, `%E3S` with three digits. */
const FRACTIONS = /(?<=(?:^|[^%])(?:%%)*)(%E[*\d]S)/;

/** Each fraction of a second becomes a separate call, because DuckDB has no format element for it. */
function formatted(value: Node, format: Tree | undefined): Node {
  const parts = formatText(format)
    .split(FRACTIONS)
    .filter((part) => part !== '')
    .map((part) => {
      const digits = FRACTIONS.test(part) ? part.charAt(2) : undefined;
      if (digits === undefined) return call('strftime', [value, literal('string', spellOut(part))]);
      if (digits === '*') return macro('short_seconds', value);
      return macro('exact_seconds', value, literal('number', digits));
    });
  return parts.length === 0
    ? call('strftime', [value, literal('string', '')])
    : parts.reduce((before, after) => macro('joined', before, after));
}

/** A fraction is optional when it is parsed. */
function parsed(args: readonly Tree[]): Node {
  const format = formatText(args[0]);
  const [whole, fraction] = ['%S', '%S.%f'].map((seconds) =>
    literal('string', spellOut(format.replaceAll(new RegExp(FRACTIONS.source, 'g'), seconds))),
  );
  const formats = FRACTIONS.test(format)
    ? call('list_value', [fraction ?? null, whole ?? null])
    : whole;
  return call('strptime', [args[1] ?? null, formats ?? null]);
}

/** GoogleSQL's format elements that DuckDB does not have, or has under another name. */
const ELEMENTS: Readonly<Record<string, string>> = {
  '%F': '%Y-%m-%d',
  '%T': '%H:%M:%S',
  '%R': '%H:%M',
  '%D': '%m/%d/%y',
  '%e': '%-d',
  '%k': '%-H',
  '%l': '%-I',
  '%h': '%b',
  '%P': '%p',
  '%n': '\n',
  '%t': '\t',
  '%E4Y': '%Y',
  '%Ez': '%z',
};

function formatText(argument: Tree | undefined): string {
  const text = stringLiteral(argument);
  if (text !== undefined) return text;
  throw invalidQuery('The format of a date or time must be a string literal');
}

function spellOut(format: string): string {
  return format.replace(/%(?:E(?:4Y|z)|.)/gs, (found) => ELEMENTS[found] ?? found);
}

/** BigQuery returns the capturing group if the pattern has one, else the whole match. */
function group(argument: Tree | undefined): 'group' | 'whole' {
  const text = stringLiteral(argument);
  if (text === undefined) throw invalidQuery('A regular expression must be a string literal');
  const capturing = /\((?!\?(?!P?<))/.test(text.replace(/\\[\s\S]|\[\^?\]?[^\]]*\]/g, ''));
  return capturing ? 'group' : 'whole';
}

function stringLiteral(argument: Tree | undefined): string | undefined {
  const constant = child(argument, 'literal');
  return constant?.['literal_type'] === 'string' ? String(constant['value']) : undefined;
}
