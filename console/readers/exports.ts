import type { BigQuery } from '@google-cloud/bigquery';
import type { ExportFile, ExportInfo, LoadJob } from '../contract.ts';
import type { SeenExport } from '../live/feed.ts';

/** The exports that this subscriber has worked on since its start, the newest first, from its log. */
export function describeExports(seen: readonly SeenExport[]): ExportInfo[] {
  const exports = new Map<string, ExportInfo>();
  for (const { at, message, severity, fields } of seen) {
    const name = textOf(fields['export']) ?? latestOf(exports, textOf(fields['stream']))?.export;
    if (name === undefined) continue;
    const info = exports.get(name) ?? { export: name, at, state: 'under way', message, files: [] };
    info.at = at;
    info.message = textOf(fields['reason']) ?? message;
    const [stream, table] = [textOf(fields['stream']), textOf(fields['table'])];
    if (stream !== undefined) info.stream = stream;
    if (table !== undefined) info.table = table;
    info.state = stateOf(message, severity, fields);
    const file = textOf(fields['file']);
    if (file !== undefined && message !== warningOfColumns) {
      info.files = [
        ...info.files.filter((one) => one.file !== file),
        fileOf(file, message, fields),
      ];
    }
    exports.delete(name);
    exports.set(name, info);
  }
  return [...exports.values()].reverse();
}

const warningOfColumns = 'two columns of an export have the same name: the second got a number';

function stateOf(
  message: string,
  severity: string,
  fields: SeenExport['fields'],
): ExportInfo['state'] {
  if (message.startsWith('export not loaded')) return 'waiting';
  if (severity === 'ERROR') return 'failed';
  const [loaded, files] = [fields['loaded'], fields['files']];
  return loaded !== undefined && loaded === files ? 'loaded' : 'under way';
}

function fileOf(file: string, message: string, fields: SeenExport['fields']): ExportFile {
  const number = (name: string) => (typeof fields[name] === 'number' ? fields[name] : undefined);
  const isLoaded = message.startsWith('export file');
  const [rows, bytes, of] = ['rows', 'bytes', 'of'].map(number);
  const job = textOf(fields['job']);
  return {
    file,
    state: isLoaded
      ? message.includes('before')
        ? 'loaded before'
        : 'loaded'
      : (textOf(fields['doing']) ?? message),
    ...(isLoaded && rows !== undefined && { rows }),
    ...(bytes !== undefined && { bytes }),
    ...(of !== undefined && { of }),
    ...(job !== undefined && { job }),
  };
}

function latestOf(exports: Map<string, ExportInfo>, stream: string | undefined) {
  return stream === undefined
    ? undefined
    : [...exports.values()].filter((one) => one.stream === stream).at(-1);
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

interface JobMetadata {
  jobReference?: { jobId?: string };
  status?: { state?: string; errorResult?: { message?: string } };
  configuration?: { load?: { destinationTable?: { datasetId?: string; tableId?: string } } };
  statistics?: {
    startTime?: string;
    endTime?: string;
    load?: { outputRows?: string; inputFileBytes?: string };
  };
}

const prefix = 'tributary-export-';
const maxJobs = 1000;

/** The load jobs of exports that BigQuery still lists, whichever replica began them, the newest first. Listing is free. */
export async function readLoadJobs(bigquery: BigQuery): Promise<LoadJob[]> {
  const [jobs] = await bigquery.getJobs({
    maxResults: maxJobs,
    autoPaginate: false,
    projection: 'full',
  } as object);
  return jobs
    .filter(({ id }) => id?.startsWith(prefix))
    .map(({ id, metadata }) => toLoadJob(id ?? '', metadata as JobMetadata));
}

function toLoadJob(id: string, { status, configuration, statistics }: JobMetadata): LoadJob {
  const table = configuration?.load?.destinationTable;
  const rows = statistics?.load?.outputRows;
  const bytes = statistics?.load?.inputFileBytes;
  const error = status?.errorResult?.message;
  return {
    id,
    state: error === undefined ? (status?.state ?? '').toLowerCase() : 'failed',
    table: table ? `${table.datasetId}.${table.tableId}` : '',
    ...(rows !== undefined && { rows: Number(rows) }),
    ...(bytes !== undefined && { bytes: Number(bytes) }),
    ...(statistics?.startTime !== undefined && { startedAt: Number(statistics.startTime) }),
    ...(statistics?.endTime !== undefined && { endedAt: Number(statistics.endTime) }),
    ...(error !== undefined && { error }),
  };
}
