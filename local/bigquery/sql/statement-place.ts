import { BigQueryError } from '../errors.ts';

/** `[2:7]`: line and column in the statement, both from 1. */
export function placeIn(sql: string, offset: number): string {
  const lines = sql.slice(0, offset).split('\n');
  return `[${lines.length}:${(lines.at(-1) ?? '').length + 1}]`;
}

export function syntaxError(sql: string, offset: number, message: string): BigQueryError {
  return new BigQueryError('invalidQuery', `Syntax error: ${message} at ${placeIn(sql, offset)}`, {
    location: 'query',
  });
}
