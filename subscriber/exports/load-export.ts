import type { BigQuery } from '@google-cloud/bigquery';
import { RelayError } from '../../shared/error.ts';
import type { Announcement } from '../../shared/source.ts';
import type { Log } from '../log.ts';
import { readArchive } from './archive.ts';
import { apiFailure, type ErrorProto } from './bigquery-failure.ts';
import { findDestination } from './destination.ts';
import { download, type ExportApi } from './download.ts';
import { defaultExportLimits, type ExportLimits } from './limits.ts';
import { loadFile } from './load-file.ts';
import { type SurveyedFile, survey } from './survey.ts';

export interface ExportDependencies {
  api: ExportApi;
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
  /** Can never be loaded, whatever is tried again. */
  | { kind: 'refused'; reason: string }
  /** Nothing is wrong with the export. The files that are loaded already won't be loaded again. */
  | { kind: 'retryable'; reason: string };

/**
 * Fetches an announced export and loads its CSVs, one after the other, in the order of their names.
 * Called again with the same announcement, after a crash or for a redelivery, it goes on at the file
 * where it stopped. Never rejects.
 */
export async function loadExport(
  announcement: Announcement,
  dependencies: ExportDependencies,
): Promise<ExportOutcome> {
  const loaded: LoadedFile[] = [];
  try {
    await loadFiles(announcement, dependencies, loaded);
    return { kind: 'loaded', files: loaded, rows: loaded.reduce((sum, { rows }) => sum + rows, 0) };
  } catch (error) {
    return outcomeOf(dependencies.signal?.aborted ? stopped(error) : error, loaded);
  }
}

/** @param loaded takes each file when it is loaded */
async function loadFiles(
  { path, table }: Announcement,
  { api, bigquery, directory, location, limits, signal, log }: ExportDependencies,
  loaded: LoadedFile[],
): Promise<void> {
  const within = { ...defaultExportLimits, ...limits };
  await using spool = await download({
    api,
    path,
    directory,
    maxBytes: within.compressedBytes,
    signal,
  });
  const files: SurveyedFile[] = [];
  for (const file of await readArchive(spool.file, spool.bytes, within)) {
    files.push(await survey(file));
    signal?.throwIfAborted();
  }
  const destination = await findDestination(bigquery, table, location);
  for (const file of files) {
    signal?.throwIfAborted();
    const { rows, earlier } = await loadFile(file, { bigquery, destination, path, signal });
    loaded.push({ name: file.name, rows });
    log?.({
      severity: 'INFO',
      message: earlier ? 'export file was loaded before' : 'export file loaded',
      // A query may hold a signature.
      export: path.replace(/\?.*$/s, ''),
      table,
      file: file.name,
      rows,
      loaded: loaded.length,
      files: files.length,
    });
  }
}

function outcomeOf(error: unknown, loaded: readonly LoadedFile[]): ExportOutcome {
  const { reaction, message } = error instanceof RelayError ? error : unexpected(error);
  if (reaction !== 'invalid') return { kind: 'retryable', reason: message };
  const before = loaded.map(({ name }) => name).join(', ');
  return { kind: 'refused', reason: before ? `${message} (loaded before it: ${before})` : message };
}

/** What isn't known to be the export's fault never costs the export. */
function unexpected(error: unknown): Pick<RelayError, 'reaction' | 'message'> {
  const { code, errors, message } = error as Error & { code?: unknown; errors?: ErrorProto[] };
  if (typeof code === 'number') return apiFailure(code, errors ?? [], message);
  return { reaction: 'transient', message };
}

function stopped(cause: unknown): RelayError {
  return new RelayError('export.stopped', 'transient', 'the subscriber stops', { cause });
}
