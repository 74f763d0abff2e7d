import { availableParallelism } from 'node:os';
import type { TableField } from '@google-cloud/bigquery';
import { type BegunLoad, beginLoad, type LoadOptions } from './begin-load.ts';
import { readColumns } from './destination.ts';
import { inParallel } from './in-parallel.ts';
import { fieldsFor } from './load-job.ts';
import type { CsvFile } from './read-header.ts';
import type { Schema } from './schema.ts';

/** Each takes a thread to inflate, and rows want some threads too. */
const atOnce = Math.min(2, availableParallelism());
/** Each keeps its end in memory: 256 KiB. */
const maxWaiting = 32;

type Columns = readonly TableField[] | undefined;

/**
 * The CSVs of an export before the first of them is loaded. Each is inflated once, checked to its last
 * byte, and on that way uploaded but for its end: a damaged export loads nothing, and what is whole
 * needs no second look. See docs/decisions/0011-inflated-once.md.
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
    const { bigquery, destination, schema, signal: stop } = options;
    const columns = await readColumns(bigquery, destination);
    const ahead = new Map(columnsAhead(files, columns, schema));
    await inParallel(rest, atOnce, stop, async (file, signal) => {
      const load = ahead.has(file)
        ? await beginLoad(file, ahead.get(file), { ...options, signal })
        : await check(file, { ...options, signal });
      this.#prepared.set(file, load);
    });
  }

  /** The load that was begun, if one was: it can be ended once. */
  take(file: CsvFile): BegunLoad | undefined {
    const load = this.#prepared.get(file);
    this.#prepared.set(file, undefined);
    return load;
  }
}

/**
 * The files that can be uploaded before others are loaded, each with the columns that the table will have
 * when its turn comes. Where BigQuery finds out the columns it is the first one only.
 */
function* columnsAhead(
  files: readonly CsvFile[],
  columns: Columns,
  schema: Schema | undefined,
): Generator<[CsvFile, Columns]> {
  let then = columns;
  for (const file of files.filter(({ hasRows }) => hasRows).slice(0, maxWaiting)) {
    yield [file, then];
    then = fieldsFor(file, then, schema);
    if (!then) return;
  }
}

/** Inflates it for its own checks alone. */
async function check(file: CsvFile, { signal, progress }: LoadOptions): Promise<undefined> {
  let bytes = 0;
  for await (const chunk of file.open()) {
    signal?.throwIfAborted();
    bytes += chunk.length;
    progress?.tell({ doing: 'checking', file: file.name, bytes, of: file.bytes });
  }
}
