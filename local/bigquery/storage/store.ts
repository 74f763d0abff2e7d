import type { DuckDBConnection } from '@duckdb/node-api';
import { Catalogue } from '../tables/catalogue.ts';
import { type Cell, CellError, checkCell } from '../tables/cell.ts';
import { Definitions } from '../tables/definitions.ts';
import {
  type Dataset,
  type DatasetRef,
  type Field,
  formatTable,
  type Table,
  type TableRef,
} from '../tables/schema.ts';
import { AppendQueue, type ExtraWrite } from './append-queue.ts';
import { Checkpoints } from './checkpoints.ts';
import { Database } from './database.ts';
import { findUpserted, type RowChange, Upserts } from './upserts.ts';

/** Datasets, tables and rows in one DuckDB file. Every change of a table's rows or schema takes the table's lock. */
export class Store {
  readonly #database: Database;
  readonly #appends: AppendQueue;
  readonly #catalogue: Catalogue;
  readonly #definitions: Definitions;
  readonly #upserts: Upserts;

  private constructor(
    database: Database,
    appends: AppendQueue,
    catalogue: Catalogue,
    upserted: ReadonlySet<string>,
  ) {
    this.#database = database;
    this.#appends = appends;
    this.#catalogue = catalogue;
    this.#definitions = new Definitions(catalogue);
    this.#upserts = new Upserts(this, upserted);
  }

  /** Opens `bigquery.duckdb` in the directory, which is created if missing. */
  static async open(directory: string): Promise<Store> {
    const database = await Database.open(directory);
    const catalogue = await Catalogue.load(database.admin);
    const upserted = await findUpserted(database.admin);
    const checkpoints = new Checkpoints(await database.connect());
    const appends = new AppendQueue(await database.connect(), checkpoints);
    return new Store(database, appends, catalogue, upserted);
  }

  /** A new connection for queries. The caller closes it. */
  connect(): Promise<DuckDBConnection> {
    return this.#database.connect();
  }

  close(): Promise<void> {
    return this.#database.close(() => this.#appends.close());
  }

  getDataset(ref: DatasetRef): Dataset | undefined {
    return this.#catalogue.dataset(ref);
  }

  getTable(ref: TableRef): Table | undefined {
    return this.#catalogue.table(ref);
  }

  listDatasets(projectId: string): Dataset[] {
    return this.#catalogue.datasetsOf(projectId);
  }

  listTables(ref: DatasetRef): Table[] {
    return this.#catalogue.tablesOf(ref);
  }

  /** Throws notFound. */
  requireDataset(ref: DatasetRef): Dataset {
    return this.#definitions.requireDataset(ref);
  }

  /** Throws notFound. */
  requireTable(ref: TableRef): Table {
    return this.#definitions.requireTable(ref);
  }

  /** Throws duplicate. */
  async createDataset(dataset: Dataset): Promise<void> {
    await this.administer((connection) => this.#definitions.createDataset(connection, dataset));
  }

  async updateDataset(dataset: Dataset): Promise<void> {
    await this.administer((connection) => this.#definitions.updateDataset(connection, dataset));
  }

  /** Throws resourceInUse while the dataset has tables. */
  async deleteDataset(ref: DatasetRef): Promise<void> {
    await this.administer((connection) => this.#definitions.deleteDataset(connection, ref));
  }

  /** Throws duplicate, or notFound for its dataset. A view has no DuckDB object of its own. */
  async createTable(table: Table): Promise<void> {
    await this.administer((connection) => this.createTableIn(connection, table));
  }

  /** As createTable, in the caller's transaction. Call the returned function after the commit. */
  createTableIn(connection: DuckDBConnection, table: Table): Promise<() => void> {
    return this.#definitions.createTable(connection, table);
  }

  /** Replaces the table by an empty one with the schema of `next`. */
  async recreateTableIn(connection: DuckDBConnection, next: Table): Promise<() => void> {
    const forget = await this.#upserts.forgetIn(connection, next);
    const publish = await this.#definitions.recreateTable(connection, next);
    return () => {
      forget();
      publish();
    };
  }

  /**
   * Replaces a table's description with `next` and runs `alterations` (DuckDB SQL) in the same
   * transaction, under the exclusive lock.
   */
  async updateTable(next: Table, alterations: readonly string[]): Promise<void> {
    await this.#withExclusiveLock(next, () =>
      this.administer((connection) => this.updateTableIn(connection, next, alterations)),
    );
  }

  /** As updateTable, in the caller's exclusive transaction. */
  updateTableIn(
    connection: DuckDBConnection,
    next: Table,
    alterations: readonly string[],
  ): Promise<() => void> {
    return this.#definitions.updateTable(connection, next, alterations);
  }

  async deleteTable(ref: TableRef): Promise<void> {
    await this.#withExclusiveLock(ref, () =>
      this.administer(async (connection) => {
        const publish = await this.#definitions.deleteTable(connection, ref);
        const forget = await this.#upserts.forgetIn(connection, ref);
        return () => {
          forget();
          publish();
        };
      }),
    );
  }

  /**
   * Appends rows, with cells in the order of the table's schema. Resolves when they are on disk (fsync)
   * and visible to queries. Concurrent calls share a commit; each call is all or nothing. `also` runs in
   * the same transaction. Throws CellError (with the row's index) and notFound before the write.
   */
  async append(ref: TableRef, rows: Cell[][], also?: ExtraWrite): Promise<void> {
    await this.#database.withLock(formatTable(ref), 'shared', () =>
      this.appendStaged(this.requireTable(ref), rows, also),
    );
  }

  /** As append, for a staging table that is not in the catalogue. Its schema must not change meanwhile. */
  async appendStaged(table: Table, rows: Cell[][], also?: ExtraWrite): Promise<void> {
    rows.forEach((row, index) => {
      checkRow(table.schema, row, index);
    });
    if (rows.length > 0 || also) await this.#appends.add(table, rows, also);
  }

  /** Closes the writer of a staging table, which can then be altered or dropped. */
  releaseStaged(table: TableRef): void {
    this.#appends.closeWriter(table);
  }

  /** Changes rows by primary key (upserts.ts). Resolves and throws as append does. */
  async upsert(ref: TableRef, changes: readonly RowChange[]): Promise<void> {
    const table = this.requireTable(ref);
    changes.forEach((change, index) => {
      if (!change.isDelete) checkRow(table.schema, change.cells, index);
    });
    if (changes.length > 0) await this.#upserts.add(table, changes);
  }

  /** Whether the table takes upserts; such a table does not allow DML on its rows. */
  isUpserted(ref: TableRef): boolean {
    return this.#upserts.has(ref);
  }

  /**
   * Runs `work` in a transaction on a new connection, with the table's lock: `shared` to add rows,
   * `exclusive` to change rows or the schema. The callbacks that `work` passes to `afterCommit` run after
   * the commit.
   */
  async transact<T>(
    ref: TableRef,
    mode: 'shared' | 'exclusive',
    work: (connection: DuckDBConnection, afterCommit: (then: () => void) => void) => Promise<T>,
  ): Promise<T> {
    const transact = () => this.#database.transact(work);
    if (mode === 'exclusive') return await this.#withExclusiveLock(ref, transact);
    return await this.#database.withLock(formatTable(ref), mode, transact);
  }

  /**
   * Runs `work` in a transaction of the catalogue, one at a time. The returned callback runs after the
   * commit and makes the change visible in memory.
   */
  administer(work: (connection: DuckDBConnection) => Promise<() => void>): Promise<void> {
    return this.#database.administer(work);
  }

  #withExclusiveLock<T>(ref: TableRef, work: () => Promise<T>): Promise<T> {
    return this.#database.withLock(formatTable(ref), 'exclusive', () => {
      this.#appends.closeWriter(ref);
      return work();
    });
  }
}

function checkRow(fields: readonly Field[], row: readonly Cell[], index: number): void {
  if (row.length !== fields.length) {
    throw new CellError(
      '',
      `the row has ${row.length} cells, the table has ${fields.length} columns`,
      index,
    );
  }
  for (let column = 0; column < fields.length; column++) {
    const field = fields[column];
    if (field !== undefined) checkCell(field, row[column] ?? null, index);
  }
}
