import { notSupported } from '../query-error.ts';
import { isCallAhead, readCall } from './calls.ts';
import { isIdentifier, type Reader } from './reader.ts';
import type { DatePart, Expression, StructItem } from './trees/tree.ts';
import type { TypeTree } from './trees/type-tree.ts';
import { readType } from './types.ts';

/** Types with literals such as `DATE '2024-01-01'`. */
const LITERAL_TYPES: ReadonlySet<string> = new Set(
  'DATE DATETIME TIME TIMESTAMP NUMERIC DECIMAL BIGNUMERIC BIGDECIMAL JSON'.split(' '),
);

export function readPrimary(reader: Reader): Expression {
  const token = reader.peek();
  const pos = reader.pos;
  switch (token?.kind) {
    case 'number': {
      reader.take();
      const isInteger = /^\d+$|^0x/i.test(token.text);
      const text = /^0x/i.test(token.text) ? BigInt(token.text).toString() : token.text;
      return { kind: 'literal', type: isInteger ? 'INT64' : 'FLOAT64', text, pos };
    }
    case 'string':
    case 'bytes':
      return readText(reader, token.kind);
    case 'parameter':
      reader.take();
      return {
        kind: 'parameter',
        name: token.text === '' ? reader.positional++ : token.text.toLowerCase(),
        pos,
      };
    case 'symbol':
      return readBracketed(reader);
    case 'word':
      return readWord(reader) ?? readName(reader);
    default:
      return readName(reader);
  }
}

/** Adjacent literals such as `'a' 'b'` are an error in GoogleSQL, so there is one token. */
function readText(reader: Reader, kind: 'string' | 'bytes'): Expression {
  const { pos } = reader;
  const { text } = reader.take();
  return { kind: 'literal', type: kind === 'string' ? 'STRING' : 'BYTES', text, pos };
}

function readBracketed(reader: Reader): Expression {
  const { pos } = reader;
  if (reader.accept('@@')) {
    const path = [reader.anyName()];
    while (reader.accept('.')) path.push(reader.anyName());
    return { kind: 'system', name: path.join('.').toLowerCase(), pos };
  }
  if (reader.accept('[')) return { kind: 'array', items: readItems(reader, ']'), pos };
  if (!reader.accept('(')) throw reader.unexpected();
  const query = reader.tryQuery();
  if (query !== undefined) {
    reader.expect(')');
    return { kind: 'subquery', mode: 'scalar', query, pos };
  }
  const first = reader.expression();
  if (!reader.is(',')) {
    reader.expect(')');
    return first.kind === 'literal' ? first : { ...first, pos };
  }
  const fields: StructItem[] = [{ value: first }];
  while (reader.accept(',')) fields.push({ value: reader.expression() });
  reader.expect(')');
  return { kind: 'struct', fields, pos };
}

function readItems(reader: Reader, close: string): Expression[] {
  const items = reader.is(close) ? [] : reader.list(() => reader.expression());
  reader.expect(close);
  return items;
}

function readWord(reader: Reader): Expression | undefined {
  const { pos } = reader;
  const word = reader.word();
  const next = reader.peek(1);
  if (LITERAL_TYPES.has(word) && next?.kind === 'string') {
    reader.at += 2;
    return { kind: 'typed', type: word, text: next.text, pos };
  }
  switch (word) {
    case 'NULL':
      reader.take();
      return { kind: 'literal', type: 'NULL', text: 'NULL', pos };
    case 'TRUE':
    case 'FALSE':
      reader.take();
      return { kind: 'literal', type: 'BOOL', text: word, pos };
    case 'RANGE':
      if (reader.symbol(1) !== '<') return undefined;
      throw notSupported('The type RANGE', pos);
    case 'CASE':
      return readCase(reader);
    case 'CAST':
    case 'SAFE_CAST':
      return reader.symbol(1) === '(' ? readCast(reader) : undefined;
    case 'EXTRACT':
      return readExtract(reader);
    case 'WITH':
      return reader.symbol(1) === '(' ? readWith(reader) : undefined;
    case 'INTERVAL':
      return readInterval(reader);
    case 'ARRAY':
      return readArray(reader);
    case 'STRUCT':
      return readStruct(reader);
    case 'EXISTS': {
      reader.take();
      reader.expect('(');
      const query = reader.query();
      reader.expect(')');
      return { kind: 'subquery', mode: 'exists', query, pos };
    }
  }
  return isCallAhead(reader) ? readCall(reader) : undefined;
}

function readName(reader: Reader): Expression {
  const { pos } = reader;
  if (isCallAhead(reader)) return readCall(reader);
  if (!isIdentifier(reader.peek())) throw reader.unexpected();
  const name = reader.identifier();
  if (!name.includes('.')) return { kind: 'name', name, pos };
  // A whole path in backticks.
  const [first = '', ...rest] = name.split('.');
  return rest.reduce<Expression>((of, field) => ({ kind: 'field', of, name: field, pos }), {
    kind: 'name',
    name: first,
    pos,
  });
}

function readCase(reader: Reader): Expression {
  const { pos } = reader;
  reader.expect('CASE');
  const of = reader.is('WHEN') ? undefined : reader.expression();
  const branches = [];
  while (reader.accept('WHEN')) {
    const when = reader.expression();
    reader.expect('THEN');
    branches.push({ when, result: reader.expression() });
  }
  if (branches.length === 0) throw reader.unexpected();
  const otherwise = reader.accept('ELSE') ? reader.expression() : undefined;
  reader.expect('END');
  return { kind: 'case', ...(of && { of }), branches, ...(otherwise && { otherwise }), pos };
}

function readCast(reader: Reader): Expression {
  const { pos } = reader;
  const safe = reader.take().text.toUpperCase() === 'SAFE_CAST';
  reader.expect('(');
  const of = reader.expression();
  reader.expect('AS');
  const type = readType(reader);
  const format = reader.accept('FORMAT') ? reader.expression() : undefined;
  const zone = reader.accept('AT', 'TIME', 'ZONE') ? reader.expression() : undefined;
  reader.expect(')');
  return { kind: 'cast', of, type, safe, ...(format && { format }), ...(zone && { zone }), pos };
}

function readDatePart(reader: Reader): DatePart {
  const name = reader.anyName().toUpperCase();
  if (!reader.accept('(')) return { name };
  const day = reader.anyName().toUpperCase();
  reader.expect(')');
  return { name, day };
}

function readExtract(reader: Reader): Expression {
  const { pos } = reader;
  reader.expect('EXTRACT', '(');
  const part = readDatePart(reader);
  reader.expect('FROM');
  const of = reader.expression();
  const zone = reader.accept('AT', 'TIME', 'ZONE') ? reader.expression() : undefined;
  reader.expect(')');
  return { kind: 'extract', part, of, ...(zone && { zone }), pos };
}

/** `WITH(a AS 1, a + 1)` */
function readWith(reader: Reader): Expression {
  const { pos } = reader;
  reader.expect('WITH', '(');
  const names = [];
  while (isIdentifier(reader.peek()) && reader.word(1) === 'AS') {
    const name = reader.identifier();
    reader.expect('AS');
    names.push({ name, value: reader.expression() });
    reader.expect(',');
  }
  const body = reader.expression();
  reader.expect(')');
  return { kind: 'with', names, body, pos };
}

function readInterval(reader: Reader): Expression {
  const { pos } = reader;
  reader.expect('INTERVAL');
  const value = reader.expression();
  const from = reader.anyName().toUpperCase();
  const to = reader.accept('TO') ? reader.anyName().toUpperCase() : undefined;
  return { kind: 'interval', value, from, ...(to && { to }), pos };
}

function readArray(reader: Reader): Expression | undefined {
  const { pos } = reader;
  if (reader.is('ARRAY', '(')) {
    reader.expect('ARRAY', '(');
    const query = reader.query();
    reader.expect(')');
    return { kind: 'subquery', mode: 'array', query, pos };
  }
  if (reader.accept('ARRAY', '[')) return { kind: 'array', items: readItems(reader, ']'), pos };
  const type = readType(reader);
  reader.expect('[');
  const item = type.kind === 'array' ? type.item : type;
  return { kind: 'array', type: item, items: readItems(reader, ']'), pos };
}

function readStruct(reader: Reader): Expression {
  const { pos } = reader;
  const type: TypeTree | undefined = reader.symbol(1) === '<' ? readType(reader) : undefined;
  if (type === undefined) reader.expect('STRUCT');
  reader.expect('(');
  const readItem = (): StructItem => {
    const value = reader.expression();
    return reader.accept('AS') ? { name: reader.identifier(), value } : { value };
  };
  const fields = reader.is(')') ? [] : reader.list(readItem);
  reader.expect(')');
  return { kind: 'struct', fields, ...(type && { type }), pos };
}
