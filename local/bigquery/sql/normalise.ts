import { CONSTANT_ARGUMENT_FUNCTIONS, MACRO_PREFIX, MACROS, RENAMED } from './functions.ts';
import { type Token, writeString } from './lexer.ts';

/** The name of the DuckDB variable that holds a query parameter. */
export function variableName(parameter: string | number): string {
  return `p_${String(parameter).toLowerCase()}`;
}

/** Types with literals such as `TYPE 'text'` that the translator misreads, with the macro that reads them. */
const LITERAL_TYPES: Readonly<Record<string, string>> = {
  NUMERIC: 'numeric',
  DECIMAL: 'numeric',
  BIGNUMERIC: 'bignumeric',
  BIGDECIMAL: 'bignumeric',
  JSON: 'parse_json',
  TIMESTAMP: 'timestamp',
  DATETIME: 'civil',
  DATE: 'date',
  TIME: 'clock',
};

/**
 * Writes a GoogleSQL statement in a form that the translator reads correctly: strings with plain escapes,
 * parameters as variables, decimals as floats, and function calls as macro calls. `starts` says where each token begins
 * in it.
 */
export function normaliseWithStarts(
  sql: string,
  tokens: readonly Token[],
): { text: string; starts: number[] } {
  const starts: number[] = [];
  const closing = safeCalls(tokens);
  let positional = 0;
  let text = '';
  tokens.forEach((token, index) => {
    const previous = tokens[index - 1];
    const next = tokens[index + 1];
    text += gap(sql, previous, token);
    starts.push(text.length);
    if (token.kind === 'parameter' && token.text === '') {
      text += variable(positional++);
    } else if (isSafePrefix(tokens, index)) {
      text += 'TRY(';
    } else if (!isSafePrefix(tokens, index - 1)) {
      text += rewrite(token, previous, next);
    }
    text += ')'.repeat(closing.get(index) ?? 0);
  });
  return { text, starts };
}

function gap(sql: string, previous: Token | undefined, token: Token): string {
  if (previous === undefined) return '';
  return previous.end === token.start
    ? ''
    : sql.slice(previous.end, token.start).replace(/\S[\s\S]*/, ' ') || ' ';
}

function rewrite(token: Token, previous: Token | undefined, next: Token | undefined): string {
  switch (token.kind) {
    case 'string':
      return isLiteralType(previous) ? `(${writeString(token.text)})` : writeString(token.text);
    case 'bytes':
      return `${MACRO_PREFIX}bytes('${Buffer.from(token.text, 'latin1').toString('hex')}')`;
    case 'quoted':
      return `\`${token.text}\``;
    case 'parameter':
      return variable(token.text);
    case 'number':
      return number(token.text);
    case 'word':
      return word(token, previous, next);
    case 'symbol':
      return token.text;
  }
}

function variable(parameter: string | number): string {
  return `getvariable('${variableName(parameter)}')`;
}

/** A literal with a decimal point is a FLOAT64 in GoogleSQL and a DECIMAL in DuckDB. */
function number(text: string): string {
  if (/^0x/i.test(text)) return BigInt(text).toString();
  return text.includes('.') && !/e/i.test(text) ? `${text}e0` : text;
}

function word(token: Token, previous: Token | undefined, next: Token | undefined): string {
  const name = token.text.toUpperCase();
  if (next?.kind === 'string' && isLiteralType(token)) {
    return `${MACRO_PREFIX}${LITERAL_TYPES[name]}`;
  }
  if (previous === undefined && next !== undefined) {
    const verb = next.text.toUpperCase();
    if (name === 'INSERT' && verb !== 'INTO') return 'INSERT INTO';
    if (name === 'DELETE' && verb !== 'FROM') return 'DELETE FROM';
  }
  if (next?.text !== '(' || next.kind !== 'symbol' || !mayCall(previous)) return token.text;
  if (Object.hasOwn(MACROS, name) || CONSTANT_ARGUMENT_FUNCTIONS.has(name))
    return MACRO_PREFIX + name.toLowerCase();
  return (Object.hasOwn(RENAMED, name) ? RENAMED[name] : undefined) ?? token.text;
}

function isLiteralType(token: Token | undefined): boolean {
  return token?.kind === 'word' && Object.hasOwn(LITERAL_TYPES, token.text.toUpperCase());
}

/** `AS STRING(10)` is a type, not a call. */
function mayCall(previous: Token | undefined): boolean {
  return previous?.text.toUpperCase() !== 'AS';
}

/** Whether `SAFE . name (` begins at `index`. */
function isSafePrefix(tokens: readonly Token[], index: number): boolean {
  const token = tokens[index];
  return (
    token?.kind === 'word' &&
    token.text.toUpperCase() === 'SAFE' &&
    tokens[index + 1]?.text === '.' &&
    tokens[index + 3]?.text === '('
  );
}

/** How many `SAFE.f(…)` calls end at each closing bracket, by the bracket's index. */
function safeCalls(tokens: readonly Token[]): Map<number, number> {
  const closing = new Map<number, number>();
  tokens.forEach((_, index) => {
    if (!isSafePrefix(tokens, index)) return;
    let depth = 0;
    for (let at = index + 3; at < tokens.length; at++) {
      if (tokens[at]?.kind !== 'symbol') continue;
      if (tokens[at]?.text === '(') depth += 1;
      if (tokens[at]?.text === ')') depth -= 1;
      if (depth === 0) {
        closing.set(at, (closing.get(at) ?? 0) + 1);
        return;
      }
    }
  });
  return closing;
}
