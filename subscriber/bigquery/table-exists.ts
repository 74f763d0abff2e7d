import type { BigQuery } from '@google-cloud/bigquery';

/** Undefined if the API answers that it does not exist (404) or has this other status. */
export async function orAbsent<T>(request: Promise<T>, status = 404): Promise<T | undefined> {
  try {
    return await request;
  } catch (error) {
    if ((error as { code?: unknown }).code === status) return undefined;
    throw error;
  }
}

/** @param name `dataset.table` */
export async function tableExists(bigquery: BigQuery, name: string): Promise<boolean> {
  const [dataset = '', table = ''] = name.split('.');
  return (await orAbsent(bigquery.dataset(dataset).table(table).getMetadata())) !== undefined;
}
