import type { Token } from '../../sql/lexer.ts';
import { invalidQuery, notSupported } from '../../sql/query-error.ts';
import { canonicalType, type Field } from '../../tables/schema.ts';
import { readOptions, textOption } from './options.ts';
import { TokenCursor, unexpected } from './token-cursor.ts';

export interface ColumnList {
  schema: Field[];
  primaryKey: string[];
}

/** The columns between the brackets of CREATE TABLE. `source` is the statement, for the text of defaults. */
export function readColumnList(tokens: readonly Token[], source: string): ColumnList {
  const cursor = new TokenCursor(splitClosing(tokens));
  const list: ColumnList = { schema: [], primaryKey: [] };
  while (!cursor.done) {
    if (cursor.accept('CONSTRAINT')) cursor.name();
    if (cursor.accept('PRIMARY', 'KEY')) {
      list.primaryKey = readNames(cursor.group());
      cursor.expect('NOT', 'ENFORCED');
    } else if (cursor.accept('FOREIGN', 'KEY')) {
      cursor.group();
      readReference(cursor);
    } else {
      const field = readColumn(cursor, source);
      list.schema.push(field);
      if (cursor.accept('PRIMARY', 'KEY', 'NOT', 'ENFORCED')) list.primaryKey.push(field.name);
      if (cursor.peek()?.text.toUpperCase() === 'REFERENCES') readReference(cursor);
    }
    if (!cursor.done) cursor.expect(',');
  }
  return list;
}

/** Foreign keys are not enforced, in BigQuery as here. */
function readReference(cursor: TokenCursor): void {
  cursor.expect('REFERENCES');
  cursor.path();
  cursor.group();
  cursor.expect('NOT', 'ENFORCED');
}

/** Splits `>>` into two brackets, as in `ARRAY<STRUCT<a INT64>>`. */
export function splitClosing(tokens: readonly Token[]): Token[] {
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

export function readColumn(cursor: TokenCursor, source: string): Field {
  const field = readType(cursor, cursor.name(), source);
  for (;;) {
    if (cursor.accept('NOT', 'NULL')) field.mode = 'REQUIRED';
    else if (cursor.accept('OPTIONS')) {
      const description = textOption(readOptions(cursor.group()), 'description');
      if (description !== undefined) field.description = description;
    } else if (cursor.accept('DEFAULT')) {
      field.extra = { ...field.extra, defaultValueExpression: readDefault(cursor, source) };
    } else if (cursor.accept('COLLATE')) {
      const collation = cursor.take().text;
      if (collation !== '') throw notSupported(`A column with the collation ${collation}`);
    } else return field;
  }
}

/** The text of an expression, up to a clause that may follow it. */
function readDefault(cursor: TokenCursor, source: string): string {
  const first = cursor.peek();
  let last = first;
  for (let depth = 0; !cursor.done; ) {
    const token = cursor.peek();
    const text = token?.text ?? '';
    if (depth === 0 && (text === ',' || /^(?:NOT|OPTIONS|PRIMARY|REFERENCES|COLLATE)$/i.test(text)))
      break;
    if (text === '(' || text === '[') depth += 1;
    if (text === ')' || text === ']') depth -= 1;
    last = cursor.take();
  }
  if (first === undefined || last === undefined) throw unexpected(first);
  return source.slice(first.start, last.end);
}

function readType(cursor: TokenCursor, name: string, source: string): Field {
  const word = cursor.name().toUpperCase();
  if (word === 'ARRAY') {
    cursor.expect('<');
    const item = readType(cursor, name, source);
    cursor.expect('>');
    if (item.mode === 'REPEATED') throw invalidQuery('Cannot create an array of arrays');
    return { ...item, mode: 'REPEATED' };
  }
  if (word === 'GEOGRAPHY' || word === 'RANGE' || word === 'INTERVAL')
    throw notSupported(`A column of type ${word}`);
  const type = word === 'RECORD' ? undefined : (canonicalType(word) ?? INTEGERS[word]);
  if (type === undefined || word === 'FLOAT') throw invalidQuery(`Type not found: ${word}`);
  if (type === 'RECORD')
    return { name, type, mode: 'NULLABLE', fields: readStruct(cursor, source) };
  const parameters = cursor.peek()?.text === '(' ? cursor.group() : [];
  const numbers = parameters.filter(({ kind }) => kind === 'number').map(({ text }) => text);
  const extra = limits(type, numbers);
  return { name, type, mode: 'NULLABLE', ...(extra && { extra }) };
}

const INTEGERS: Readonly<Record<string, 'INTEGER'>> = {
  INT: 'INTEGER',
  SMALLINT: 'INTEGER',
  BIGINT: 'INTEGER',
  TINYINT: 'INTEGER',
  BYTEINT: 'INTEGER',
};

/** STRING(n), BYTES(n), NUMERIC(p, s) and BIGNUMERIC(p, s), as the REST API has them. */
function limits(
  type: Field['type'],
  numbers: readonly string[],
): Record<string, string> | undefined {
  const [first, second] = numbers;
  if (first === undefined) return undefined;
  if (type === 'STRING' || type === 'BYTES') return { maxLength: first };
  if (type === 'NUMERIC' || type === 'BIGNUMERIC')
    return { precision: first, ...(second !== undefined && { scale: second }) };
  throw invalidQuery(`${type} does not support type parameters`);
}

function readStruct(cursor: TokenCursor, source: string): Field[] {
  cursor.expect('<');
  const fields: Field[] = [];
  do fields.push(readColumn(cursor, source));
  while (cursor.accept(','));
  cursor.expect('>');
  return fields;
}
