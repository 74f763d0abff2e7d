import type { BigQuery } from '@google-cloud/bigquery';
import type { Relay } from '../../../shared/config/config.ts';
import { readResult } from '../../bigquery/result-pages.ts';

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
export async function readRows(
  { bigquery, relay }: FactSource,
  query: string,
  params: Record<string, readonly string[]> = {},
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

/** A literal, so that BigQuery reads only the partitions of the range. */
export function timeLiteral(time: number): string {
  return `TIMESTAMP '${new Date(time).toISOString().replace('Z', '+00:00')}'`;
}
