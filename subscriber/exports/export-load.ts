import type { BigQuery } from '@google-cloud/bigquery';
import type { ExportFilter, ExportSettings } from '../../shared/config/export-settings.ts';
import { type ErrorCode, errors, RelayError } from '../../shared/errors.ts';
import type { Announcement } from '../../shared/sources/source.ts';
import type { Log } from '../log.ts';
import { type CsvFile, readCsvFile } from './archive/csv-file.ts';
import type { CsvSettings } from './archive/csv-reader.ts';
import { ExportColumns } from './archive/export-columns.ts';
import { defaultExportLimits, type ExportLimits } from './archive/limits.ts';
import { readArchive } from './archive/zip-archive.ts';
import { download, type SpooledFile } from './fetch/download.ts';
import { matchesFilter } from './fetch/experiment.ts';
import type { ExportApi } from './fetch/export-api.ts';
import type { ExportOrigin } from './fetch/export-origin.ts';
import { apiFailure, type ErrorProto } from './load/bigquery-failure.ts';
import { findDestination } from './load/destination.ts';
import { loadFile } from './load/load-file.ts';
import { PreparedFiles } from './load/prepare-files.ts';
import { renamings, requireSchema } from './load/schema.ts';
import { Progress } from './progress.ts';

export interface ExportDependencies {
  /** Where the ZIP is. */
  origin: ExportOrigin;
  /** Answers requests for experiments. Required if there is a filter. */
  api?: ExportApi | undefined;
  filter?: ExportFilter | undefined;
  schema?: ExportSettings['schema'];
  settings?: CsvSettings | undefined;
  bigquery: BigQuery;
  /** Where the ZIP is spooled. */
  directory: string;
  /** Of a dataset that is created. */
  location: string;
  limits?: Partial<ExportLimits>;
  /** Stops an export between two steps; the outcome is `retryable`. */
  signal?: AbortSignal;
  log?: Log;
  /** Called with the size of the ZIP when it is downloaded. */
  onFetched?: (bytes: number) => void;
}

interface LoadedFile {
  name: string;
  rows: number;
}

export type ExportOutcome =
  | { kind: 'loaded'; files: LoadedFile[]; rows: number }
  /** It does not match the filter. */
  | { kind: 'skipped'; reason: string }
  /** It can never be loaded: a retry won't help. */
  | { kind: 'invalid'; reason: string }
  /** The export may be good. A retry does not load files again that are loaded. */
  | { kind: 'retryable'; reason: string; isFailedJob?: true };

/**
 * One announced export. A retry keeps the ZIP that was fetched. After a crash or a redelivery the load
 * continues at the file where it stopped.
 */
export class ExportLoad implements AsyncDisposable {
  readonly #announcement: Announcement;
  readonly #dependencies: ExportDependencies;
  readonly #progress: Progress;
  readonly #prepared = new PreparedFiles();
  readonly #nextAttempts = new Map<CsvFile, number>();
  /** Files whose rows are counted in the progress; each retry returns them again. */
  readonly #counted = new Set<CsvFile>();
  #passed = false;
  #spool: SpooledFile | undefined;
  #files: readonly CsvFile[] | undefined;
  #columns: ExportColumns | undefined;

  constructor(announcement: Announcement, dependencies: ExportDependencies) {
    const { log = () => {} } = dependencies;
    const { path, table } = announcement;
    this.#announcement = announcement;
    this.#dependencies = dependencies;
    this.#progress = new Progress(log, { export: withoutQuery(path), table });
  }

  /** Fetches the export and loads its CSVs one by one, in file-name order. Never rejects. */
  async try(): Promise<ExportOutcome> {
    const { signal } = this.#dependencies;
    const loaded: LoadedFile[] = [];
    try {
      if (!(await this.#passesFilter())) return { kind: 'skipped', reason: this.#skipReason() };
      await this.#loadFiles(loaded);
    } catch (error) {
      return outcomeOf(signal?.aborted ? stopped(error) : error, loaded);
    }
    return { kind: 'loaded', files: loaded, rows: loaded.reduce((sum, { rows }) => sum + rows, 0) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#spool?.[Symbol.asyncDispose]();
    this.#spool = undefined;
    this.#files = undefined;
  }

  async #passesFilter(): Promise<boolean> {
    const { filter, api, signal } = this.#dependencies;
    if (!filter || this.#passed) return true;
    const { experimentId } = this.#announcement;
    // The edge rejects such a delivery, but an envelope may be older than the filter.
    if (!experimentId) {
      const problem = 'exportFilter is on but the payload has no experiment id';
      throw new RelayError('export.filter', problem);
    }
    if (!api) throw new RelayError('export.api', 'no API is configured to ask about experiments');
    this.#passed = await matchesFilter(experimentId, filter, api, signal);
    return this.#passed;
  }

  /** In the words of the vendor's function. */
  #skipReason(): string {
    return `Skipped: experiment ${this.#announcement.experimentId} does not match filter`;
  }

  /** @param loaded gets each file when it is loaded */
  async #loadFiles(loaded: LoadedFile[]): Promise<void> {
    const { bigquery, location, schema, signal } = this.#dependencies;
    const { path, table } = this.#announcement;
    this.#files ??= await this.#fetchFiles();
    const files = this.#files;
    this.#columns ??= this.#columnsOf(files);
    requireSchema(files, this.#columns, schema);
    signal?.throwIfAborted();
    const options = {
      bigquery,
      destination: await findDestination(bigquery, table, location),
      path,
      columns: this.#columns,
      schema,
      signal,
      progress: this.#progress,
      nextAttempts: this.#nextAttempts,
    };
    await this.#prepared.prepare(files, options);
    for (const file of files) {
      signal?.throwIfAborted();
      const { rows, earlier, job } = await loadFile(file, this.#prepared.take(file), options);
      loaded.push({ name: file.name, rows });
      if (!this.#counted.has(file)) this.#progress.addRows(rows);
      this.#counted.add(file);
      const counts = { loaded: loaded.length, files: files.length };
      this.#logLoaded(file, rows, earlier, { ...counts, ...(job !== undefined && { job }) });
    }
  }

  /** The CSVs in file-name order, with their headers and first rows. The ZIP is fetched only once. */
  async #fetchFiles(): Promise<readonly CsvFile[]> {
    const { origin, directory, settings = {}, signal } = this.#dependencies;
    const limits = { ...defaultExportLimits, ...this.#dependencies.limits };
    if (!this.#spool) {
      this.#spool = await download({
        origin,
        path: this.#announcement.path,
        directory,
        signal,
        maxBytes: limits.compressedBytes,
        onProgress: (bytes, of) => this.#progress.report({ doing: 'downloading', bytes, of }),
      });
      this.#dependencies.onFetched?.(this.#spool.bytes);
    }
    const files: CsvFile[] = [];
    for (const archived of await readArchive(this.#spool.file, this.#spool.bytes, limits)) {
      signal?.throwIfAborted();
      files.push(await readCsvFile(archived, settings));
    }
    return files;
  }

  /** Warns about column names that occur twice, in one file only: usually all files of a stream have them. */
  #columnsOf(files: readonly CsvFile[]): ExportColumns {
    const [first] = files.filter((file) => renamings(file).length > 0);
    if (first) {
      this.#dependencies.log?.({
        severity: 'WARNING',
        message: 'two columns of an export have the same name: the second got a number',
        export: withoutQuery(this.#announcement.path),
        table: this.#announcement.table,
        file: first.name,
        columns: renamings(first).slice(0, 10).join(', '),
      });
    }
    return new ExportColumns(files);
  }

  #logLoaded(
    file: CsvFile,
    rows: number,
    earlier: boolean,
    counts: { loaded: number; files: number; job?: string },
  ): void {
    this.#dependencies.log?.({
      severity: 'INFO',
      message: earlier ? 'export file was loaded before' : 'export file loaded',
      export: withoutQuery(this.#announcement.path),
      table: this.#announcement.table,
      file: file.name,
      rows,
      ...counts,
    });
  }
}

/** A query may contain a signature, which must not be logged. */
function withoutQuery(path: string): string {
  return path.replace(/\?.*$/s, '');
}

function outcomeOf(error: unknown, loaded: readonly LoadedFile[]): ExportOutcome {
  const { code, message } = error instanceof RelayError ? error : unexpected(error);
  if (code === undefined || errors[code].reaction !== 'invalid') {
    const isFailedJob = code === 'export.load';
    return { kind: 'retryable', reason: message, ...(isFailedJob && { isFailedJob }) };
  }
  const before = loaded.map(({ name }) => name).join(', ');
  return { kind: 'invalid', reason: before ? `${message} (loaded before it: ${before})` : message };
}

/** An unknown error never costs the export: it may not be the export's fault. */
function unexpected(error: unknown): { code?: ErrorCode; message: string } {
  const { code, errors, message } = error as Error & { code?: unknown; errors?: ErrorProto[] };
  if (typeof code === 'number') return apiFailure(code, errors ?? [], message);
  return { message };
}

function stopped(cause: unknown): RelayError {
  return new RelayError('export.stopped', 'the subscriber stops', { cause });
}
