import type { BigQuery, TableField } from '@google-cloud/bigquery';
import { type CsvLayout, canonicalCsv } from '../archive/canonical-csv.ts';
import type { CsvFile } from '../archive/csv-file.ts';
import type { ExportColumns } from '../archive/export-columns.ts';
import type { Progress } from '../progress.ts';
import { type Destination, readColumns } from './destination.ts';
import { findJob, type JobResource } from './find-job.ts';
import { fieldsFor, loadConfiguration, loadJobId } from './load-job.ts';
import { type BegunUpload, beginUpload } from './resumable-upload.ts';
import { holdsAll, requireSameTypes, type Schema } from './schema.ts';

export interface LoadOptions {
  bigquery: BigQuery;
  destination: Destination;
  /** The path of the export: a part of the jobs' ids. */
  path: string;
  /** Of the whole export. */
  columns: ExportColumns;
  /** The columns that the stream fixes, or who finds them out. */
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
  /** What the upload is made for. */
  plan?: LoadPlan;
}

/** What a file becomes in its table. */
interface LoadPlan {
  /** The table's columns, as the job has them; undefined where it finds them out. */
  fields: readonly TableField[] | undefined;
  layout: CsvLayout;
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
    if (columns && typeof schema === 'object') requireSameTypes(columns, schema);
    const plan = planOf(file, columns, options);
    const configuration = { load: loadConfiguration(destination, plan.fields, columns) };
    const begun = await upload(file, plan.layout, { jobId, configuration }, options);
    return { jobId, attempt, plan, upload: begun };
  }
}

function planOf(
  file: CsvFile,
  columns: readonly TableField[] | undefined,
  { columns: found, schema }: LoadOptions,
): LoadPlan {
  const fields = fieldsFor(columns, found.merged(), schema);
  const cells = found.cellsOf(file);
  // As the table spells them.
  const spelled = new Map(fields?.map(({ name = '' }) => [name.toLowerCase(), name]));
  const names = cells.map((cell) => {
    const name = file.names[cell] ?? '';
    return spelled.get(name.toLowerCase()) ?? name;
  });
  return { fields, layout: { cells, names } };
}

async function upload(
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
      progress?.tell({ doing: 'uploading', file: file.name, bytes, of: file.bytes }),
    onDetected: (detected) => columns.detect(file, detected),
  });
  return await beginUpload({
    bigquery,
    job: {
      jobReference: { projectId: '{{projectId}}', jobId, location: destination.location },
      configuration,
    },
    content,
    signal,
  });
}

/** Does the table still have the columns that the job was made for? Somebody may have changed it. */
export async function isCurrent(load: BegunLoad, options: LoadOptions): Promise<boolean> {
  if (!load.plan) return true;
  const columns = await readColumns(options.bigquery, options.destination);
  const { fields } = load.plan;
  return fields ? holdsAll(fields, columns ?? []) : !columns;
}

/**
 * Is a file uploaded as it would be with what is known of the export now?
 *
 * @param columns of the table, as they were then
 */
export function isAsKnown(
  file: CsvFile,
  { plan }: BegunLoad,
  columns: readonly TableField[] | undefined,
  options: LoadOptions,
): boolean {
  return !plan || JSON.stringify(plan) === JSON.stringify(planOf(file, columns, options));
}
