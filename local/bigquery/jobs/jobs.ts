import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { BigQueryError, type ErrorProto } from '../errors.ts';
import type { QueryParameter } from '../query/parameters.ts';
import { runQuery } from '../query/run-query.ts';
import type { Query, QueryResult } from '../query/select.ts';
import { asArray, asObject, asText, isTrue, type Json, type JsonObject } from '../rest/json.ts';
import type { Store } from '../storage/store.ts';
import type { DatasetRef } from '../tables/schema.ts';
import { formatJob, type Job, type JobRef } from './job.ts';
import { type JobStore, saveJob } from './job-store.ts';
import { readLoadOptions } from './load-options.ts';
import { LoadFailure, runLoad } from './run-load.ts';

const LOCATION = 'US';
/** As BigQuery has it. */
const cancelled: ErrorProto = {
  reason: 'stopped',
  message: 'Job execution was cancelled: User requested cancellation',
};
/** How many query results are kept; BigQuery keeps results for a day. */
const KEPT_RESULTS = 200;

/** Starts jobs and keeps query results. */
export class Jobs {
  readonly #store: Store;
  readonly #jobStore: JobStore;
  readonly #results = new Map<string, QueryResult>();
  /** Of the queries that are running. */
  readonly #cancels = new Map<string, AbortController>();

  constructor(store: Store, jobStore: JobStore) {
    this.#store = store;
    this.#jobStore = jobStore;
  }

  /** Removes the file when the job has ended. Throws duplicate, and errors of the configuration. */
  async startLoad(projectId: string, resource: JsonObject, file: string): Promise<Job> {
    const job = newJob(projectId, resource);
    const load = asObject(job.configuration['load']);
    const options = readLoadOptions(load);
    options.destination.projectId ||= projectId;
    await this.#jobStore.start(job, true, async () => {
      try {
        await runLoad(this.#store, options, file, async (connection, statistics) => {
          const done = ended(job, { statistics });
          await saveJob(connection, done);
          return () => this.#jobStore.set(done);
        });
      } catch (cause) {
        await this.#jobStore.save(ended(job, { errors: errorsOf(cause) }));
      } finally {
        await rm(file, { force: true });
      }
    });
    return this.#jobStore.get(job);
  }

  /** Jobs of jobs.insert are persistent. Jobs of jobs.query get their id here and stay in memory. */
  async startQuery(projectId: string, resource: JsonObject, isPersistent: boolean): Promise<Job> {
    const job = newJob(projectId, resource);
    const query = readQuery(projectId, asObject(job.configuration['query']));
    await this.#jobStore.start(job, isPersistent, async () => {
      const done = await this.#runQuery(job, query);
      if (isPersistent) await this.#jobStore.save(done);
      else this.#jobStore.set(done);
    });
    return this.#jobStore.get(job);
  }

  /** Ends a SELECT that is running. Other jobs go on to their end, which BigQuery allows. */
  cancel(ref: JobRef): void {
    this.#cancels.get(formatJob(ref))?.abort();
  }

  async #runQuery(job: Job, query: Query): Promise<Job> {
    const cancel = new AbortController();
    this.#cancels.set(formatJob(job), cancel);
    try {
      const result = await runQuery(this.#store, { ...query, signal: cancel.signal });
      this.#keepResult(job, result);
      const { statementType, affectedRows } = result;
      const affected =
        affectedRows === undefined ? {} : { numDmlAffectedRows: String(affectedRows) };
      return ended(job, { statistics: { statementType, totalBytesProcessed: '0', ...affected } });
    } catch (cause) {
      if (cancel.signal.aborted) return ended(job, { errors: [cancelled] });
      return ended(job, { errors: errorsOf(cause) });
    } finally {
      this.#cancels.delete(formatJob(job));
    }
  }

  #keepResult(job: Job, result: QueryResult): void {
    this.#results.set(formatJob(job), result);
    const [oldest] = this.#results.keys();
    if (this.#results.size > KEPT_RESULTS && oldest !== undefined) this.#results.delete(oldest);
  }

  /** Throws notFound if there is no result, or it is not kept any more. */
  result(ref: JobRef): QueryResult {
    const result = this.#results.get(formatJob(ref));
    if (result === undefined) {
      throw new BigQueryError('notFound', `Not found: the results of job ${formatJob(ref)}`);
    }
    return result;
  }
}

function newJob(projectId: string, resource: JsonObject): Job {
  const reference = asObject(resource['jobReference']);
  const jobId = asText(reference['jobId']) ?? `job_${randomUUID()}`;
  if (!/^[\w-]{1,1024}$/.test(jobId)) {
    throw new BigQueryError('invalid', `Invalid job ID "${jobId}"`);
  }
  const now = Date.now();
  return {
    projectId,
    jobId,
    location: asText(reference['location']) ?? LOCATION,
    configuration: asObject(resource['configuration']),
    state: 'RUNNING',
    creationTime: now,
    startTime: now,
  };
}

function ended(job: Job, outcome: { errors?: ErrorProto[]; statistics?: JsonObject }): Job {
  return { ...job, ...outcome, state: 'DONE', endTime: Date.now() };
}

/** `configuration.query` of a job, or the body of jobs.query, which has the same names. */
export function readQuery(projectId: string, query: JsonObject): Query {
  if (isTrue(query['useLegacySql'])) {
    throw new BigQueryError(
      'notImplemented',
      'Legacy SQL is not supported: set useLegacySql to false',
    );
  }
  if (query['destinationTable'] !== undefined) {
    throw new BigQueryError(
      'notImplemented',
      'A query cannot name a destinationTable: use CREATE TABLE AS',
    );
  }
  const sql = asText(query['query']);
  if (sql === undefined || sql === '') {
    throw new BigQueryError('required', 'Required parameter is missing: query');
  }
  const defaultDataset = readDataset(projectId, query['defaultDataset']);
  return {
    sql,
    scope: { projectId, ...(defaultDataset && { defaultDataset }) },
    parameters: asArray(query['queryParameters']) as unknown as QueryParameter[],
  };
}

function readDataset(projectId: string, json: Json | undefined): DatasetRef | undefined {
  const datasetId = asText(asObject(json)['datasetId']);
  if (datasetId === undefined) return undefined;
  return { projectId: asText(asObject(json)['projectId']) ?? projectId, datasetId };
}

function errorsOf(cause: unknown): ErrorProto[] {
  if (cause instanceof LoadFailure) return cause.errors;
  if (cause instanceof BigQueryError) return [cause.toProto()];
  console.error('bigquery:', cause);
  const message = cause instanceof Error ? cause.message : String(cause);
  return [{ reason: 'internalError', message }];
}
