import { nearestName } from '../../../shared/nearest-name.ts';
import { BigQueryError } from '../errors.ts';
import type { Token } from '../sql/lexer.ts';
import { placeIn } from '../sql/statement-place.ts';

/** Messages about a name, which stands in the statement somewhere. */
const aboutName = /(?:^Unrecognized name: |^Function not found: |references column )([\w.]+)/;

/** The error of a statement with its position, as BigQuery has it: `Unrecognized name: evnt at [1:8]`. */
export function locatedError(error: unknown, sql: string, tokens: readonly Token[]): unknown {
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

/** `; Did you mean event_name?`, from the candidates that DuckDB lists. */
export function candidate(name: string, message: string): string {
  const [, list = ''] = /^Candidate bindings: (.*)$/m.exec(message) ?? [];
  const names = [...list.matchAll(/"([^"]+)"/g)].map(
    ([, text = '']) => text.split('.').at(-1) ?? '',
  );
  const nearest = nearestName(name, names);
  return nearest === undefined ? '' : `; Did you mean ${nearest}?`;
}
