import type { BigQuery } from '@google-cloud/bigquery';
import type { Relay } from '../../../shared/config/config.ts';
import { readResult } from '../../bigquery/result-pages.ts';
import { within } from '../../within.ts';
import { answerWithinMs } from '../answer-time.ts';

export interface FactSource {
  bigquery: BigQuery;
  relay: Relay;
}

export interface Cells {
  f: { v: string | null }[];
}

const pageRows = 10_000;

/** BigQuery's clock, in Unix milliseconds: all replicas go by it. Reads no table, and so costs nothing. */
export async function readClock(source: FactSource): Promise<number> {
  const [row] = await readRows(source, 'SELECT UNIX_MILLIS(CURRENT_TIMESTAMP())');
  return Number(row?.f[0]?.v);
}

/** The rows of a query, as BigQuery sends them. */
export function readRows(
  source: FactSource,
  query: string,
  params: Record<string, readonly string[]> = {},
): Promise<Cells[]> {
  return within(answerWithinMs, readPages(source, query, params));
}

async function readPages(
  { bigquery, relay }: FactSource,
  query: string,
  params: Record<string, readonly string[]>,
): Promise<Cells[]> {
  const types = Object.fromEntries(Object.keys(params).map((name) => [name, ['STRING']]));
  const rows: Cells[] = [];
  const pages = readResult<Cells>(
    bigquery,
    {
      query,
      ...(Object.keys(params).length > 0 && { params, types }),
      ...(relay.location && { location: relay.location }),
    },
    pageRows,
  );
  for await (const page of pages) rows.push(...page.rows);
  return rows;
}
