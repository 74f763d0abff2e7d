import { BigQueryError } from '../errors.ts';
import { describeJob } from '../jobs/job.ts';
import type { JobStore } from '../jobs/job-store.ts';
import { type Jobs, readQuery } from '../jobs/jobs.ts';
import { queryStatistics } from '../jobs/query-statistics.ts';
import { dryRun } from '../query/run-query.ts';
import type { Store } from '../storage/store.ts';
import { asObject, isTrue } from './http/json.ts';
import { cutPage, readPage } from './http/paging.ts';
import type { Call, Reply, Router } from './http/router.ts';
import { writeFields } from './http/schema-json.ts';

const JOBS = '/projects/:projectId/jobs';

/** https://cloud.google.com/bigquery/docs/reference/rest/v2/jobs */
export function routeJobs(router: Router, store: Store, jobs: Jobs, jobStore: JobStore): void {
  router.on('POST', JOBS, (call) => insertJob(store, jobs, call));
  router.on('GET', JOBS, (call) => listJobs(jobStore, call));
  router.on('GET', `${JOBS}/:jobId`, ({ path }) => ({
    body: describeJob(jobStore.get(jobOf(path))),
  }));
  router.on('DELETE', `${JOBS}/:jobId/delete`, async ({ path }) => {
    await jobStore.delete(jobOf(path));
    return {};
  });
  router.on('POST', `${JOBS}/:jobId/cancel`, async ({ path }) => {
    jobs.cancel(jobOf(path));
    // What can't be cancelled is short, so `cancel` waits for the job's end.
    await jobStore.ended(jobOf(path));
    return {
      body: { kind: 'bigquery#jobCancelResponse', job: describeJob(jobStore.get(jobOf(path))) },
    };
  });
}

function jobOf(path: Readonly<Record<string, string>>): { projectId: string; jobId: string } {
  return { projectId: path['projectId'] ?? '', jobId: path['jobId'] ?? '' };
}

async function insertJob(store: Store, jobs: Jobs, call: Call): Promise<Reply> {
  const body = await call.json();
  const { projectId = '' } = call.path;
  const configuration = asObject(body['configuration']);
  if (configuration['load'] !== undefined) {
    return { body: describeJob(await jobs.startLoad(projectId, body)) };
  }
  if (configuration['copy'] !== undefined) {
    return { body: describeJob(await jobs.startCopy(projectId, body)) };
  }
  if (configuration['extract'] !== undefined) {
    return { body: describeJob(await jobs.startExtract(projectId, body)) };
  }
  if (configuration['query'] === undefined) {
    throw new BigQueryError('required', 'Required parameter is missing: configuration.query');
  }
  if (!isTrue(configuration['dryRun'])) {
    return { body: describeJob(await jobs.startQuery(projectId, body, true)) };
  }
  const result = await dryRun(store, readQuery(projectId, asObject(configuration['query'])));
  return {
    body: {
      kind: 'bigquery#job',
      configuration,
      jobReference: { projectId, location: 'US' },
      status: { state: 'DONE' },
      statistics: {
        totalBytesProcessed: String(result.bytesRead?.processed ?? 0),
        query: {
          ...queryStatistics(result),
          totalBytesBilled: '0',
          schema: { fields: writeFields(result.schema) },
        },
      },
    },
  };
}

function listJobs(jobStore: JobStore, call: Call): Reply {
  const wanted = call.query.getAll('stateFilter').map((state) => state.toUpperCase());
  const parent = call.query.get('parentJobId') ?? undefined;
  const [least, most] = ['minCreationTime', 'maxCreationTime'].map((name) => call.query.get(name));
  const all = jobStore
    .list(call.path['projectId'] ?? '')
    .filter((job) => wanted.length === 0 || wanted.includes(job.state))
    // The statements of a script are listed only by their script.
    .filter((job) => job.parentJobId === parent)
    .filter((job) => least == null || job.creationTime >= Number(least))
    .filter((job) => most == null || job.creationTime <= Number(most));
  const { items, next } = cutPage(all, readPage(call.query, 50));
  return {
    body: {
      kind: 'bigquery#jobList',
      jobs: items.map((job) => ({ ...describeJob(job), state: job.state })),
      ...(next !== undefined && { nextPageToken: next }),
    },
  };
}
