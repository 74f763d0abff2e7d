import { BigQueryError } from '../errors.ts';
import type { Token } from '../sql/lexer.ts';
import { placeIn } from '../sql/statement-place.ts';

/** Messages about a name, which stands in the statement somewhere. */
const aboutName = /(?:^Unrecognized name: |^Function not found: |references column )([\w.]+)/;

/** The error of a statement with its position, as BigQuery has it: `Unrecognized name: evnt at [1:8]`. */
export function locatedError(error: unknown, sql: string, tokens: readonly Token[]): unknown {
  // The stack of a statement that is read by recursion: 20,000 brackets, or as many operators in a row.
  if (error instanceof RangeError) {
    return new BigQueryError('invalidQuery', 'The statement is too large or nested too deeply', {
      cause: error,
      location: 'query',
    });
  }
  if (!(error instanceof BigQueryError) || error.reason !== 'invalidQuery') return error;
  const { message, location } = error;
  if (/ at \[\d+:\d+\]$/.test(message)) return error;
  const end = message.endsWith('end of script') ? tokens.at(-1)?.end : undefined;
  const offset = error.offset ?? end ?? offsetOfName(message, tokens);
  if (offset === undefined) return error;
  return new BigQueryError('invalidQuery', `${message} at ${placeIn(sql, offset)}`, {
    cause: error.cause,
    ...(location !== undefined && { location }),
  });
}

/** Where the name occurs first. DuckDB knows only the place in its own statement. */
function offsetOfName(message: string, tokens: readonly Token[]): number | undefined {
  const name = aboutName.exec(message)?.[1]?.split('.').at(-1)?.toLowerCase();
  return tokens.find(
    ({ kind, text }) => (kind === 'word' || kind === 'quoted') && text.toLowerCase() === name,
  )?.start;
}

/** Shortens DuckDB's message to its reason, and uses BigQuery's wording where it is known. */
export function asQueryError(cause: unknown): BigQueryError {
  if (cause instanceof BigQueryError) return cause;
  const whole = String(cause instanceof Error ? cause.message : cause);
  const [first = ''] = whole.split('\n');
  const message = first
    .replace(
      /^(?:TransactionContext Error: Failed to commit: )?(?:[A-Z][A-Za-z ]*|INTERNAL) Error: /,
      '',
    )
    .replace(
      /^column "?(.*?)"? must appear in the GROUP BY clause.*$/,
      'SELECT list expression references column $1 which is neither grouped nor aggregated',
    )
    .replace(
      /^.*?(?:Overflow in (?:addition|subtraction|multiplication)|out of range for the destination type INT64|Type INT128 with value).*$/,
      (found) => `int64 overflow: ${found}`,
    )
    .replace(
      /^More than one row returned by a subquery.*$/,
      'Scalar subquery produced more than one element',
    )
    .replace(/^NOT NULL constraint failed: .*?\.?([^.]+)$/, 'Required field $1 cannot be null');
  return new BigQueryError('invalidQuery', message, { cause, location: 'query' });
}
