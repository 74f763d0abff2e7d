import { setTimeout as sleep } from 'node:timers/promises';
import { RelayError } from '../../../shared/errors.ts';
import type { CsvFile } from '../archive/csv-file.ts';
import { failedJob } from './bigquery-failure.ts';
import { readColumns } from './destination.ts';
import { findJob, type JobResource } from './find-job.ts';
import { type BegunLoad, beginLoad, isCurrent, type LoadOptions } from './start-load.ts';

interface LoadedRows {
  rows: number;
  /** Loaded by an earlier announcement, or before a crash. */
  earlier: boolean;
}

/**
 * Loads a CSV exactly once, however often it is called: a job that has loaded it, or that loads it right
 * now, is found by its id. It is done when BigQuery says that the job is, and without an error.
 *
 * @param prepared of the same file
 * @returns how many rows the job wrote, and whether it was there before
 * @throws RelayError `export.*`, or an error of the client
 */
export async function loadFile(
  file: CsvFile,
  prepared: BegunLoad | undefined,
  options: LoadOptions,
): Promise<LoadedRows> {
  if (!file.hasRows) return { rows: 0, earlier: false };
  const { bigquery, destination } = options;
  const begin = async (attempt: number) =>
    await beginLoad(file, await readColumns(bigquery, destination), options, attempt);
  const isReady = prepared && (await isCurrent(prepared, options));
  for (let load = isReady ? prepared : await begin(0); ; load = await begin(load.attempt + 1)) {
    const inserted = (await endUpload(load)) === 'inserted';
    const { status, statistics } = await finished(load, file, options);
    if (!status?.errorResult) {
      return { rows: Number(statistics?.load?.outputRows ?? 0), earlier: !inserted };
    }
    options.usedAttempts?.set(file, load.attempt + 1);
    // Another's attempt: it has loaded nothing, and its id can't be used again.
    if (!inserted) continue;
    // The table was made, or changed, meanwhile: now its columns are known.
    if (!(await isCurrent(load, options))) continue;
    throw failedJob(file.name, load.jobId, [status.errorResult, ...(status.errors ?? [])]);
  }
}

async function endUpload({ upload }: BegunLoad): Promise<'inserted' | 'duplicate'> {
  return typeof upload === 'object' ? await upload.end() : 'duplicate';
}

/** Asks until the job is done, at first often. */
async function finished(
  { jobId, job: known }: BegunLoad,
  { name, bytes }: CsvFile,
  { bigquery, destination, signal, progress }: LoadOptions,
): Promise<JobResource> {
  let job = known;
  for (let waitMs = 50; job?.status?.state !== 'DONE'; waitMs = Math.min(waitMs * 1.5, 5000)) {
    progress?.tell({ doing: 'loading', file: name, bytes, of: bytes });
    if (job) await sleep(waitMs, undefined, signal ? { signal } : {});
    job = await findJob(bigquery, jobId, destination);
    if (!job)
      throw new RelayError('export.job', `BigQuery knows no job ${jobId}, which it has taken`);
  }
  return job;
}
