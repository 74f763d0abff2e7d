import type { DuckDBConnection } from '@duckdb/node-api';
import { BigQueryError } from '../errors.ts';
import { asObject } from '../rest/http/json.ts';
import type { JobSummary, Store } from '../storage/store.ts';
import { formatJob, type Job, type JobRef, jobType } from './job.ts';

const TABLE = 'tributary.jobs';

/** All jobs, in memory and on disk, so that no job id is used twice, even after a restart. */
export class JobStore {
  readonly #store: Store;
  readonly #jobs = new Map<string, Job>();
  readonly #running = new Map<string, Promise<void>>();

  private constructor(store: Store) {
    this.#store = store;
  }

  static async open(store: Store): Promise<JobStore> {
    const jobStore = new JobStore(store);
    store.jobsOf = (projectId) => jobStore.list(projectId).map(summaryOf);
    await store.administer(async (connection) => {
      await connection.run(
        `CREATE TABLE IF NOT EXISTS ${TABLE} (id VARCHAR PRIMARY KEY, resource VARCHAR)`,
      );
      const reader = await connection.runAndReadAll(`SELECT resource FROM ${TABLE}`);
      for (const [text] of reader.getRows()) {
        const job = closeInterrupted(JSON.parse(String(text)) as Job);
        jobStore.#jobs.set(formatJob(job), job);
      }
      return () => undefined;
    });
    return jobStore;
  }

  /** Throws notFound. */
  get(ref: JobRef): Job {
    const job = this.#jobs.get(formatJob(ref));
    if (job === undefined) throw new BigQueryError('notFound', `Not found: Job ${formatJob(ref)}`);
    return job;
  }

  /** Newest first. */
  list(projectId: string): Job[] {
    return [...this.#jobs.values()].filter((job) => job.projectId === projectId).reverse();
  }

  /**
   * Adds a job and starts `work`, which must record the job's end itself. With `isPersistent` the job is
   * on disk before this returns. Throws duplicate.
   */
  async start(job: Job, isPersistent: boolean, work: () => Promise<void>): Promise<void> {
    const key = formatJob(job);
    if (this.#jobs.has(key)) throw new BigQueryError('duplicate', `Already Exists: Job ${key}`);
    this.#jobs.set(key, job);
    try {
      if (isPersistent) await this.save(job);
    } catch (cause) {
      this.#jobs.delete(key);
      throw cause;
    }
    const running = work().finally(() => this.#running.delete(key));
    // Its end could not be recorded. Whoever waits for it is told; there may be nobody.
    running.catch(() => {});
    this.#running.set(key, running);
  }

  /** Resolves when the job has ended. */
  async ended(ref: JobRef): Promise<void> {
    await this.#running.get(formatJob(ref));
  }

  /** Resolves when no job is running. */
  async idle(): Promise<void> {
    while (this.#running.size > 0) await Promise.allSettled(this.#running.values());
  }

  /** Throws notFound, and invalid while the job runs. */
  async delete(ref: JobRef): Promise<void> {
    const job = this.get(ref);
    if (job.state === 'RUNNING') throw new BigQueryError('invalid', 'The job is running');
    await this.#store.administer(async (connection) => {
      await connection.run(`DELETE FROM ${TABLE} WHERE id = $1`, [formatJob(job)]);
      return () => void this.#jobs.delete(formatJob(job));
    });
  }

  async save(job: Job): Promise<void> {
    await this.#store.administer(async (connection) => {
      await saveJob(connection, job);
      return () => this.set(job);
    });
  }

  /** Sets the job's state in memory; `save` also writes it to disk. */
  set(job: Job): void {
    this.#jobs.set(formatJob(job), job);
  }
}

/** Runs in the caller's transaction, so that a load and its job record are committed together. */
export async function saveJob(connection: DuckDBConnection, job: Job): Promise<void> {
  await connection.run(`INSERT OR REPLACE INTO ${TABLE} VALUES ($1, $2)`, [
    formatJob(job),
    JSON.stringify(job),
  ]);
}

function summaryOf(job: Job): JobSummary {
  const [error] = job.errors ?? [];
  const { query } = asObject(job.configuration['query']);
  const statementType = job.statistics?.['statementType'];
  return {
    projectId: job.projectId,
    jobId: job.jobId,
    type: jobType(job),
    statementType: typeof statementType === 'string' ? statementType : undefined,
    query: typeof query === 'string' ? query : undefined,
    state: job.state,
    creationTime: job.creationTime,
    startTime: job.startTime,
    endTime: job.endTime,
    error,
  };
}

/** A job that was running when the server stopped has not committed anything. */
function closeInterrupted(job: Job): Job {
  if (job.state === 'DONE') return job;
  const message = 'The server stopped while the job was running; the job has written nothing.';
  return { ...job, state: 'DONE', endTime: Date.now(), errors: [{ reason: 'stopped', message }] };
}
