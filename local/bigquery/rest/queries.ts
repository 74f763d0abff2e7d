import { BigQueryError } from '../errors.ts';
import type { Job } from '../jobs/job.ts';
import type { JobStore } from '../jobs/job-store.ts';
import { type Jobs, readQuery } from '../jobs/jobs.ts';
import { type RestRow, restRow, type TimestampFormat } from '../query/results/rest-values.ts';
import { dryRun } from '../query/run-query.ts';
import type { Store } from '../storage/store.ts';
import { asCount, asObject, asText, isTrue, type JsonObject } from './http/json.ts';
import { readPage } from './http/paging.ts';
import type { Call, Reply, Router } from './http/router.ts';
import { writeFields } from './http/schema-json.ts';

/** How long BigQuery waits for a query before it answers without the result. */
const DEFAULT_TIMEOUT_MS = 10_000;
const MAX_TIMEOUT_MS = 200_000;
/** The most characters on a page; BigQuery's limit is about 10 MB. */
const PAGE_CHARS = 10_000_000;
/** How many rows are added to a page before its size is checked. */
const STEP = 1000;

/** https://cloud.google.com/bigquery/docs/reference/rest/v2/jobs/query and getQueryResults */
export function routeQueries(router: Router, store: Store, jobs: Jobs, jobStore: JobStore): void {
  router.on('POST', '/projects/:projectId/queries', (call) =>
    runQuery(store, jobs, jobStore, call),
  );
  router.on('GET', '/projects/:projectId/queries/:jobId', async (call) => {
    const { projectId = '', jobId = '' } = call.path;
    await waitFor(
      jobStore,
      jobStore.get({ projectId, jobId }),
      asCount(call.query.get('timeoutMs') ?? ''),
    );
    const page = {
      ...readPage(call.query, Number.POSITIVE_INFINITY),
      format: queryFormat(call.query),
    };
    return {
      body: {
        kind: 'bigquery#getQueryResultsResponse',
        ...answer(jobs, jobStore.get({ projectId, jobId }), page),
      },
    };
  });
}

async function runQuery(store: Store, jobs: Jobs, jobStore: JobStore, call: Call): Promise<Reply> {
  const body = await call.json();
  const { projectId = '' } = call.path;
  const kind = 'bigquery#queryResponse';
  if (isTrue(body['dryRun']))
    return { body: { kind, ...(await dryRunAnswer(store, projectId, body)) } };
  const started = await jobs.startQuery(projectId, { configuration: { query: body } }, false);
  await waitFor(jobStore, started, asCount(body['timeoutMs']));
  const page = {
    start: 0,
    size: asCount(body['maxResults']) ?? Number.POSITIVE_INFINITY,
    format: bodyFormat(asObject(body['formatOptions'])),
  };
  return { body: { kind, queryId: started.jobId, ...answer(jobs, jobStore.get(started), page) } };
}

async function dryRunAnswer(store: Store, projectId: string, body: JsonObject): Promise<object> {
  const { schema, statementType, bytesRead } = await dryRun(store, readQuery(projectId, body));
  return {
    jobReference: { projectId, location: 'US' },
    schema: { fields: writeFields(schema) },
    statementType,
    jobComplete: true,
    totalRows: '0',
    totalBytesProcessed: String(bytesRead?.processed ?? 0),
    cacheHit: false,
  };
}

async function waitFor(jobStore: JobStore, job: Job, timeoutMs: number | undefined): Promise<void> {
  const wait = Math.min(timeoutMs ?? DEFAULT_TIMEOUT_MS, MAX_TIMEOUT_MS);
  let timer: NodeJS.Timeout | undefined;
  const elapsed = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, wait);
  });
  await Promise.race([jobStore.ended(job), elapsed]);
  clearTimeout(timer);
}

interface ResultPage {
  start: number;
  size: number;
  format: TimestampFormat;
}

/** The common part of the two responses. Throws the error of a failed query. */
function answer(jobs: Jobs, job: Job, page: ResultPage): object {
  const { projectId, jobId, location } = job;
  const jobReference = { projectId, jobId, location };
  if (job.state === 'RUNNING') return { jobReference, jobComplete: false };
  const [error] = job.errors ?? [];
  if (error !== undefined) {
    const place = error.location === undefined ? {} : { location: error.location };
    throw new BigQueryError(error.reason, error.message, place);
  }
  const result = jobs.result(job);
  const { rows, next } = readRows(result, page);
  return {
    jobReference,
    jobComplete: true,
    schema: { fields: writeFields(result.schema) },
    totalRows: String(result.rows.count),
    ...(rows.length > 0 && { rows }),
    ...(next !== undefined && { pageToken: next }),
    statementType: result.statementType,
    ...(result.affectedRows !== undefined && { numDmlAffectedRows: String(result.affectedRows) }),
    ...(result.changes && {
      dmlStats: {
        insertedRowCount: String(result.changes.inserted),
        updatedRowCount: String(result.changes.updated),
        deletedRowCount: String(result.changes.deleted),
      },
    }),
    totalBytesProcessed: String(result.bytesRead?.processed ?? 0),
    totalBytesBilled: String(result.bytesRead?.billed ?? 0),
    cacheHit: false,
  };
}

function readRows(
  result: ReturnType<Jobs['result']>,
  page: ResultPage,
): { rows: RestRow[]; next?: string } {
  const end = Math.min(page.start + page.size, result.rows.count);
  const rows: RestRow[] = [];
  let at = page.start;
  for (let chars = 0; at < end && chars < PAGE_CHARS; ) {
    const step = result.rows.slice(at, Math.min(at + STEP, end));
    for (const values of step) rows.push(restRow(result.schema, values, page.format));
    chars += JSON.stringify(rows.slice(-step.length)).length;
    at += step.length;
  }
  return at < result.rows.count ? { rows, next: String(at) } : { rows };
}

function bodyFormat(options: JsonObject): TimestampFormat {
  return timestampFormat(
    asText(options['timestampOutputFormat']),
    isTrue(options['useInt64Timestamp']),
  );
}

export function queryFormat(query: URLSearchParams): TimestampFormat {
  return timestampFormat(
    query.get('formatOptions.timestampOutputFormat') ?? undefined,
    isTrue(query.get('formatOptions.useInt64Timestamp')),
  );
}

function timestampFormat(name: string | undefined, useInt64: boolean): TimestampFormat {
  if (name === 'INT64' || name === 'ISO8601_STRING' || name === 'FLOAT64') return name;
  return useInt64 ? 'INT64' : 'FLOAT64';
}
