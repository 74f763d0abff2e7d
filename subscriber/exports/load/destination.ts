import type { BigQuery, TableField } from '@google-cloud/bigquery';
import { orAbsent } from '../../bigquery/table-exists.ts';

/** The table that files are loaded into. */
export interface Destination {
  dataset: string;
  table: string;
  /** Of the dataset, and so of every job that writes to it. A job is found by its id and its location. */
  location: string;
}

/**
 * Finds the dataset of a table, or creates it.
 *
 * @param name `dataset.table`
 * @param location of a dataset that is created
 */
export async function findDestination(
  bigquery: BigQuery,
  name: string,
  location: string,
): Promise<Destination> {
  const [datasetId = '', table = ''] = name.split('.');
  const dataset = bigquery.dataset(datasetId);
  let found = await orAbsent(dataset.getMetadata());
  if (!found) {
    // 409: another subscriber has created it.
    await orAbsent(bigquery.createDataset(datasetId, { location }), 409);
    found = await dataset.getMetadata();
  }
  const { location: actual } = found[0] as { location?: string };
  return { dataset: datasetId, table, location: actual ?? location };
}

/** The columns of the table; undefined while it does not exist. */
export async function readColumns(
  bigquery: BigQuery,
  { dataset, table }: Destination,
): Promise<TableField[] | undefined> {
  const found = await orAbsent(bigquery.dataset(dataset).table(table).getMetadata());
  const schema = (found?.[0] as { schema?: { fields?: TableField[] } } | undefined)?.schema;
  return schema?.fields?.length ? schema.fields : undefined;
}
