import type { Token } from '../../sql/lexer.ts';
import { isIdentifier } from '../../sql/parse/reader.ts';
import { TokenCursor, unexpected } from '../ddl/token-cursor.ts';
import { readDeclare, readExecute, readSet, splitCommas, takeUntil } from './script-clauses.ts';
import type { ScriptNode } from './script-tree.ts';

/** https://cloud.google.com/bigquery/docs/reference/standard-sql/procedural-language */
export function parseScript(tokens: readonly Token[]): ScriptNode[] {
  const cursor = new TokenCursor(tokens);
  const nodes = readNodes(cursor, []);
  if (!cursor.done) throw unexpected(cursor.peek());
  return nodes;
}

/** Statements up to one of the words that end the list. */
function readNodes(cursor: TokenCursor, ends: readonly string[]): ScriptNode[] {
  const nodes: ScriptNode[] = [];
  while (!cursor.done) {
    if (cursor.accept(';')) continue;
    if (ends.some((word) => cursor.is(word))) return nodes;
    nodes.push(readNode(cursor));
    if (!cursor.done && !cursor.accept(';')) throw unexpected(cursor.peek());
  }
  return nodes;
}

function readNode(cursor: TokenCursor): ScriptNode {
  const pos = cursor.peek()?.start ?? 0;
  const label = readLabel(cursor);
  const read = READERS.find(([words]) => cursor.is(...words));
  if (read !== undefined) return { ...read[1](cursor, label), pos } as ScriptNode;
  const tokens = isProcedure(cursor) ? readProcedure(cursor) : takeUntil(cursor, [';']);
  return { kind: 'statement', tokens, pos };
}

function readLabel(cursor: TokenCursor): string | undefined {
  if (!isIdentifier(cursor.peek()) || cursor.peek(1)?.text !== ':') return undefined;
  const label = cursor.name().toLowerCase();
  cursor.expect(':');
  return label;
}

type Body<T> = T extends unknown ? Omit<T, 'pos'> : never;
type Read = (cursor: TokenCursor, label: string | undefined) => Body<ScriptNode>;

const READERS: readonly [string[], Read][] = [
  [['DECLARE'], readDeclare],
  [['SET'], readSet],
  [['IF'], readIf],
  [['CASE'], readCase],
  [
    ['LOOP'],
    (cursor, label) => ({ kind: 'loop', ...labelled(label), body: readBody(cursor, 'LOOP') }),
  ],
  [['WHILE'], readWhile],
  [['REPEAT'], readRepeat],
  [['FOR'], readFor],
  [['BEGIN'], readBegin],
  [['BREAK'], (cursor) => readJump(cursor, 'BREAK')],
  [['LEAVE'], (cursor) => readJump(cursor, 'BREAK')],
  [['CONTINUE'], (cursor) => readJump(cursor, 'CONTINUE')],
  [['ITERATE'], (cursor) => readJump(cursor, 'CONTINUE')],
  [['RETURN'], readReturn],
  [['RAISE'], readRaise],
  [['EXECUTE', 'IMMEDIATE'], readExecute],
  [['CALL'], readCall],
  [['COMMIT'], (cursor) => readTransaction(cursor, 'COMMIT')],
  [['ROLLBACK'], (cursor) => readTransaction(cursor, 'ROLLBACK')],
];

function labelled(label: string | undefined): { label?: string } {
  return label === undefined ? {} : { label };
}

/** `WORD statements END WORD [label]`, from WORD. */
function readBody(cursor: TokenCursor, word: string, opener = word): ScriptNode[] {
  cursor.expect(opener);
  const body = readNodes(cursor, ['END']);
  cursor.expect('END', word);
  skipLabel(cursor);
  return body;
}

function skipLabel(cursor: TokenCursor): void {
  if (isIdentifier(cursor.peek())) cursor.name();
}

function readIf(cursor: TokenCursor): Body<ScriptNode> {
  cursor.expect('IF');
  const branches = [];
  do {
    const condition = takeUntil(cursor, ['THEN']);
    cursor.expect('THEN');
    branches.push({ condition, body: readNodes(cursor, ['ELSEIF', 'ELSE', 'END']) });
  } while (cursor.accept('ELSEIF'));
  const otherwise = cursor.accept('ELSE') ? readNodes(cursor, ['END']) : [];
  cursor.expect('END', 'IF');
  return { kind: 'if', branches, otherwise };
}

function readCase(cursor: TokenCursor): Body<ScriptNode> {
  cursor.expect('CASE');
  const subject = cursor.is('WHEN') ? undefined : takeUntil(cursor, ['WHEN']);
  const branches = [];
  while (cursor.accept('WHEN')) {
    const condition = takeUntil(cursor, ['THEN']);
    cursor.expect('THEN');
    branches.push({ condition, body: readNodes(cursor, ['WHEN', 'ELSE', 'END']) });
  }
  const otherwise = cursor.accept('ELSE') ? readNodes(cursor, ['END']) : undefined;
  cursor.expect('END', 'CASE');
  return { kind: 'case', ...(subject && { subject }), branches, ...(otherwise && { otherwise }) };
}

function readWhile(cursor: TokenCursor, label: string | undefined): Body<ScriptNode> {
  cursor.expect('WHILE');
  const condition = takeUntil(cursor, ['DO']);
  return { kind: 'while', ...labelled(label), condition, body: readBody(cursor, 'WHILE', 'DO') };
}

function readRepeat(cursor: TokenCursor, label: string | undefined): Body<ScriptNode> {
  cursor.expect('REPEAT');
  const body = readNodes(cursor, ['UNTIL']);
  cursor.expect('UNTIL');
  const until = takeUntil(cursor, ['END']);
  cursor.expect('END', 'REPEAT');
  skipLabel(cursor);
  return { kind: 'repeat', ...labelled(label), until, body };
}

function readFor(cursor: TokenCursor, label: string | undefined): Body<ScriptNode> {
  cursor.expect('FOR');
  const name = cursor.name().toLowerCase();
  cursor.expect('IN');
  const query = cursor.group();
  return { kind: 'for', ...labelled(label), name, query, body: readBody(cursor, 'FOR', 'DO') };
}

function readBegin(cursor: TokenCursor, label: string | undefined): Body<ScriptNode> {
  cursor.expect('BEGIN');
  if (cursor.accept('TRANSACTION') || cursor.done || cursor.is(';'))
    return { kind: 'transaction', what: 'BEGIN' };
  const body = readNodes(cursor, ['EXCEPTION', 'END']);
  let handler: ScriptNode[] | undefined;
  if (cursor.accept('EXCEPTION')) {
    cursor.expect('WHEN', 'ERROR', 'THEN');
    handler = readNodes(cursor, ['END']);
  }
  cursor.expect('END');
  skipLabel(cursor);
  return { kind: 'block', ...labelled(label), body, ...(handler && { handler }) };
}

function readJump(cursor: TokenCursor, what: 'BREAK' | 'CONTINUE'): Body<ScriptNode> {
  cursor.take();
  const label = isIdentifier(cursor.peek()) ? cursor.name().toLowerCase() : undefined;
  return { kind: 'jump', what, ...labelled(label) };
}

function readReturn(cursor: TokenCursor): Body<ScriptNode> {
  cursor.expect('RETURN');
  return { kind: 'return' };
}

function readRaise(cursor: TokenCursor): Body<ScriptNode> {
  cursor.expect('RAISE');
  if (!cursor.accept('USING')) return { kind: 'raise' };
  cursor.expect('MESSAGE', '=');
  return { kind: 'raise', message: takeUntil(cursor, [';']) };
}

function readCall(cursor: TokenCursor): Body<ScriptNode> {
  cursor.expect('CALL');
  const path = cursor.path();
  return { kind: 'call', path, args: splitCommas(cursor.group()) };
}

function readTransaction(cursor: TokenCursor, what: 'COMMIT' | 'ROLLBACK'): Body<ScriptNode> {
  cursor.take();
  cursor.accept('TRANSACTION');
  return { kind: 'transaction', what };
}

function isProcedure(cursor: TokenCursor): boolean {
  return cursor.is('CREATE', 'PROCEDURE') || cursor.is('CREATE', 'OR', 'REPLACE', 'PROCEDURE');
}

/** CREATE PROCEDURE … BEGIN … END, whose body has semicolons of its own. */
function readProcedure(cursor: TokenCursor): Token[] {
  const head = takeUntil(cursor, ['BEGIN']);
  const start = cursor.index;
  readBegin(cursor, undefined);
  return [...head, ...cursor.slice(start)];
}
