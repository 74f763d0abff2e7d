import type { Token } from './lexer.ts';
import { normaliseWithStarts } from './normalise.ts';
import { parseError } from './syntax-error.ts';
import { type Node, tryParse } from './syntax-tree.ts';

/** The syntax tree of a statement. Throws invalidQuery, in BigQuery's words and with the position. */
export function parseQuery(sql: string, tokens: readonly Token[]): Node {
  const { text, starts } = normaliseWithStarts(sql, tokens);
  const parsed = tryParse(text);
  if (parsed.ok) return parsed.statement;
  // The translator reads the normalised text, and the user knows only his own.
  const after = starts.findIndex((start) => start > parsed.at);
  throw parseError(sql, tokens, (after < 0 ? starts.length : after) - 1, parsed.reason);
}
