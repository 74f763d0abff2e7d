import type { BigQuery, TableField } from '@google-cloud/bigquery';
import { type CsvLayout, canonicalCsv } from '../archive/canonical-csv.ts';
import type { CsvFile } from '../archive/csv-file.ts';
import type { ExportColumns } from '../archive/export-columns.ts';
import type { Progress } from '../progress.ts';
import { type Destination, readColumns } from './destination.ts';
import { fieldsFor, findJob, type JobResource, loadConfiguration, loadJobId } from './load-job.ts';
import { type StartedUpload, startUpload } from './resumable-upload.ts';
import { holdsAll, requireSameTypes, type Schema } from './schema.ts';

export interface LoadOptions {
  bigquery: BigQuery;
  destination: Destination;
  /** Of the export. It is a part of the job ids. */
  path: string;
  /** Of the whole export. */
  columns: ExportColumns;
  /** The stream's columns, or who detects them. */
  schema?: Schema | undefined;
  signal?: AbortSignal | undefined;
  progress?: Progress | undefined;
  /** The next job id of each file: the jobs before it are known to have failed. */
  nextAttempts?: Map<CsvFile, number>;
}

/** A file whose job exists, or whose upload lacks only its end. */
export interface StartedLoad {
  jobId: string;
  attempt: number;
  /** An earlier job, which is loading the file or has loaded it. */
  job?: JobResource;
  /** `duplicate`: another upload of the same file has ended before this one. */
  upload?: StartedUpload | 'duplicate';
  /** The columns that the upload is made for. */
  plan?: LoadPlan;
}

/** How a file is loaded into its table. */
interface LoadPlan {
  /** The columns of the job's schema; undefined where BigQuery detects them. */
  fields: readonly TableField[] | undefined;
  layout: CsvLayout;
}

/**
 * Finds the job that loads a file. If there is none, uploads the file except its end, under the first free
 * job id.
 *
 * @param columns of the table when the file is loaded; undefined if it does not exist
 * @throws RelayError `export.*`, or an error of the client
 */
export async function startLoad(
  file: CsvFile,
  columns: readonly TableField[] | undefined,
  options: LoadOptions,
  firstAttempt = 0,
): Promise<StartedLoad> {
  const { bigquery, destination, path, schema, nextAttempts } = options;
  for (let attempt = Math.max(firstAttempt, nextAttempts?.get(file) ?? 0); ; attempt++) {
    const jobId = loadJobId(path, destination, file, attempt);
    const job = await findJob(bigquery, jobId, destination);
    // A failed job has loaded nothing, and its id can't be used again.
    if (job?.status?.errorResult) {
      nextAttempts?.set(file, attempt + 1);
      continue;
    }
    if (job) return { jobId, attempt, job };
    if (columns && typeof schema === 'object') requireSameTypes(columns, schema);
    const plan = planOf(file, columns, options);
    const configuration = { load: loadConfiguration(destination, plan.fields, columns) };
    const started = await uploadWithoutEnd(file, plan.layout, { jobId, configuration }, options);
    return { jobId, attempt, plan, upload: started };
  }
}

function planOf(
  file: CsvFile,
  columns: readonly TableField[] | undefined,
  { columns: found, schema }: LoadOptions,
): LoadPlan {
  const fields = fieldsFor(columns, found.merged(), schema);
  const cells = found.cellsOf(file);
  // The table's spelling wins.
  const spelled = new Map(fields?.map(({ name = '' }) => [name.toLowerCase(), name]));
  const names = cells.map((cell) => {
    const name = file.names[cell] ?? '';
    return spelled.get(name.toLowerCase()) ?? name;
  });
  return { fields, layout: { cells, names } };
}

async function uploadWithoutEnd(
  file: CsvFile,
  layout: CsvLayout,
  job: { jobId: string; configuration: object },
  options: LoadOptions,
) {
  const { bigquery, destination, signal, progress, columns } = options;
  const { jobId, configuration } = job;
  const content = canonicalCsv(file, layout, {
    signal,
    onProgress: (bytes) =>
      progress?.report({ doing: 'uploading', file: file.name, bytes, of: file.bytes }),
    onDetected: (detected) => columns.detect(file, detected),
  });
  return await startUpload({
    bigquery,
    job: {
      jobReference: { projectId: '{{projectId}}', jobId, location: destination.location },
      configuration,
    },
    content,
    signal,
  });
}

/** Does the table still have the columns that the upload was made for? Another client may have changed it. */
export async function isCurrent(load: StartedLoad, options: LoadOptions): Promise<boolean> {
  if (!load.plan) return true;
  const columns = await readColumns(options.bigquery, options.destination);
  const { fields } = load.plan;
  return fields ? holdsAll(fields, columns ?? []) : !columns;
}

/**
 * Would a file be uploaded in the same way, now that more of the export's values are known?
 *
 * @param columns of the table at the time of the upload
 */
export function isUpToDate(
  file: CsvFile,
  { plan }: StartedLoad,
  columns: readonly TableField[] | undefined,
  options: LoadOptions,
): boolean {
  return !plan || JSON.stringify(plan) === JSON.stringify(planOf(file, columns, options));
}
