import type { BigQuery } from '@google-cloud/bigquery';
import type { ExportFilter, ExportSettings } from '../../shared/config/export-settings.ts';
import { type ErrorCode, errors, RelayError } from '../../shared/errors.ts';
import type { Announcement } from '../../shared/sources/source.ts';
import type { Log } from '../log.ts';
import type { CsvFile } from './archive/csv-file.ts';
import type { CsvSettings } from './archive/csv-reader.ts';
import { ExportColumns } from './archive/export-columns.ts';
import { defaultExportLimits, type ExportLimits } from './archive/limits.ts';
import { matchesFilter } from './fetch/experiment.ts';
import type { ExportApi } from './fetch/export-api.ts';
import type { ExportOrigin } from './fetch/export-origin.ts';
import { FetchedExport } from './fetched-export.ts';
import { apiFailure, type ErrorProto } from './load/bigquery-failure.ts';
import { findDestination } from './load/destination.ts';
import { loadFile } from './load/load-file.ts';
import { Preparation } from './load/prepare-files.ts';
import { renamings, requireSchema } from './load/schema.ts';
import { Progress } from './progress.ts';

export interface ExportDependencies {
  /** Where the ZIP is read. */
  origin: ExportOrigin;
  /** What is asked about experiments; needed where there is a filter. */
  api?: ExportApi | undefined;
  filter?: ExportFilter | undefined;
  schema?: ExportSettings['schema'];
  /** How its files are written. */
  settings?: CsvSettings | undefined;
  bigquery: BigQuery;
  /** Where the ZIP is spooled. */
  directory: string;
  /** Where a missing dataset is made. */
  location: string;
  limits?: Partial<ExportLimits>;
  /** Ends an export between two steps: it is to be tried again. */
  signal?: AbortSignal;
  log?: Log;
}

interface LoadedFile {
  name: string;
  rows: number;
}

export type ExportOutcome =
  | { kind: 'loaded'; files: LoadedFile[]; rows: number }
  /** The filter leaves it out. */
  | { kind: 'skipped'; reason: string }
  /** Can never be loaded, whatever is tried again. */
  | { kind: 'refused'; reason: string }
  /** Nothing is wrong with the export. The files that are loaded already won't be loaded again. */
  | { kind: 'retryable'; reason: string; isFailedJob?: true };

/**
 * One announced export. Tried again, it keeps the ZIP that it has fetched; tried again after a crash, or
 * by a redelivery, it goes on at the file where it stopped.
 */
export class ExportLoad implements AsyncDisposable {
  readonly #announcement: Announcement;
  readonly #dependencies: ExportDependencies;
  readonly #progress: Progress;
  readonly #fetched: FetchedExport;
  readonly #preparation = new Preparation();
  readonly #usedAttempts = new Map<CsvFile, number>();
  /** Of files whose rows are told already: each try meets them again. */
  readonly #told = new Set<CsvFile>();
  #passed = false;
  #columns: ExportColumns | undefined;

  constructor(announcement: Announcement, dependencies: ExportDependencies) {
    const { origin, directory, limits, settings, signal, log = () => {} } = dependencies;
    const { path, table } = announcement;
    this.#announcement = announcement;
    this.#dependencies = dependencies;
    this.#progress = new Progress(log, { export: shown(path), table });
    this.#fetched = new FetchedExport({
      origin,
      path,
      directory,
      limits: { ...defaultExportLimits, ...limits },
      settings,
      signal,
      progress: this.#progress,
    });
  }

  /** Fetches the export and loads its CSVs, one after the other, in the order of their names. Never rejects. */
  async try(): Promise<ExportOutcome> {
    const { signal } = this.#dependencies;
    const loaded: LoadedFile[] = [];
    try {
      if (!(await this.#passes())) return { kind: 'skipped', reason: this.#skipped() };
      await this.#loadFiles(loaded);
    } catch (error) {
      return outcomeOf(signal?.aborted ? stopped(error) : error, loaded);
    }
    return { kind: 'loaded', files: loaded, rows: loaded.reduce((sum, { rows }) => sum + rows, 0) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#fetched[Symbol.asyncDispose]();
  }

  async #passes(): Promise<boolean> {
    const { filter, api, signal } = this.#dependencies;
    if (!filter || this.#passed) return true;
    const { experimentId } = this.#announcement;
    // The edge has refused it already; an envelope may be older than the filter.
    if (!experimentId)
      throw new RelayError(
        'export.filter',
        'exportFilter is on but the payload has no experiment id',
      );
    if (!api) throw new RelayError('export.api', 'no API is configured to ask about experiments');
    this.#passed = await matchesFilter(experimentId, filter, api, signal);
    return this.#passed;
  }

  /** In the words of the vendor's function. */
  #skipped(): string {
    return `Skipped: experiment ${this.#announcement.experimentId} does not match filter`;
  }

  /** Tells of names that stand twice: once, as every file of a stream has them. */
  #found(files: readonly CsvFile[]): ExportColumns {
    const [first] = files.filter((file) => renamings(file).length > 0);
    if (first) {
      this.#dependencies.log?.({
        severity: 'WARNING',
        message: 'two columns of an export have one name: the second got a number',
        export: shown(this.#announcement.path),
        table: this.#announcement.table,
        file: first.name,
        columns: renamings(first).slice(0, 10).join(', '),
      });
    }
    return new ExportColumns(files);
  }

  /** @param loaded takes each file when it is loaded */
  async #loadFiles(loaded: LoadedFile[]): Promise<void> {
    const { bigquery, location, schema, signal, log } = this.#dependencies;
    const { path, table } = this.#announcement;
    const files = await this.#fetched.files();
    this.#columns ??= this.#found(files);
    requireSchema(files, this.#columns, schema);
    signal?.throwIfAborted();
    const destination = await findDestination(bigquery, table, location);
    const options = {
      bigquery,
      destination,
      path,
      columns: this.#columns,
      schema,
      signal,
      progress: this.#progress,
      usedAttempts: this.#usedAttempts,
    };
    await this.#preparation.prepare(files, options);
    for (const file of files) {
      signal?.throwIfAborted();
      const { rows, earlier } = await loadFile(file, this.#preparation.take(file), options);
      loaded.push({ name: file.name, rows });
      if (!this.#told.has(file)) this.#progress.addRows(rows);
      this.#told.add(file);
      log?.({
        severity: 'INFO',
        message: earlier ? 'export file was loaded before' : 'export file loaded',
        export: shown(path),
        table,
        file: file.name,
        rows,
        loaded: loaded.length,
        files: files.length,
      });
    }
  }
}

/** A query may hold a signature. */
function shown(path: string): string {
  return path.replace(/\?.*$/s, '');
}

function outcomeOf(error: unknown, loaded: readonly LoadedFile[]): ExportOutcome {
  const { code, message } = error instanceof RelayError ? error : unexpected(error);
  if (code === undefined || errors[code].reaction !== 'invalid') {
    const isFailedJob = code === 'export.load';
    return { kind: 'retryable', reason: message, ...(isFailedJob && { isFailedJob }) };
  }
  const before = loaded.map(({ name }) => name).join(', ');
  return { kind: 'refused', reason: before ? `${message} (loaded before it: ${before})` : message };
}

/** What isn't known to be the export's fault never costs the export. */
function unexpected(error: unknown): { code?: ErrorCode; message: string } {
  const { code, errors, message } = error as Error & { code?: unknown; errors?: ErrorProto[] };
  if (typeof code === 'number') return apiFailure(code, errors ?? [], message);
  return { message };
}

function stopped(cause: unknown): RelayError {
  return new RelayError('export.stopped', 'the subscriber stops', { cause });
}
