import type { BigQueryError } from '../errors.ts';
import type { Token } from './lexer.ts';
import { syntaxError } from './statement-place.ts';

/** https://cloud.google.com/bigquery/docs/reference/standard-sql/lexical#reserved_keywords, and those of statements. */
const keywords: ReadonlySet<string> = new Set(
  (
    'ALL AND ANY ARRAY AS ASC ASSERT_ROWS_MODIFIED AT BETWEEN BY CASE CAST COLLATE CONTAINS CREATE CROSS CUBE CURRENT ' +
    'DEFAULT DEFINE DESC DISTINCT ELSE END ENUM ESCAPE EXCEPT EXCLUDE EXISTS EXTRACT FALSE FETCH FOLLOWING FOR FROM ' +
    'FULL GROUP GROUPING GROUPS HASH HAVING IF IGNORE IN INNER INTERSECT INTERVAL INTO IS JOIN LATERAL LEFT LIKE ' +
    'LIMIT LOOKUP MERGE NATURAL NEW NO NOT NULL NULLS OF ON OR ORDER OUTER OVER PARTITION PRECEDING PROTO QUALIFY ' +
    'RANGE RECURSIVE RESPECT RIGHT ROLLUP ROWS SELECT SET SOME STRUCT TABLESAMPLE THEN TO TREAT TRUE UNBOUNDED UNION ' +
    'UNNEST USING WHEN WHERE WINDOW WITH WITHIN'
  ).split(' '),
);

/** Brackets and words that the translator misses, as it names them. */
const expected: Readonly<Record<string, string>> = {
  RParen: '")"',
  RBracket: '"]"',
  End: 'keyword END',
};

/**
 * The error for a statement that the translator can't read, in BigQuery's words.
 *
 * @param index of the token at which it stopped
 * @param reason in the translator's words
 */
export function parseError(
  sql: string,
  tokens: readonly Token[],
  index: number,
  reason: string,
): BigQueryError {
  const token = tokens[index];
  const isLast = index === tokens.length - 1;
  const [, missing = ''] = /^Expected (\w+),/.exec(reason) ?? [];
  const wanted = Object.hasOwn(expected, missing) ? expected[missing] : undefined;
  // The translator stops at the last word where the next one is missing.
  const isEnd = /end of input/.test(reason) || (isLast && token !== undefined && isKeyword(token));
  if (token === undefined || isEnd) {
    const end = tokens.at(-1)?.end ?? sql.length;
    const what = 'end of script';
    return syntaxError(
      sql,
      end,
      wanted ? `Expected ${wanted} but got ${what}` : `Unexpected ${what}`,
    );
  }
  const [first, second] = tokens;
  if (index === 1 && first?.text.toUpperCase() === 'SELECT' && second && isKeyword(second)) {
    return syntaxError(sql, second.start, 'SELECT list must not be empty');
  }
  const found = describeToken(token);
  if (wanted) return syntaxError(sql, token.start, `Expected ${wanted} but got ${found}`);
  const isIllegal = token.kind === 'symbol' && /^[$!\\~`?]$/.test(token.text);
  return syntaxError(
    sql,
    token.start,
    isIllegal ? `Illegal input character "${token.text}"` : `Unexpected ${found}`,
  );
}

function isKeyword({ kind, text }: Token): boolean {
  return kind === 'word' && keywords.has(text.toUpperCase());
}

export function describeToken(token: Token): string {
  const { kind, text } = token;
  switch (kind) {
    case 'word':
      return isKeyword(token) ? `keyword ${text.toUpperCase()}` : `identifier "${text}"`;
    case 'quoted':
      return `identifier \`${text}\``;
    case 'number':
      return `${/^\d+$|^0x/i.test(text) ? 'integer' : 'floating point'} literal "${text}"`;
    case 'string':
    case 'bytes':
      return `${kind} literal "${text}"`;
    case 'parameter':
      return text === '' ? '"?"' : '"@"';
    case 'symbol':
      return `"${text}"`;
  }
}
