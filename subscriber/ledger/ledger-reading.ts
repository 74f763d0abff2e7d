import type { RelaySource } from '../bigquery/read-cells.ts';

/** The rows of a query. */
export async function ask<Row>(
  { bigquery, relay }: RelaySource,
  query: string,
  params: Record<string, string> = {},
): Promise<Row[]> {
  const [rows] = await bigquery.query({ query, params, location: relay.location });
  return rows as Row[];
}
