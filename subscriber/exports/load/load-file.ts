import { setTimeout as sleep } from 'node:timers/promises';
import { RelayError } from '../../../shared/errors.ts';
import type { CsvFile } from '../archive/csv-file.ts';
import { failedJob } from './bigquery-failure.ts';
import { readColumns } from './destination.ts';
import { findJob, type JobResource } from './load-job.ts';
import { isCurrent, type LoadOptions, type StartedLoad, startLoad } from './start-load.ts';

interface LoadedRows {
  rows: number;
  /** Loaded for an earlier announcement, or before a crash. */
  earlier: boolean;
  /** The id of the job; absent for a file without rows. */
  job?: string;
}

/**
 * Loads a CSV exactly once, however often it is called: a job that is loading it or has loaded it is found by
 * its id. Resolves when the job is done without an error.
 *
 * @param prepared the load that was started for this file
 * @returns how many rows the job wrote, and whether it existed before
 * @throws RelayError `export.*`, or an error of the client
 */
export async function loadFile(
  file: CsvFile,
  prepared: StartedLoad | undefined,
  options: LoadOptions,
): Promise<LoadedRows> {
  if (!file.hasRows) return { rows: 0, earlier: false };
  const { bigquery, destination } = options;
  const start = async (attempt: number) =>
    await startLoad(file, await readColumns(bigquery, destination), options, attempt);
  const isReady = prepared && (await isCurrent(prepared, options));
  for (let load = isReady ? prepared : await start(0); ; load = await start(load.attempt + 1)) {
    const inserted = (await finishUpload(load)) === 'inserted';
    const { status, statistics } = await pollUntilDone(load, file, options);
    if (!status?.errorResult) {
      const rows = Number(statistics?.load?.outputRows ?? 0);
      return { rows, earlier: !inserted, job: load.jobId };
    }
    options.nextAttempts?.set(file, load.attempt + 1);
    // A job of an earlier announcement failed. It has loaded nothing, and its id can't be used again.
    if (!inserted) continue;
    // The table was created or changed in the meantime. Now its columns are known.
    if (!(await isCurrent(load, options))) continue;
    throw failedJob(file.name, load.jobId, [status.errorResult, ...(status.errors ?? [])]);
  }
}

async function finishUpload({ upload }: StartedLoad): Promise<'inserted' | 'duplicate'> {
  return typeof upload === 'object' ? await upload.finish() : 'duplicate';
}

/** Polls until the job is done, frequently at first. */
async function pollUntilDone(
  { jobId, job: known }: StartedLoad,
  { name, bytes }: CsvFile,
  { bigquery, destination, signal, progress }: LoadOptions,
): Promise<JobResource> {
  let job = known;
  for (let waitMs = 50; job?.status?.state !== 'DONE'; waitMs = Math.min(waitMs * 1.5, 5000)) {
    progress?.report({ doing: 'loading', file: name, bytes, of: bytes });
    if (job) await sleep(waitMs, undefined, signal ? { signal } : {});
    job = await findJob(bigquery, jobId, destination);
    if (!job)
      throw new RelayError('export.job', `BigQuery knows no job ${jobId}, which it has accepted`);
  }
  return job;
}
