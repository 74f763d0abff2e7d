import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { BigQueryError, type ErrorProto } from '../errors.ts';
import { runQuery } from '../query/run-query.ts';
import type { ChildStatement } from '../query/script/run-script.ts';
import type { QueryResult } from '../query/select.ts';
import type { QueryParameter } from '../query/session/parameters.ts';
import type { Query } from '../query/session/query.ts';
import {
  asArray,
  asObject,
  asText,
  isTrue,
  type Json,
  type JsonObject,
} from '../rest/http/json.ts';
import type { Store } from '../storage/store.ts';
import type { DatasetRef } from '../tables/schema.ts';
import { readExtract, runExtract } from './extract/run-extract.ts';
import { formatJob, type Job, type JobRef } from './job.ts';
import { type JobStore, saveJob } from './job-store.ts';
import { readLoadOptions, readQueryDestination } from './load/load-options.ts';
import { LoadFailure, runLoad } from './load/run-load.ts';
import { filesOfUri, uncompressed } from './load/source-files.ts';
import { queryStatistics } from './query-statistics.ts';
import { readCopy } from './read-copy.ts';
import { ResultTables } from './result-tables.ts';

const LOCATION = 'US';
/** As BigQuery has it. */
const cancelled: ErrorProto = {
  reason: 'stopped',
  message: 'Job execution was cancelled: User requested cancellation',
};
/** How many query results are kept; BigQuery keeps results for a day. */
const KEPT_RESULTS = 200;

/** Where jobs find and put files. */
export interface JobFolders {
  /** Stands for Cloud Storage: `gs://bucket/object` is the file bucket/object in it. */
  storage: string;
  scratch: string;
}

/** Starts jobs and keeps query results. */
export class Jobs {
  readonly #store: Store;
  readonly #jobStore: JobStore;
  readonly #results = new Map<string, QueryResult>();
  readonly #resultTables: ResultTables;
  readonly #folders: JobFolders;
  /** Of the queries that are running. */
  readonly #cancels = new Map<string, AbortController>();

  constructor(store: Store, jobStore: JobStore, folders: JobFolders) {
    this.#folders = folders;
    this.#store = store;
    this.#jobStore = jobStore;
    this.#resultTables = new ResultTables(store, (job) => this.#results.get(job));
    store.openResultTable = (ref) => this.#resultTables.open(ref);
  }

  /** Removes the uploaded file when the job has ended. Throws duplicate, and errors of the configuration. */
  async startLoad(projectId: string, resource: JsonObject, file?: string): Promise<Job> {
    const job = newJob(projectId, resource);
    const load = asObject(job.configuration['load']);
    const options = readLoadOptions(load);
    options.destination.projectId ||= projectId;
    const uris = asArray(load['sourceUris']).map(String);
    if (file === undefined && uris.length === 0) {
      throw new BigQueryError(
        'required',
        'Required parameter is missing: sourceUris, or an upload',
      );
    }
    const scratch = join(this.#folders.scratch, job.jobId);
    await this.#jobStore.start(job, true, async () => {
      try {
        const files = file === undefined ? await this.#sources(uris) : [file];
        const plain = await Promise.all(files.map((each) => uncompressed(each, scratch)));
        await runLoad(this.#store, options, plain, async (connection, statistics) => {
          const done = ended(job, { statistics });
          await saveJob(connection, done);
          return () => this.#jobStore.set(done);
        });
      } catch (cause) {
        await this.#jobStore.save(ended(job, { errors: errorsOf(cause) }));
      } finally {
        await rm(scratch, { recursive: true, force: true });
        if (file !== undefined) await rm(file, { force: true });
      }
    });
    return this.#jobStore.get(job);
  }

  async #sources(uris: readonly string[]): Promise<string[]> {
    const found = await Promise.all(uris.map((uri) => filesOfUri(this.#folders.storage, uri)));
    return found.flat();
  }

  /** Copies tables into another one. Throws duplicate, and errors of the configuration. */
  async startCopy(projectId: string, resource: JsonObject): Promise<Job> {
    const job = newJob(projectId, resource);
    const query = readCopy(this.#store, projectId, asObject(job.configuration['copy']));
    return this.#startOther(job, async () => {
      await runQuery(this.#store, query);
      return {};
    });
  }

  /** Writes a table into a file. Throws duplicate. */
  async startExtract(projectId: string, resource: JsonObject): Promise<Job> {
    const job = newJob(projectId, resource);
    const extract = readExtract(projectId, asObject(job.configuration['extract']));
    return this.#startOther(job, () =>
      runExtract(this.#store, projectId, extract, this.#folders.storage),
    );
  }

  async #startOther(job: Job, work: () => Promise<JsonObject>): Promise<Job> {
    await this.#jobStore.start(job, true, async () => {
      const done = await work().then(
        (statistics) => ended(job, { statistics }),
        (cause: unknown) => ended(job, { errors: errorsOf(cause) }),
      );
      await this.#jobStore.save(done);
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
      const result = await runQuery(this.#store, {
        ...query,
        jobId: job.jobId,
        signal: cancel.signal,
      });
      const named = query.destination ? job : this.#nameResult(job, result);
      this.#keepResult(job, result);
      const children = result.children?.map((child, index) => this.#keepChild(job, child, index));
      return ended(named, {
        statistics: queryStatistics(result),
        ...(children && { numChildJobs: children.length }),
      });
    } catch (cause) {
      if (cancel.signal.aborted) return ended(job, { errors: [cancelled] });
      return ended(job, { errors: errorsOf(cause) });
    } finally {
      this.#cancels.delete(formatJob(job));
    }
  }

  /** A statement of a script is a job of its own. */
  #keepChild(parent: Job, child: ChildStatement, index: number): Job {
    const { sql, startTime, endTime, result, error } = child;
    const job: Job = {
      projectId: parent.projectId,
      jobId: `script_job_${parent.jobId}_${index}`,
      location: parent.location,
      configuration: { query: { query: sql, useLegacySql: false } },
      state: 'DONE',
      creationTime: startTime,
      startTime,
      endTime,
      parentJobId: parent.jobId,
      ...(result && { statistics: queryStatistics(result) }),
      ...(error !== undefined && { errors: errorsOf(error) }),
    };
    this.#jobStore.set(job);
    if (result !== undefined) this.#keepResult(job, result);
    return job;
  }

  #keepResult(job: Job, result: QueryResult): void {
    this.#results.set(formatJob(job), result);
    const [oldest] = this.#results.keys();
    if (this.#results.size <= KEPT_RESULTS || oldest === undefined) return;
    this.#results.delete(oldest);
    this.#resultTables.forget(oldest);
  }

  /** A SELECT has a destination in any case: a table of its own. */
  #nameResult(job: Job, result: QueryResult): Job {
    if (result.statementType !== 'SELECT') return job;
    const destinationTable = { ...this.#resultTables.name(job) };
    const query = { ...asObject(job.configuration['query']), destinationTable };
    return { ...job, configuration: { ...job.configuration, query } };
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

function ended(
  job: Job,
  outcome: { errors?: ErrorProto[]; statistics?: JsonObject; numChildJobs?: number },
): Job {
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
  const sql = asText(query['query']);
  if (sql === undefined || sql === '') {
    throw new BigQueryError('required', 'Required parameter is missing: query');
  }
  const defaultDataset = readDataset(projectId, query['defaultDataset']);
  return {
    sql,
    scope: { projectId, ...(defaultDataset && { defaultDataset }) },
    parameters: asArray(query['queryParameters']) as unknown as QueryParameter[],
    ...(query['destinationTable'] && { destination: readQueryDestination(projectId, query) }),
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
