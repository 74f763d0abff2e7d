import { syntaxError } from './statement-place.ts';

type TokenKind = 'word' | 'quoted' | 'number' | 'string' | 'bytes' | 'parameter' | 'symbol';

export interface Token {
  kind: TokenKind;
  /** The source text; the decoded value of strings and bytes; the name of a parameter. */
  text: string;
  /** UTF-16 offsets into the statement. */
  start: number;
  end: number;
}

const SPACE = /(?:\s+|--[^\n]*|#[^\n]*|\/\*[\s\S]*?\*\/)+/y;
const STRING = /([rRbB]{0,2})("""|'''|"|')/y;
const NUMBER = /0[xX][0-9a-fA-F]+|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?/y;
const WORD = /[A-Za-z_][A-Za-z0-9_]*/y;
const QUOTED = /`((?:[^`\\]|\\.)+)`/y;
const PARAMETER = /@([A-Za-z_][A-Za-z0-9_]*|`[^`]+`)|\?/y;
const SYMBOL = /<=|>=|<>|!=|\|\||\|>|<<|>>|=>|->|@@|[^\s]/y;

/** GoogleSQL's lexical structure: https://cloud.google.com/bigquery/docs/reference/standard-sql/lexical */
export function tokenize(sql: string): Token[] {
  const tokens: Token[] = [];
  let at = skipSpace(sql, 0);
  while (at < sql.length) {
    const token = readString(sql, at) ?? readPlain(sql, at);
    tokens.push(token);
    at = skipSpace(sql, token.end);
  }
  return tokens;
}

function skipSpace(sql: string, at: number): number {
  SPACE.lastIndex = at;
  return SPACE.test(sql) ? SPACE.lastIndex : at;
}

const PLAIN: readonly (readonly [TokenKind, RegExp])[] = [
  ['quoted', QUOTED],
  ['number', NUMBER],
  ['word', WORD],
  ['parameter', PARAMETER],
  ['symbol', SYMBOL],
];

function readPlain(sql: string, start: number): Token {
  for (const [kind, pattern] of PLAIN) {
    pattern.lastIndex = start;
    const match = pattern.exec(sql);
    if (match === null) continue;
    const text = kind === 'quoted' || kind === 'parameter' ? (match[1] ?? '') : match[0];
    return { kind, text: text.replaceAll('`', ''), start, end: pattern.lastIndex };
  }
  throw syntaxError(sql, start, 'Unexpected character');
}

function readString(sql: string, start: number): Token | undefined {
  STRING.lastIndex = start;
  const match = STRING.exec(sql);
  if (match === null) return undefined;
  const [, prefix = '', quote = ''] = match;
  const raw = /r/i.test(prefix);
  const bytes = /b/i.test(prefix);
  const from = STRING.lastIndex;
  let at = from;
  while (!sql.startsWith(quote, at)) {
    const char = sql[at];
    if (char === undefined || (char === '\n' && quote.length === 1)) {
      throw syntaxError(sql, start, 'Unclosed string literal');
    }
    at += char === '\\' ? 2 : 1;
  }
  const body = sql.slice(from, at);
  const text = raw ? body : decodeEscapes(body, bytes, sql, start);
  return { kind: bytes ? 'bytes' : 'string', text, start, end: at + quote.length };
}

const ESCAPES: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
};
const ESCAPE =
  /\\(?:[xX]([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-3][0-7]{2})|([\s\S]))/g;

/** For a bytes literal, each character of the result is one byte. */
function decodeEscapes(body: string, bytes: boolean, sql: string, start: number): string {
  const source = bytes ? Buffer.from(body, 'utf8').toString('latin1') : body;
  return source.replace(ESCAPE, (_, hex, short, long, octal, plain: string | undefined) => {
    if (octal !== undefined) return String.fromCharCode(Number.parseInt(octal, 8));
    const code = hex ?? short ?? long;
    if (code !== undefined) return String.fromCodePoint(Number.parseInt(code, 16));
    const char = plain ?? '';
    if (/[\\"'`?]/.test(char)) return char;
    const known = ESCAPES[char];
    if (known === undefined) throw syntaxError(sql, start, `Illegal escape sequence: \\${char}`);
    return known;
  });
}

/** A string literal of GoogleSQL. */
export function writeString(text: string): string {
  const escaped = text.replaceAll('\\', '\\\\').replaceAll("'", "\\'");
  return `'${escaped.replaceAll('\n', '\\n').replaceAll('\r', '\\r')}'`;
}
