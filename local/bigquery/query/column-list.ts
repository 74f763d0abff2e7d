import { BigQueryError } from '../errors.ts';
import type { Token } from '../sql/lexer.ts';
import { invalidQuery } from '../sql/syntax-tree.ts';
import { canonicalType, type Field } from '../tables/schema.ts';
import { TokenCursor, unexpected } from './token-cursor.ts';

export interface ColumnList {
  schema: Field[];
  primaryKey: string[];
}

/** The columns between the brackets of CREATE TABLE. Defaults and collations are refused. */
export function readColumnList(tokens: readonly Token[]): ColumnList {
  const cursor = new TokenCursor(splitClosing(tokens));
  const list: ColumnList = { schema: [], primaryKey: [] };
  while (!cursor.done) {
    if (cursor.accept('PRIMARY', 'KEY')) {
      list.primaryKey = readNames(cursor.group());
      cursor.expect('NOT', 'ENFORCED');
    } else {
      const field = readColumn(cursor);
      list.schema.push(field);
      if (cursor.accept('PRIMARY', 'KEY', 'NOT', 'ENFORCED')) list.primaryKey.push(field.name);
    }
    if (!cursor.done) cursor.expect(',');
  }
  return list;
}

/** Splits `>>` into two brackets, as in `ARRAY<STRUCT<a INT64>>`. */
function splitClosing(tokens: readonly Token[]): Token[] {
  return tokens.flatMap((token) =>
    token.kind === 'symbol' && token.text === '>>'
      ? [
          { ...token, text: '>' },
          { ...token, text: '>' },
        ]
      : [token],
  );
}

export function readNames(tokens: readonly Token[]): string[] {
  return tokens
    .filter((token) => token.kind === 'word' || token.kind === 'quoted')
    .map((token) => token.text);
}

function readColumn(cursor: TokenCursor): Field {
  const field = readType(cursor, cursor.name());
  if (cursor.accept('NOT', 'NULL')) field.mode = 'REQUIRED';
  if (cursor.accept('OPTIONS')) {
    const description = readOptions(cursor.group()).get('description');
    if (description !== undefined) field.description = description;
  }
  if (cursor.accept('DEFAULT') || cursor.accept('COLLATE')) {
    throw new BigQueryError('notImplemented', 'DEFAULT and COLLATE are not supported');
  }
  return field;
}

function readType(cursor: TokenCursor, name: string): Field {
  const word = cursor.name().toUpperCase();
  if (word === 'ARRAY') {
    cursor.expect('<');
    const item = readType(cursor, name);
    cursor.expect('>');
    if (item.mode === 'REPEATED') throw invalidQuery('Cannot create an array of arrays');
    return { ...item, mode: 'REPEATED' };
  }
  const type = canonicalType(word);
  if (type === undefined) throw invalidQuery(`Type not found: ${word}`);
  if (type === 'RECORD') return { name, type, mode: 'NULLABLE', fields: readStruct(cursor) };
  if (cursor.peek()?.text === '(') cursor.group();
  return { name, type, mode: 'NULLABLE' };
}

function readStruct(cursor: TokenCursor): Field[] {
  cursor.expect('<');
  const fields: Field[] = [];
  do fields.push(readColumn(cursor));
  while (cursor.accept(','));
  cursor.expect('>');
  return fields;
}

/** The string options of `OPTIONS(description = "…", …)`. */
export function readOptions(tokens: readonly Token[]): Map<string, string> {
  const cursor = new TokenCursor(tokens);
  const options = new Map<string, string>();
  while (!cursor.done) {
    const name = cursor.name().toLowerCase();
    cursor.expect('=');
    const value = cursor.take();
    if (value.kind === 'string') options.set(name, value.text);
    else if (value.text === '[' || value.text === '(') {
      while (!cursor.accept(value.text === '[' ? ']' : ')')) cursor.take();
    }
    if (!cursor.done && !cursor.accept(',')) throw unexpected(cursor.peek());
  }
  return options;
}
