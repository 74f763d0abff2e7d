import type { RelayStream } from '../../shared/config/config.ts';
import { compileFilter } from '../../shared/filters/filter.ts';
import { censusTable } from '../../shared/report/census.ts';
import { type RelaySource, readCells } from '../../subscriber/bigquery/read-cells.ts';
import type { CensusLine } from '../contract.ts';

const maxNames = 1000;

/**
 * What the edge's filter dropped, by name, and which of it another pattern would keep.
 *
 * @param pattern a regular expression for names, as `filter.event` takes it
 */
export async function readCensus(
  { relay, bigquery }: RelaySource,
  stream: RelayStream,
  days: number,
  pattern: string | undefined,
): Promise<{ lines: CensusLine[] } | { problem: string }> {
  const filter = pattern ? compileFilter({ event: pattern }) : undefined;
  const [wrong] = filter?.problems ?? [];
  if (wrong) return { problem: `The pattern ${wrong.message}.` };
  const query = {
    query: `SELECT event_name, cause, SUM(dropped), UNIX_MILLIS(MIN(first_at)), UNIX_MILLIS(MAX(last_at))
      FROM \`${relay.project}.${censusTable(relay)}\`
      WHERE stream = @stream AND last_at > TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL @days DAY)
      GROUP BY event_name, cause ORDER BY SUM(dropped) DESC LIMIT ${maxNames}`,
    params: { stream: stream.name, days },
    types: { stream: 'STRING', days: 'INT64' },
  };
  const lines: CensusLine[] = [];
  try {
    for await (const cells of readCells({ relay, bigquery }, query, maxNames)) {
      const [event = null, cause, dropped, first, last] = cells;
      lines.push({
        event,
        cause: cause ?? '',
        dropped: Number(dropped),
        firstAt: Number(first),
        lastAt: Number(last),
        ...(filter && event !== null && { isKept: filter.passes({ name: event }) }),
      });
    }
  } catch (error) {
    // The table is created with its first row.
    if ((error as { code?: unknown }).code !== 404 && !/not found/i.test((error as Error).message))
      throw error;
  }
  return { lines };
}
