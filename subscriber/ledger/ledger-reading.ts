import type { BigQuery } from '@google-cloud/bigquery';
import type { Relay } from '../../shared/config/config.ts';

interface Source {
  bigquery: BigQuery;
  relay: Relay;
}

/** The rows of a query. */
export async function ask<Row>(
  { bigquery, relay }: Source,
  query: string,
  params: Record<string, string> = {},
): Promise<Row[]> {
  const location = relay.location && { location: relay.location };
  const [rows] = await bigquery.query({ query, params, ...location });
  return rows as Row[];
}
