import type { DuckDBConnection, DuckDBValue } from '@duckdb/node-api';
import { status } from '@grpc/grpc-js';
import type { Store } from '../storage/store.ts';
import { Refusal } from '../storage-write/refusals.ts';
import { rowBytes } from '../tables/logical-bytes.ts';
import type { SelectedField } from './selected-fields.ts';

/** Rows of a table or a result, which do not change any more. */
export interface SessionRows {
  readonly count: number;
  /** The logical size of all rows. */
  readonly bytes: number;
  /** Rows from `start`, at most to `end` and about as many as fit a response: at least one. */
  read(start: number, end: number): Promise<Page>;
  /** Frees the rows; pages that are being read come first. */
  close(): Promise<void>;
}

export interface Page {
  /** The values by column. */
  columns: DuckDBValue[][];
  count: number;
}

/** Logical bytes of a page. */
const PAGE_BYTES = 1_000_000;
const PAGE_ROWS = 10_000;
const TABLE = 'session_rows';
const SIZE = 'row_bytes';

/**
 * The rows as they are now, copied into a temporary table of a connection of their own: a transaction that stays open
 * would hinder checkpoints. DuckDB moves the table to disk when memory is short.
 */
export class CopiedRows implements SessionRows {
  readonly #connection: DuckDBConnection;
  readonly #width: number;
  readonly count: number;
  readonly bytes: number;
  /** The logical bytes of the largest row. */
  readonly #largest: number;
  /** DuckDB runs one statement at a time on a connection; more would block its threads. */
  #tail: Promise<unknown> = Promise.resolve();
  #closed = false;

  private constructor(
    connection: DuckDBConnection,
    width: number,
    sizes: { count: number; bytes: number; largest: number },
  ) {
    this.#connection = connection;
    this.#width = width;
    this.count = sizes.count;
    this.bytes = sizes.bytes;
    this.#largest = sizes.largest;
  }

  /** `from` is a FROM clause with the columns' values in `columns`. Throws DuckDB's errors. */
  static async copy(
    store: Store,
    from: string,
    columns: readonly (SelectedField & { value: string })[],
  ): Promise<CopiedRows> {
    const connection = await store.connect();
    try {
      // The copy's own names: a column of the table may be called rowid.
      const cells = columns.map(({ sql, value }, index) => `${sql(value)} AS c${index}`);
      const fields = columns.map(({ field }, index) => ({ ...field, name: `c${index}` }));
      await connection.run(
        `CREATE TEMP TABLE ${TABLE} AS SELECT *, (${rowBytes(fields)})::BIGINT AS ${SIZE} FROM (SELECT ${cells.join(', ')} FROM ${from})`,
      );
      const reader = await connection.runAndReadAll(
        `SELECT count(*), coalesce(sum(${SIZE}), 0), coalesce(max(${SIZE}), 0) FROM ${TABLE}`,
      );
      const [count = 0, bytes = 0, largest = 0] = (reader.getRows()[0] ?? []).map(Number);
      return new CopiedRows(connection, columns.length, { count, bytes, largest });
    } catch (cause) {
      connection.closeSync();
      throw cause;
    }
  }

  read(start: number, end: number): Promise<Page> {
    const page = this.#tail.then(async () => {
      const last = await this.#endOfPage(start, Math.min(end, start + PAGE_ROWS));
      const names = Array.from({ length: this.#width }, (_, index) => `c${index}`);
      const columns = await this.#columns(names, start, last);
      return { columns, count: last - start };
    });
    this.#tail = page.catch(() => undefined);
    return page;
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    // DuckDB crashes if a connection is closed under its work.
    this.#tail = this.#tail.then(() => this.#connection.closeSync());
    await this.#tail;
  }

  async #endOfPage(start: number, end: number): Promise<number> {
    if (this.#largest * (end - start) <= PAGE_BYTES) return end;
    const [sizes = []] = await this.#columns([SIZE], start, end);
    let sum = 0;
    const more = sizes.findIndex((size) => {
      sum += Number(size);
      return sum > PAGE_BYTES;
    });
    return more === -1 ? end : start + Math.max(more, 1);
  }

  async #columns(names: readonly string[], start: number, end: number): Promise<DuckDBValue[][]> {
    if (this.#closed) throw new Refusal(status.FAILED_PRECONDITION, 'the session has ended');
    const result = await this.#connection.run(
      `SELECT ${names.join(', ')} FROM ${TABLE} WHERE rowid >= ${start} AND rowid < ${end}`,
    );
    return await result.getColumns();
  }
}
