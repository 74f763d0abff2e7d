import { setTimeout as sleep } from 'node:timers/promises';
import type { BigQuery } from '@google-cloud/bigquery';
import { type ErrorProto, failedJob } from './bigquery-failure.ts';
import { type Destination, orAbsent, readColumns } from './destination.ts';
import { postpone } from './failure.ts';
import { loadConfiguration, loadJobId } from './load-job.ts';
import { inPieces } from './pieces.ts';
import type { Progress } from './progress.ts';
import { uploadJob } from './resumable-upload.ts';
import { requireSameTypes, type Schema } from './schema.ts';
import type { SurveyedFile } from './survey.ts';

export interface LoadOptions {
  bigquery: BigQuery;
  destination: Destination;
  /** The path of the export: a part of the jobs' ids. */
  path: string;
  /** The columns that the stream fixes. */
  schema?: Schema | undefined;
  signal?: AbortSignal | undefined;
  progress?: Progress | undefined;
}

export interface LoadedRows {
  rows: number;
  /** Loaded by an earlier announcement, or before a crash. */
  earlier: boolean;
}

interface JobResource {
  status?: { state?: string; errorResult?: ErrorProto; errors?: ErrorProto[] };
  statistics?: { load?: { outputRows?: string } };
}

/** A multiple of 256 KiB, and nearly all the memory that a load takes. */
const pieceBytes = 8 * 1024 * 1024;

/**
 * Loads a CSV exactly once, however often it is called: a job that has loaded it, or that loads it right
 * now, is found by its id. It is done when BigQuery says that the job is, and without an error.
 *
 * @returns how many rows the job wrote, and whether it was there before
 * @throws RelayError `export.*`, or an error of the client
 */
export async function loadFile(file: SurveyedFile, options: LoadOptions): Promise<LoadedRows> {
  if (!file.hasRows) return { rows: 0, earlier: false };
  for (let attempt = 0; ; attempt++) {
    const jobId = loadJobId(options.path, options.destination, file, attempt);
    const earlier = await findJob(jobId, options);
    const insertion = earlier ? undefined : await insertJob(jobId, file, options);
    const { status, statistics } = await finished(jobId, file, options, earlier);
    if (!status?.errorResult) {
      const rows = Number(statistics?.load?.outputRows ?? 0);
      return { rows, earlier: insertion?.result !== 'inserted' };
    }
    // An earlier attempt that failed: it has loaded nothing, and its id can't be used again.
    if (insertion?.result !== 'inserted') continue;
    // The table was made while this job found out its columns: now they are known.
    if (insertion.detected && (await readColumns(options.bigquery, options.destination))) continue;
    throw failedJob(file.name, jobId, [status.errorResult, ...(status.errors ?? [])]);
  }
}

async function insertJob(jobId: string, file: SurveyedFile, options: LoadOptions) {
  const { bigquery, destination, schema, signal, progress } = options;
  const columns = await readColumns(bigquery, destination);
  if (columns && schema) requireSameTypes(columns, schema);
  const of = file.bytes - file.markBytes;
  const result = await uploadJob({
    bigquery,
    job: {
      jobReference: { projectId: '{{projectId}}', jobId, location: destination.location },
      configuration: { load: loadConfiguration(destination, file, columns, schema) },
    },
    pieces: inPieces(file.open(), pieceBytes, of, file.markBytes),
    bytes: of,
    signal,
    onProgress: (bytes) => progress?.tell({ doing: 'uploading', file: file.name, bytes, of }),
  });
  return { result, detected: !columns && !schema };
}

async function findJob(
  jobId: string,
  { bigquery, destination: { location } }: LoadOptions,
): Promise<JobResource | undefined> {
  const found = await orAbsent(bigquery.job(jobId, { location }).getMetadata());
  return found?.[0] as JobResource | undefined;
}

/** Asks until the job is done, at first often. */
async function finished(
  jobId: string,
  { name, bytes }: SurveyedFile,
  options: LoadOptions,
  known: JobResource | undefined,
): Promise<JobResource> {
  const { signal, progress } = options;
  let job = known;
  for (let waitMs = 50; job?.status?.state !== 'DONE'; waitMs = Math.min(waitMs * 1.5, 5000)) {
    progress?.tell({ doing: 'loading', file: name, bytes, of: bytes });
    if (job) await sleep(waitMs, undefined, signal ? { signal } : {});
    job = await findJob(jobId, options);
    if (!job) throw postpone('job', `BigQuery knows no job ${jobId}, which it has taken`);
  }
  return job;
}
