import type { Token } from '../../sql/lexer.ts';
import { type TokenCursor, unexpected } from '../ddl/token-cursor.ts';
import type { ScriptNode } from './script-tree.ts';

type Body<T> = T extends unknown ? Omit<T, 'pos'> : never;

/** The tokens up to one of the words, outside of brackets and of CASE … END. */
export function takeUntil(cursor: TokenCursor, words: readonly string[]): Token[] {
  const taken: Token[] = [];
  for (let depth = 0; !cursor.done; ) {
    if (depth === 0 && words.some((word) => cursor.is(word))) break;
    const token = cursor.take();
    const text = token.kind === 'word' || token.kind === 'symbol' ? token.text.toUpperCase() : '';
    if (text === '(' || text === '[' || text === 'CASE') depth += 1;
    if (depth > 0 && (text === ')' || text === ']' || text === 'END')) depth -= 1;
    taken.push(token);
  }
  if (taken.length === 0) throw unexpected(cursor.peek());
  return taken;
}

/** The parts of a list. */
export function splitCommas(tokens: readonly Token[]): Token[][] {
  const parts: Token[][] = [];
  let depth = 0;
  let part: Token[] = [];
  for (const token of tokens) {
    const text = token.kind === 'symbol' ? token.text : '';
    if (text === '(' || text === '[') depth += 1;
    if (text === ')' || text === ']') depth -= 1;
    if (text === ',' && depth === 0) {
      parts.push(part);
      part = [];
    } else part.push(token);
  }
  return part.length === 0 && parts.length === 0 ? [] : [...parts, part];
}

/** `DECLARE a, b INT64 DEFAULT 1` */
export function readDeclare(cursor: TokenCursor): Body<ScriptNode> {
  cursor.expect('DECLARE');
  const names: string[] = [];
  do names.push(cursor.name().toLowerCase());
  while (cursor.accept(','));
  const type = cursor.is('DEFAULT') ? undefined : takeUntil(cursor, ['DEFAULT', ';']);
  const value = cursor.accept('DEFAULT') ? takeUntil(cursor, [';']) : undefined;
  return { kind: 'declare', names, ...(type && { type }), ...(value && { value }) };
}

/** `SET x = 1`, `SET (a, b) = (1, 2)`, `SET @@time_zone = 'UTC'` */
export function readSet(cursor: TokenCursor): Body<ScriptNode> {
  cursor.expect('SET');
  if (cursor.accept('@@')) {
    const target = cursor.path().join('.').toLowerCase();
    cursor.expect('=');
    return {
      kind: 'set',
      targets: [target],
      value: takeUntil(cursor, [';']),
      isTuple: false,
      isSystem: true,
    };
  }
  const isTuple = cursor.is('(');
  const targets = isTuple
    ? splitCommas(cursor.group()).map(([name]) => (name?.text ?? '').toLowerCase())
    : [cursor.name().toLowerCase()];
  cursor.expect('=');
  return { kind: 'set', targets, value: takeUntil(cursor, [';']), isTuple, isSystem: false };
}

/** `EXECUTE IMMEDIATE text [INTO a, b] [USING 1 AS x, 2]` */
export function readExecute(cursor: TokenCursor): Body<ScriptNode> {
  cursor.expect('EXECUTE', 'IMMEDIATE');
  const text = takeUntil(cursor, ['INTO', 'USING', ';']);
  const into: string[] = [];
  if (cursor.accept('INTO')) {
    do into.push(cursor.name().toLowerCase());
    while (cursor.accept(','));
  }
  const using = cursor.accept('USING') ? splitCommas(takeUntil(cursor, [';'])).map(named) : [];
  return { kind: 'execute', text, into, using };
}

function named(tokens: Token[]): { name?: string; value: Token[] } {
  const as = tokens.at(-2);
  const last = tokens.at(-1);
  if (as?.kind === 'word' && as.text.toUpperCase() === 'AS' && last !== undefined) {
    return { name: last.text.toLowerCase(), value: tokens.slice(0, -2) };
  }
  return { value: tokens };
}
