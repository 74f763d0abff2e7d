import type { BigQuery, Query } from '@google-cloud/bigquery';
import type { Relay } from '../../shared/config/config.ts';
import { readResult } from './result-pages.ts';

/** A relay, and the BigQuery that has its tables. */
export interface RelaySource {
  bigquery: BigQuery;
  relay: Relay;
}

/** One row of a result: its cells in the order of the columns, as the texts that BigQuery sends. */
export type Cells = readonly (string | null | undefined)[];

/**
 * The rows of a query about a relay's tables, in its location.
 *
 * @param pageRows how many rows stay in memory
 * @throws an error of BigQuery's client
 */
export async function* readCells(
  { bigquery, relay }: RelaySource,
  query: Query,
  pageRows: number,
): AsyncGenerator<Cells> {
  const located = { ...query, location: relay.location };
  for await (const { rows } of readResult<WireRow>(bigquery, located, pageRows)) {
    for (const { f } of rows) yield f.map(({ v }) => v);
  }
}

/** The same, all at once. */
export async function allCells(
  source: RelaySource,
  query: Query,
  pageRows: number,
): Promise<Cells[]> {
  const all: Cells[] = [];
  for await (const cells of readCells(source, query, pageRows)) all.push(cells);
  return all;
}

interface WireRow {
  f: { v: string | null }[];
}
