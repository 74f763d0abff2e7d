import type { BigQuery } from '@google-cloud/bigquery';
import type { Relay, TableName } from '../../shared/config/config.ts';
import { orAbsent } from '../exports/load/destination.ts';

interface Source {
  bigquery: BigQuery;
  relay: Relay;
}

export async function tableExists({ bigquery }: Source, name: TableName): Promise<boolean> {
  const [dataset = '', table = ''] = name.split('.');
  return (await orAbsent(bigquery.dataset(dataset).table(table).getMetadata())) !== undefined;
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
