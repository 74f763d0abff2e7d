import type { BigQuery } from '@google-cloud/bigquery';
import type { ErrorProto } from './bigquery-failure.ts';
import { type Destination, orAbsent } from './destination.ts';

export interface JobResource {
  status?: { state?: string; errorResult?: ErrorProto; errors?: ErrorProto[] };
  statistics?: { load?: { outputRows?: string } };
}

export async function findJob(
  bigquery: BigQuery,
  jobId: string,
  { location }: Destination,
): Promise<JobResource | undefined> {
  const found = await orAbsent(bigquery.job(jobId, { location }).getMetadata());
  return found?.[0] as JobResource | undefined;
}
