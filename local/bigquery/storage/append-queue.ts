import type { DuckDBConnection } from '@duckdb/node-api';
import type { Cell } from '../tables/cell.ts';
import { formatTable, type Table, type TableRef } from '../tables/schema.ts';
import type { Checkpoints } from './checkpoints.ts';
import { RowWriter } from './row-writer.ts';

/** What is to be written together with the rows of an append, or not at all. */
export type ExtraWrite = (connection: DuckDBConnection) => Promise<unknown>;

interface Pending {
  table: Table;
  rows: Cell[][];
  also: ExtraWrite | undefined;
  resolve: () => void;
  reject: (cause: unknown) => void;
}

/** One commit takes no more than this, so that early callers do not wait on a flood behind them. */
const GROUP_ROWS = 20_000;

/**
 * Turns concurrent appends into few commits: what arrives while one commit is on its way to the
 * disk goes together into the next. Its connection is used by nobody else.
 */
export class AppendQueue {
  readonly #connection: DuckDBConnection;
  readonly #checkpoints: Checkpoints;
  readonly #writers = new Map<string, RowWriter>();
  #pending: Pending[] = [];
  #draining = false;

  constructor(connection: DuckDBConnection, checkpoints: Checkpoints) {
    this.#connection = connection;
    this.#checkpoints = checkpoints;
  }

  /** Resolves when `rows`, already checked against `table`, are on disk and visible. */
  add(table: Table, rows: Cell[][], also?: ExtraWrite): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#pending.push({ table, rows, also, resolve, reject });
      if (!this.#draining) void this.#drain();
    });
  }

  /** Must be called before a table's shape changes, while nothing appends to it. */
  closeWriter(ref: TableRef): void {
    const key = formatTable(ref);
    const writer = this.#writers.get(key);
    this.#writers.delete(key);
    writer?.close();
  }

  close(): void {
    for (const writer of this.#writers.values()) writer.close();
    this.#writers.clear();
    this.#connection.closeSync();
    this.#checkpoints.close();
  }

  async #drain(): Promise<void> {
    this.#draining = true;
    // One turn of the event loop, so that appends made together are committed together.
    await new Promise(setImmediate);
    for (let group = this.#take(); group.length > 0; group = this.#take()) {
      await this.#settle(group);
      await this.#checkpoints.committed(group.reduce((sum, { rows }) => sum + rows.length, 0));
    }
    this.#draining = false;
  }

  #take(): Pending[] {
    let rows = 0;
    const cut = this.#pending.findIndex((pending) => {
      rows += pending.rows.length;
      return rows > GROUP_ROWS;
    });
    return this.#pending.splice(0, cut === -1 ? this.#pending.length : Math.max(cut, 1));
  }

  /** A group that fails is tried append by append, so that only the guilty one is refused. */
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

  /** An appender that failed half way is unusable, and closing it throws what it still holds. */
  #abandonWriters(): void {
    for (const writer of this.#writers.values()) {
      try {
        writer.close();
      } catch {
        // The commit's own failure is the one that is reported.
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
