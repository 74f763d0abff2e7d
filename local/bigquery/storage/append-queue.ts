import type { DuckDBConnection } from '@duckdb/node-api';
import type { Cell } from '../tables/cell.ts';
import { formatTable, type Table, type TableRef } from '../tables/schema.ts';
import type { Checkpoints } from './checkpoints.ts';
import { RowWriter } from './row-writer.ts';

/** A write in the same transaction as the rows of an append. */
export type ExtraWrite = (connection: DuckDBConnection) => Promise<unknown>;

interface Pending {
  table: Table;
  rows: Cell[][];
  also: ExtraWrite | undefined;
  resolve: () => void;
  reject: (cause: unknown) => void;
}

/** The limit of one commit, so that early callers do not wait for many later rows. */
const GROUP_ROWS = 20_000;

/**
 * Groups concurrent appends into few commits: all appends that arrive during one commit share the next.
 * The queue needs a connection of its own.
 */
export class AppendQueue {
  readonly #connection: DuckDBConnection;
  readonly #checkpoints: Checkpoints;
  readonly #writers = new Map<string, RowWriter>();
  #pending: Pending[] = [];
  /** While rows are committed, or a checkpoint runs after them. */
  #draining: Promise<void> | undefined;

  constructor(connection: DuckDBConnection, checkpoints: Checkpoints) {
    this.#connection = connection;
    this.#checkpoints = checkpoints;
  }

  /** Resolves when the rows are on disk and visible. The caller has checked them against `table`. */
  add(table: Table, rows: Cell[][], also?: ExtraWrite): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#pending.push({ table, rows, also, resolve, reject });
      this.#draining ??= this.#drain();
    });
  }

  /** Must be called before a table's schema changes, while nothing appends to the table. */
  closeWriter(ref: TableRef): void {
    const key = formatTable(ref);
    const writer = this.#writers.get(key);
    this.#writers.delete(key);
    writer?.close();
  }

  /** Waits for what is running: DuckDB crashes if a connection is closed under its work. */
  async close(): Promise<void> {
    await this.#draining;
    for (const writer of this.#writers.values()) writer.close();
    this.#writers.clear();
    this.#connection.closeSync();
    this.#checkpoints.close();
  }

  async #drain(): Promise<void> {
    // Wait for one turn of the event loop, so that concurrent appends share a commit.
    await new Promise(setImmediate);
    for (let group = this.#take(); group.length > 0; group = this.#take()) {
      await this.#settle(group);
      await this.#checkpoints.committed(group.reduce((sum, { rows }) => sum + rows.length, 0));
    }
    this.#draining = undefined;
  }

  #take(): Pending[] {
    let rows = 0;
    const cut = this.#pending.findIndex((pending) => {
      rows += pending.rows.length;
      return rows > GROUP_ROWS;
    });
    return this.#pending.splice(0, cut === -1 ? this.#pending.length : Math.max(cut, 1));
  }

  /** If a group fails, each append is tried alone, so that only the bad append is rejected. */
  async #settle(group: readonly Pending[]): Promise<void> {
    try {
      await this.#commit(group);
      for (const pending of group) pending.resolve();
    } catch (cause) {
      const [only, ...others] = group;
      if (only !== undefined && others.length === 0) return only.reject(cause);
      for (const pending of group) await this.#settle([pending]);
    }
  }

  async #commit(group: readonly Pending[]): Promise<void> {
    await this.#connection.run('BEGIN');
    try {
      for (const [table, rows] of byTable(group)) {
        (await this.#writer(table)).write(rows);
      }
      for (const { also } of group) await also?.(this.#connection);
      await this.#connection.run('COMMIT');
    } catch (cause) {
      this.#abandonWriters();
      await this.#connection.run('ROLLBACK').catch(() => undefined);
      throw cause;
    }
  }

  async #writer(table: Table): Promise<RowWriter> {
    const key = formatTable(table);
    const known = this.#writers.get(key);
    if (known?.schemaVersion === table.schemaVersion) return known;
    known?.close();
    const writer = await RowWriter.open(this.#connection, table);
    this.#writers.set(key, writer);
    return writer;
  }

  /** A failed appender is unusable, and its close may throw for the rows that it still holds. */
  #abandonWriters(): void {
    for (const writer of this.#writers.values()) {
      try {
        writer.close();
      } catch {
        // The failure of the commit is reported instead.
      }
    }
    this.#writers.clear();
  }
}

function byTable(group: readonly Pending[]): Map<Table, Cell[][]> {
  const tables = new Map<Table, Cell[][]>();
  for (const { table, rows } of group) {
    if (rows.length === 0) continue;
    const known = tables.get(table);
    tables.set(table, known === undefined ? rows : known.concat(rows));
  }
  return tables;
}
