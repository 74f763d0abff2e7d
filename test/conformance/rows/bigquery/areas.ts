import type { BigQueryTarget } from '../../bigquery-target.ts';
import type { Area } from '../../row.ts';
import { jobs, queries } from './jobs.ts';
import { datasets, tableData, tables } from './resources.ts';
import { storageRead } from './storage-read.ts';
import { buffered, committed, defaultStream, pending } from './storage-write.ts';
import { refusals, values } from './storage-write-limits.ts';

const docs = 'https://cloud.google.com/bigquery/docs';
const reference = `${docs}/reference`;

type Areas = readonly Area<BigQueryTarget>[];

/** The rows of each suite, by the page that documents them. */
export const bigqueryAreas: Record<'bigquery-rest' | 'storage-write' | 'storage-read', Areas> = {
  'bigquery-rest': [
    { page: `${reference}/rest/v2/datasets`, rows: datasets },
    { page: `${reference}/rest/v2/tables`, rows: tables },
    { page: `${reference}/rest/v2/tabledata`, rows: tableData },
    { page: `${reference}/rest/v2/jobs/query`, rows: queries },
    { page: `${reference}/rest/v2/jobs`, rows: jobs },
  ],
  'storage-write': [
    { page: `${docs}/write-api#default_stream`, rows: defaultStream },
    { page: `${docs}/write-api-streaming`, rows: committed },
    { page: `${docs}/write-api-batch`, rows: pending },
    { page: `${docs}/write-api#buffered_type`, rows: buffered },
    { page: `${reference}/storage/rpc/google.cloud.bigquery.storage.v1`, rows: refusals },
    { page: `${docs}/default-values`, rows: values },
  ],
  'storage-read': [{ page: `${docs}/reference/storage`, rows: storageRead }],
};
