import type { BigQuery, TableField } from '@google-cloud/bigquery';

/** The table that files are loaded into. */
export interface Destination {
  dataset: string;
  table: string;
  /** Where the dataset is, and so every job that writes to it: a job is found by its id and its place. */
  location: string;
}

/**
 * Finds the dataset of a table, or makes it.
 *
 * @param name `dataset.table`
 * @param location where a missing dataset is made
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
    // 409: another subscriber has made it meanwhile.
    await orAbsent(bigquery.createDataset(datasetId, { location }), 409);
    found = await dataset.getMetadata();
  }
  const { location: place } = found[0] as { location?: string };
  return { dataset: datasetId, table, location: place ?? location };
}

/** The columns of the table; undefined while there is none. */
export async function readColumns(
  bigquery: BigQuery,
  { dataset, table }: Destination,
): Promise<TableField[] | undefined> {
  const found = await orAbsent(bigquery.dataset(dataset).table(table).getMetadata());
  const schema = (found?.[0] as { schema?: { fields?: TableField[] } } | undefined)?.schema;
  return schema?.fields?.length ? schema.fields : undefined;
}

/** Undefined where the API answers that it isn't there. */
export async function orAbsent<T>(request: Promise<T>, status = 404): Promise<T | undefined> {
  try {
    return await request;
  } catch (error) {
    if ((error as { code?: unknown }).code === status) return undefined;
    throw error;
  }
}
