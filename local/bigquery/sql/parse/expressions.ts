import { readPostfix } from './postfix.ts';
import type { Reader } from './reader.ts';
import type { Expression, InList, IsWhat, LikePattern } from './trees/tree.ts';

/** https://cloud.google.com/bigquery/docs/reference/standard-sql/operators#operator_precedence */
export function readExpression(reader: Reader): Expression {
  return readOr(reader);
}

/** An expression without comparisons. */
export function readOperand(reader: Reader): Expression {
  return readBits(reader, 0);
}

function readOr(reader: Reader): Expression {
  let left = readAnd(reader);
  while (reader.is('OR')) left = binary(reader, left, readAnd);
  return left;
}

function readAnd(reader: Reader): Expression {
  let left = readNot(reader);
  while (reader.is('AND')) left = binary(reader, left, readNot);
  return left;
}

function binary(
  reader: Reader,
  left: Expression,
  readRight: (reader: Reader) => Expression,
): Expression {
  const operator = reader.take().text.toUpperCase();
  return { kind: 'binary', operator, left, right: readRight(reader), pos: left.pos };
}

function readNot(reader: Reader): Expression {
  const { pos } = reader;
  if (!reader.accept('NOT')) return readComparison(reader);
  return { kind: 'unary', operator: 'NOT', of: readNot(reader), pos };
}

const COMPARISONS: ReadonlySet<string> = new Set(['=', '<', '>', '<=', '>=', '!=', '<>']);

function readComparison(reader: Reader): Expression {
  const left = readBits(reader, 0);
  if (COMPARISONS.has(reader.symbol())) {
    const written = reader.take().text;
    const operator = written === '<>' ? '!=' : written;
    const right = readBits(reader, 0);
    if (COMPARISONS.has(reader.symbol())) throw reader.unexpected();
    return { kind: 'binary', operator, left, right, pos: left.pos };
  }
  if (reader.is('IS')) return readIs(reader, left);
  const not = reader.is('NOT') && ['IN', 'LIKE', 'BETWEEN'].includes(reader.word(1));
  if (not) reader.take();
  const { pos } = left;
  if (reader.accept('BETWEEN')) {
    const low = readBits(reader, 0);
    reader.expect('AND');
    return { kind: 'between', of: left, low, high: readBits(reader, 0), not, pos };
  }
  if (reader.accept('IN')) return { kind: 'in', of: left, list: readInList(reader), not, pos };
  if (reader.accept('LIKE'))
    return { kind: 'like', of: left, pattern: readPattern(reader), not, pos };
  return left;
}

function readIs(reader: Reader, of: Expression): Expression {
  reader.expect('IS');
  const not = reader.accept('NOT');
  let what: IsWhat;
  if (reader.accept('NULL') || reader.accept('UNKNOWN')) what = 'NULL';
  else if (reader.accept('TRUE')) what = 'TRUE';
  else if (reader.accept('FALSE')) what = 'FALSE';
  else {
    reader.expect('DISTINCT', 'FROM');
    what = { distinctFrom: readBits(reader, 0) };
  }
  return { kind: 'is', of, what, not, pos: of.pos };
}

function readInList(reader: Reader): InList {
  if (reader.accept('UNNEST')) {
    reader.expect('(');
    const array = reader.expression();
    reader.expect(')');
    return { array };
  }
  reader.expect('(');
  const query = reader.tryQuery();
  if (query !== undefined) {
    reader.expect(')');
    return { query };
  }
  const items = reader.list(() => reader.expression());
  reader.expect(')');
  return { items };
}

function readPattern(reader: Reader): LikePattern {
  const quantifier = reader.word();
  if (quantifier !== 'ANY' && quantifier !== 'ALL' && quantifier !== 'SOME') {
    return readBits(reader, 0);
  }
  reader.take();
  const whole = quantifier === 'ALL' ? 'ALL' : 'ANY';
  const { pos } = reader;
  if (reader.accept('UNNEST')) {
    reader.expect('(');
    const array = reader.expression();
    reader.expect(')');
    return { quantifier: whole, patterns: { array } };
  }
  if (reader.is('(') && reader.startsQuery(1)) {
    reader.expect('(');
    const query = reader.tryQuery();
    if (query !== undefined && reader.accept(')')) {
      return {
        quantifier: whole,
        patterns: { array: { kind: 'subquery', mode: 'array', query, pos } },
      };
    }
    const rest = reader.list(() => reader.expression());
    reader.expect(')');
    return { quantifier: whole, patterns: rest };
  }
  const patterns = reader.group(() => reader.expression());
  return { quantifier: whole, patterns };
}

/** From the loosest to the tightest. */
const LEVELS: readonly (readonly string[])[] = [
  ['|'],
  ['^'],
  ['&'],
  ['<<', '>>'],
  ['+', '-'],
  ['*', '/', '||'],
];

function readBits(reader: Reader, level: number): Expression {
  const operators = LEVELS[level];
  if (operators === undefined) return readUnary(reader);
  const inner = (next: Reader) => readBits(next, level + 1);
  let left = inner(reader);
  while (operators.includes(reader.symbol())) left = binary(reader, left, inner);
  return left;
}

function readUnary(reader: Reader): Expression {
  const { pos } = reader;
  const operator = reader.symbol();
  if (operator !== '-' && operator !== '+' && operator !== '~') return readPostfix(reader);
  reader.take();
  const of = readUnary(reader);
  if (operator === '-' && of.kind === 'literal' && (of.type === 'INT64' || of.type === 'FLOAT64')) {
    const text = of.text.startsWith('-') ? of.text.slice(1) : `-${of.text}`;
    return { kind: 'literal', type: of.type, text, pos };
  }
  return { kind: 'unary', operator, of, pos };
}
