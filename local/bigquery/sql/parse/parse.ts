import type { Token } from '../lexer.ts';
import { readExpression, readOperand } from './expressions.ts';
import { readQuery } from './queries.ts';
import { Reader } from './reader.ts';
import type { Query } from './trees/tree.ts';

export function readerOf(tokens: readonly Token[]): Reader {
  return new Reader(tokens, { expression: readExpression, query: readQuery, operand: readOperand });
}

/** The syntax tree of a query. Throws invalidQuery, in BigQuery's words and with the position. */
export function parseQuery(tokens: readonly Token[]): Query {
  const reader = readerOf(tokens);
  const query = reader.query();
  if (!reader.done) throw reader.unexpected();
  return query;
}
