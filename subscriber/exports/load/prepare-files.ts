import { availableParallelism } from 'node:os';
import type { TableField } from '@google-cloud/bigquery';
import type { CsvFile } from '../archive/csv-file.ts';
import { CsvReading } from '../archive/csv-reader.ts';
import { readColumns } from './destination.ts';
import { inParallel } from './in-parallel.ts';
import { requireSchema } from './schema.ts';
import { type BegunLoad, beginLoad, isAsKnown, type LoadOptions } from './start-load.ts';

/** Each takes a thread to inflate, and rows want some threads too. */
const atOnce = Math.min(2, availableParallelism());
/** Each keeps its end in memory: 256 KiB. */
const maxWaiting = 32;

type Columns = readonly TableField[] | undefined;

/**
 * The CSVs of an export before the first of them is loaded. Each is inflated once, checked to its last
 * byte, and on that way uploaded but for its end, with the types that its beginning has: a damaged export
 * loads nothing, and what is whole needs no second look, unless its types turn out to be others. See
 * docs/decisions/0011-inflated-once.md.
 */
export class Preparation {
  /** What is found whole, and how far its load is. */
  readonly #prepared = new Map<CsvFile, BegunLoad | undefined>();

  /**
   * Goes on where an earlier try has failed.
   *
   * @throws RelayError `export.*`, or an error of the client
   */
  async prepare(files: readonly CsvFile[], options: LoadOptions): Promise<void> {
    const rest = files.filter((file) => !this.#prepared.has(file));
    if (rest.length === 0) return;
    const { bigquery, destination, schema, columns: found, signal: stop } = options;
    const columns = await readColumns(bigquery, destination);
    const ahead = new Set(filesAhead(files, columns, options));
    await inParallel(rest, atOnce, stop, async (file, signal) => {
      const load = ahead.has(file)
        ? await beginLoad(file, columns, { ...options, signal })
        : await check(file, { ...options, signal });
      this.#prepared.set(file, load);
    });
    requireSchema(files, found, schema);
    await this.#mend(files, columns, options);
  }

  /** The load that was begun, if one was: it can be ended once. */
  take(file: CsvFile): BegunLoad | undefined {
    const load = this.#prepared.get(file);
    this.#prepared.set(file, undefined);
    return load;
  }

  /** Uploads again what was uploaded with other columns than all values together ask for. */
  async #mend(files: readonly CsvFile[], columns: Columns, options: LoadOptions): Promise<void> {
    const wrong = files.filter((file) => {
      const load = this.#prepared.get(file);
      return load && !isAsKnown(file, load, columns, options);
    });
    await inParallel(wrong, atOnce, options.signal, async (file, signal) => {
      this.#prepared.set(file, await beginLoad(file, columns, { ...options, signal }));
    });
  }
}

/**
 * The files that can be uploaded before others are loaded. Where BigQuery finds out the columns it is the
 * first one only: the others need to know them.
 */
function filesAhead(files: readonly CsvFile[], columns: Columns, { schema }: LoadOptions) {
  const isLeftToBigQuery = !columns && schema === 'bigquery';
  return files.filter(({ hasRows }) => hasRows).slice(0, isLeftToBigQuery ? 1 : maxWaiting);
}

/** Inflates and reads it for the checks alone. */
async function check(file: CsvFile, options: LoadOptions): Promise<undefined> {
  const { signal, progress, columns } = options;
  const reading = new CsvReading(file, file.settings);
  let bytes = 0;
  for await (const chunk of reading.read()) {
    signal?.throwIfAborted();
    bytes += chunk.length;
    progress?.tell({ doing: 'checking', file: file.name, bytes, of: file.bytes });
  }
  columns.detect(file, reading.detected);
}
