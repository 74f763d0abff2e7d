import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { type Also, AppendQueue } from './append-queue.ts';
import { Catalogue, eraseDataset, eraseTable, saveDataset, saveTable } from './catalogue.ts';
import { type Cell, CellError, checkCell } from './cell.ts';
import { Checkpoints } from './checkpoints.ts';
import { createTableSql, physicalSchema, quoteIdentifier, quoteTable } from './duck-types.ts';
import { BigQueryError } from './errors.ts';
import {
  type Dataset,
  type DatasetRef,
  type Field,
  formatDataset,
  formatTable,
  type Table,
  type TableRef,
} from './schema.ts';
import { macroStatements } from './sql/functions.ts';
import { TableLocks } from './table-locks.ts';
import { findUpserted, type RowChange, Upserts } from './upserts.ts';

/**
 * Datasets, tables and rows in one DuckDB file. The process that opened it owns it: DuckDB lets
 * no second one read. SQL on any of its connections cannot reach the machine's other files.
 */
export class Store {
  readonly #instance: DuckDBInstance;
  readonly #admin: DuckDBConnection;
  readonly #appends: AppendQueue;
  readonly #catalogue: Catalogue;
  readonly #locks = new TableLocks();
  readonly #upserts: Upserts;
  /** The tail of the queue for `#admin`, which runs one transaction at a time. */
  #adminTail: Promise<unknown> = Promise.resolve();

  private constructor(
    instance: DuckDBInstance,
    admin: DuckDBConnection,
    appends: AppendQueue,
    catalogue: Catalogue,
    upserted: ReadonlySet<string>,
  ) {
    this.#upserts = new Upserts(this, upserted);
    this.#instance = instance;
    this.#admin = admin;
    this.#appends = appends;
    this.#catalogue = catalogue;
  }

  /** `directory` is created when missing and holds `bigquery.duckdb`. */
  static async open(directory: string): Promise<Store> {
    await mkdir(directory, { recursive: true });
    const instance = await DuckDBInstance.create(join(directory, 'bigquery.duckdb'), {
      enable_external_access: 'false',
      autoinstall_known_extensions: 'false',
      autoload_known_extensions: 'false',
      // The default of 16 MB stalls appends for half a second every few thousand rows: Checkpoints
      // come first.
      checkpoint_threshold: '256MB',
      // The default is four fifths of the machine, which a cache of the table's pages would fill.
      // Queries that need more go by way of the disk.
      memory_limit: '1GB',
    });
    const admin = await instance.connect();
    await admin.run("SET GLOBAL TimeZone = 'UTC'");
    for (const macro of macroStatements()) await admin.run(macro);
    const catalogue = await Catalogue.load(admin);
    const upserted = await findUpserted(admin);
    const checkpoints = new Checkpoints(await instance.connect());
    const appends = new AppendQueue(await instance.connect(), checkpoints);
    return new Store(instance, admin, appends, catalogue, upserted);
  }

  /** A connection of the caller's own, for queries. The caller closes it. */
  connect(): Promise<DuckDBConnection> {
    return this.#instance.connect();
  }

  async close(): Promise<void> {
    await this.#adminTail;
    this.#appends.close();
    this.#admin.closeSync();
    this.#instance.closeSync();
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
    const dataset = this.getDataset(ref);
    if (dataset === undefined) {
      throw new BigQueryError('notFound', `Not found: Dataset ${formatDataset(ref)}`);
    }
    return dataset;
  }

  /** Throws notFound. */
  requireTable(ref: TableRef): Table {
    this.requireDataset(ref);
    const table = this.getTable(ref);
    if (table === undefined) {
      throw new BigQueryError('notFound', `Not found: Table ${formatTable(ref)}`);
    }
    return table;
  }

  /** Throws duplicate. */
  async createDataset(dataset: Dataset): Promise<void> {
    await this.administer(async (connection) => {
      if (this.getDataset(dataset) !== undefined) {
        throw new BigQueryError('duplicate', `Already Exists: Dataset ${formatDataset(dataset)}`);
      }
      await connection.run(`CREATE SCHEMA ${quoteIdentifier(physicalSchema(dataset))}`);
      await saveDataset(connection, dataset);
      return () => this.#catalogue.setDataset(dataset);
    });
  }

  async updateDataset(dataset: Dataset): Promise<void> {
    await this.administer(async (connection) => {
      this.requireDataset(dataset);
      await saveDataset(connection, dataset);
      return () => this.#catalogue.setDataset(dataset);
    });
  }

  /** Throws resourceInUse while tables are left in it. */
  async deleteDataset(ref: DatasetRef): Promise<void> {
    await this.administer(async (connection) => {
      this.requireDataset(ref);
      if (this.listTables(ref).length > 0) {
        throw new BigQueryError('resourceInUse', `Dataset ${formatDataset(ref)} is still in use`);
      }
      await connection.run(`DROP SCHEMA ${quoteIdentifier(physicalSchema(ref))}`);
      await eraseDataset(connection, ref);
      return () => this.#catalogue.removeDataset(ref);
    });
  }

  /** Throws duplicate, or notFound for its dataset. A view has no DuckDB object of its own. */
  async createTable(table: Table): Promise<void> {
    await this.administer((connection) => this.createTableIn(connection, table));
  }

  /** As createTable, in the caller's transaction; call what it returns once that has committed. */
  async createTableIn(connection: DuckDBConnection, table: Table): Promise<() => void> {
    this.requireDataset(table);
    if (this.getTable(table) !== undefined) {
      throw new BigQueryError('duplicate', `Already Exists: Table ${formatTable(table)}`);
    }
    return this.#replaceTableIn(connection, table);
  }

  /** Puts an empty table with the schema of `next` in the place of the one that is there. */
  async recreateTableIn(connection: DuckDBConnection, next: Table): Promise<() => void> {
    await connection.run(`DROP TABLE ${quoteTable(next)}`);
    const forget = await this.#upserts.forgetIn(connection, next);
    const publish = await this.#replaceTableIn(connection, next);
    return () => {
      forget();
      publish();
    };
  }

  async #replaceTableIn(connection: DuckDBConnection, table: Table): Promise<() => void> {
    if (table.type === 'TABLE') await connection.run(createTableSql(table));
    await saveTable(connection, table);
    return () => this.#catalogue.setTable(table);
  }

  /**
   * Replaces a table's description with `next` and runs `alterations` (DuckDB SQL) in the same
   * transaction, with the table to itself.
   */
  async updateTable(next: Table, alterations: readonly string[]): Promise<void> {
    const release = await this.#locks.exclusive(formatTable(next));
    try {
      this.#appends.forget(next);
      await this.administer((connection) => this.updateTableIn(connection, next, alterations));
    } finally {
      release();
    }
  }

  /** As updateTable, in the caller's exclusive transaction. */
  async updateTableIn(
    connection: DuckDBConnection,
    next: Table,
    alterations: readonly string[],
  ): Promise<() => void> {
    this.requireTable(next);
    for (const sql of alterations) await connection.run(sql);
    await saveTable(connection, next);
    return () => this.#catalogue.setTable(next);
  }

  async deleteTable(ref: TableRef): Promise<void> {
    const release = await this.#locks.exclusive(formatTable(ref));
    try {
      this.#appends.forget(ref);
      await this.administer(async (connection) => {
        const table = this.requireTable(ref);
        if (table.type === 'TABLE') await connection.run(`DROP TABLE ${quoteTable(ref)}`);
        await eraseTable(connection, ref);
        const forget = await this.#upserts.forgetIn(connection, ref);
        return () => {
          forget();
          this.#catalogue.removeTable(ref);
        };
      });
    } finally {
      release();
    }
  }

  /**
   * Appends rows; resolves when they are on disk (fsync) and visible to queries. Calls made
   * together share a commit; each is all or nothing. Cells are in the order of the table's schema.
   * Throws CellError (with the row's index) and notFound before anything is written. `also` runs in
   * the same transaction.
   */
  async append(ref: TableRef, rows: Cell[][], also?: Also): Promise<void> {
    const release = await this.#locks.shared(formatTable(ref));
    try {
      await this.appendStaged(this.requireTable(ref), rows, also);
    } finally {
      release();
    }
  }

  /** As append, to a table that is not in the catalogue, and that nobody changes meanwhile. */
  async appendStaged(table: Table, rows: Cell[][], also?: Also): Promise<void> {
    rows.forEach((row, index) => {
      checkRow(table.schema, row, index);
    });
    if (rows.length > 0 || also) await this.#appends.add(table, rows, also);
  }

  /** Lets go of a staged table, which may then be altered or dropped. */
  releaseStaged(table: TableRef): void {
    this.#appends.forget(table);
  }

  /** Changes rows by primary key; see upserts.ts. Resolves and throws as append does. */
  async upsert(ref: TableRef, changes: readonly RowChange[]): Promise<void> {
    const table = this.requireTable(ref);
    changes.forEach((change, index) => {
      if (!change.isDelete) checkRow(table.schema, change.cells, index);
    });
    if (changes.length > 0) await this.#upserts.add(table, changes);
  }

  /** Whether the table's rows are changed by upserts, which DML must not do beside them. */
  isUpserted(ref: TableRef): boolean {
    return this.#upserts.has(ref);
  }

  /**
   * Runs `work` in a transaction on a connection of its own, all or nothing. `shared` may add rows
   * beside others that add rows; `exclusive` has the table alone, to change its rows or its shape.
   * What `work` gives to `afterCommit` is called once the transaction has committed.
   */
  async transact<T>(
    ref: TableRef,
    mode: 'shared' | 'exclusive',
    work: (connection: DuckDBConnection, afterCommit: (then: () => void) => void) => Promise<T>,
  ): Promise<T> {
    const release = await this.#locks[mode](formatTable(ref));
    const connection = await this.connect();
    const publish: (() => void)[] = [];
    try {
      if (mode === 'exclusive') this.#appends.forget(ref);
      await connection.run('BEGIN');
      const result = await work(connection, (then) => publish.push(then));
      await connection.run('COMMIT');
      for (const then of publish) then();
      return result;
    } finally {
      // An open transaction is rolled back with its connection.
      connection.closeSync();
      release();
    }
  }

  /**
   * Runs `work` in a transaction of the catalogue, one at a time. What `work` returns is called
   * once the transaction has committed, to make the change visible in memory.
   */
  administer(work: (connection: DuckDBConnection) => Promise<() => void>): Promise<void> {
    const run = async () => {
      await this.#admin.run('BEGIN');
      try {
        const publish = await work(this.#admin);
        await this.#admin.run('COMMIT');
        publish();
      } catch (cause) {
        await this.#admin.run('ROLLBACK').catch(() => undefined);
        throw cause;
      }
    };
    const result = this.#adminTail.then(run);
    this.#adminTail = result.catch(() => undefined);
    return result;
  }
}

function checkRow(fields: readonly Field[], row: readonly Cell[], index: number): void {
  if (row.length !== fields.length) {
    throw new CellError(
      '',
      `row has ${row.length} cells, the table ${fields.length} columns`,
      index,
    );
  }
  for (let column = 0; column < fields.length; column++) {
    const field = fields[column];
    if (field !== undefined) checkCell(field, row[column] ?? null, index);
  }
}
