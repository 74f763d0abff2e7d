import type { BigQuery, TableField } from '@google-cloud/bigquery';
import { type Destination, readColumns } from './destination.ts';
import { findJob, type JobResource } from './find-job.ts';
import { fieldsFor, loadConfiguration, loadJobId } from './load-job.ts';
import type { Progress } from './progress.ts';
import type { CsvFile } from './read-header.ts';
import { type BegunUpload, beginUpload } from './resumable-upload.ts';
import { holdsAll, requireSameTypes, type Schema } from './schema.ts';

export interface LoadOptions {
  bigquery: BigQuery;
  destination: Destination;
  /** The path of the export: a part of the jobs' ids. */
  path: string;
  /** The columns that the stream fixes. */
  schema?: Schema | undefined;
  signal?: AbortSignal | undefined;
  progress?: Progress | undefined;
  /** How many ids of each file are used up by jobs that failed: they are not asked for again. */
  usedAttempts?: Map<CsvFile, number>;
}

/** A file on its way: one of its jobs is there already, or lacks the end of its upload. */
export interface BegunLoad {
  jobId: string;
  attempt: number;
  /** Loads the file, or has loaded it. */
  job?: JobResource;
  /** `duplicate`: somebody else's upload of the same file has ended meanwhile. */
  upload?: BegunUpload | 'duplicate';
  /** The table's columns, as the job has them; undefined where it finds them out. */
  fields?: readonly TableField[] | undefined;
}

/**
 * Finds the job that loads a file, or uploads the file but for its end, under the first id that is
 * free.
 *
 * @param columns of the table when the file is loaded; undefined where there is none
 * @throws RelayError `export.*`, or an error of the client
 */
export async function beginLoad(
  file: CsvFile,
  columns: readonly TableField[] | undefined,
  options: LoadOptions,
  firstAttempt = 0,
): Promise<BegunLoad> {
  const { bigquery, destination, path, schema, usedAttempts } = options;
  for (let attempt = Math.max(firstAttempt, usedAttempts?.get(file) ?? 0); ; attempt++) {
    const jobId = loadJobId(path, destination, file, attempt);
    const job = await findJob(bigquery, jobId, destination);
    // It has loaded nothing, and its id can't be used again.
    if (job?.status?.errorResult) {
      usedAttempts?.set(file, attempt + 1);
      continue;
    }
    if (job) return { jobId, attempt, job };
    if (columns && schema) requireSameTypes(columns, schema);
    const fields = fieldsFor(file, columns, schema);
    const configuration = { load: loadConfiguration(destination, fields, columns) };
    return { jobId, attempt, fields, upload: await upload(file, jobId, configuration, options) };
  }
}

async function upload(file: CsvFile, jobId: string, configuration: object, options: LoadOptions) {
  const { bigquery, destination, signal, progress } = options;
  const bytes = file.bytes - file.markBytes;
  return await beginUpload({
    bigquery,
    job: {
      jobReference: { projectId: '{{projectId}}', jobId, location: destination.location },
      configuration,
    },
    open: file.open,
    skip: file.markBytes,
    bytes,
    signal,
    onProgress: (sent) =>
      progress?.tell({ doing: 'uploading', file: file.name, bytes: sent, of: bytes }),
  });
}

/** Does the table still have the columns that the job was made for? Somebody may have changed it. */
export async function isCurrent(load: BegunLoad, options: LoadOptions): Promise<boolean> {
  if (!load.upload) return true;
  const columns = await readColumns(options.bigquery, options.destination);
  return load.fields ? holdsAll(load.fields, columns ?? []) : !columns;
}
