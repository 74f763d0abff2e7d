import { allCells, type Cells, type RelaySource } from '../../bigquery/read-cells.ts';
import { within } from '../../within.ts';
import { answerWithinMs } from '../answer-time.ts';

const pageRows = 10_000;

/** BigQuery's clock, in Unix milliseconds: all replicas go by it. Reads no table, and so costs nothing. */
export async function readClock(source: RelaySource): Promise<number> {
  const [row] = await readRows(source, 'SELECT UNIX_MILLIS(CURRENT_TIMESTAMP())');
  return Number(row?.[0]);
}

/** The rows of a query, as BigQuery sends them. */
export function readRows(
  source: RelaySource,
  query: string,
  params: Record<string, readonly string[]> = {},
): Promise<Cells[]> {
  return within(answerWithinMs, readPages(source, query, params));
}

async function readPages(
  source: RelaySource,
  query: string,
  params: Record<string, readonly string[]>,
): Promise<Cells[]> {
  const types = Object.fromEntries(Object.keys(params).map((name) => [name, ['STRING']]));
  const given = Object.keys(params).length > 0 && { params, types };
  return await allCells(source, { query, ...given }, pageRows);
}
