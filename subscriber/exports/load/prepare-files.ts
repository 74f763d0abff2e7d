import { availableParallelism } from 'node:os';
import type { TableField } from '@google-cloud/bigquery';
import { errors, RelayError } from '../../../shared/errors.ts';
import type { CsvFile } from '../archive/csv-file.ts';
import { CsvReader } from '../archive/csv-reader.ts';
import { readColumns } from './destination.ts';
import { requireSchema } from './schema.ts';
import { isUpToDate, type LoadOptions, type StartedLoad, startLoad } from './start-load.ts';

/** Each uses a thread to inflate, and the rows of other streams need threads too. */
const concurrency = Math.min(2, availableParallelism());
/** Each keeps the end of its upload in memory: 256 KiB. */
const maxUploadsAhead = 32;

type Columns = readonly TableField[] | undefined;

/**
 * The CSVs of an export before the first of them is loaded. Each is inflated once. On the way it is checked to its
 * last byte and uploaded except its end, with the types of its beginning. So a damaged export loads nothing,
 * and a good file is read only once, unless later values change its types. See docs/decisions/0011-inflated-once.md.
 */
export class PreparedFiles {
  /** Files that were checked, with the started load if there is one. */
  readonly #prepared = new Map<CsvFile, StartedLoad | undefined>();

  /**
   * Continues where an earlier try failed.
   *
   * @throws RelayError `export.*`, or an error of the client
   */
  async prepare(files: readonly CsvFile[], options: LoadOptions): Promise<void> {
    const rest = files.filter((file) => !this.#prepared.has(file));
    if (rest.length === 0) return;
    const { bigquery, destination, schema, columns: found, signal: stop } = options;
    const columns = await readColumns(bigquery, destination);
    const ahead = new Set(filesAhead(files, columns, options));
    await inParallel(rest, concurrency, stop, async (file, signal) => {
      const load = ahead.has(file)
        ? await startLoad(file, columns, { ...options, signal })
        : await check(file, { ...options, signal });
      this.#prepared.set(file, load);
    });
    requireSchema(files, found, schema);
    await this.#uploadAgain(files, columns, options);
  }

  /** The started load of a file, if there is one. It can be finished once. */
  take(file: CsvFile): StartedLoad | undefined {
    const load = this.#prepared.get(file);
    this.#prepared.set(file, undefined);
    return load;
  }

  /** Repeats uploads whose columns don't fit the values of all files. */
  async #uploadAgain(
    files: readonly CsvFile[],
    columns: Columns,
    options: LoadOptions,
  ): Promise<void> {
    const outdated = files.filter((file) => {
      const load = this.#prepared.get(file);
      return load && !isUpToDate(file, load, columns, options);
    });
    await inParallel(outdated, concurrency, options.signal, async (file, signal) => {
      this.#prepared.set(file, await startLoad(file, columns, { ...options, signal }));
    });
  }
}

/**
 * The files that can be uploaded before others are loaded. Where BigQuery detects the columns it is only the first
 * one, because the others need these columns.
 */
function filesAhead(files: readonly CsvFile[], columns: Columns, { schema }: LoadOptions) {
  const isDetected = !columns && schema === 'bigquery';
  return files.filter(({ hasRows }) => hasRows).slice(0, isDetected ? 1 : maxUploadsAhead);
}

/** Inflates and reads a file only to check it. */
async function check(file: CsvFile, options: LoadOptions): Promise<undefined> {
  const { signal, progress, columns } = options;
  const reader = new CsvReader(file, file.settings);
  let bytes = 0;
  for await (const chunk of reader.read()) {
    signal?.throwIfAborted();
    bytes += chunk.length;
    progress?.report({ doing: 'checking', file: file.name, bytes, of: file.bytes });
  }
  columns.detect(file, reader.detected);
}

/**
 * Runs `width` items at a time, in order. After a failure it starts no more items and rejects when all running ones
 * have ended. A permanent failure also aborts the running ones. After a transient failure they continue, because
 * the next try can use their results.
 */
async function inParallel<Item>(
  items: readonly Item[],
  width: number,
  stop: AbortSignal | undefined,
  run: (item: Item, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const failed = new AbortController();
  const signal = stop ? AbortSignal.any([stop, failed.signal]) : failed.signal;
  const failures: unknown[] = [];
  const rest = items.values();
  const runRest = async () => {
    for (const item of rest) {
      if (failures.length > 0) return;
      try {
        await run(item, signal);
      } catch (error) {
        failures.push(error);
        if (isPermanent(error)) failed.abort();
      }
    }
  };
  await Promise.all(Array.from({ length: width }, runRest));
  if (failures.length > 0) throw failures.find(isPermanent) ?? failures[0];
}

function isPermanent(error: unknown): boolean {
  return error instanceof RelayError && errors[error.code].reaction === 'invalid';
}
