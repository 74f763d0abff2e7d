import type { DuckDBConnection } from '@duckdb/node-api';
import { BigQueryError } from '../errors.ts';
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
import { addPartitionTimes } from './partition-time.ts';
import { Routines } from './routines.ts';
import { TableSizes } from './table-sizes.ts';
import { findUpserted, type RowChange, Upserts } from './upserts.ts';

/** Datasets, tables and rows in one DuckDB file. Every change of a table's rows or schema takes the table's lock. */
export class Store {
  readonly #database: Database;
  readonly #appends: AppendQueue;
  readonly #catalogue: Catalogue;
  readonly #definitions: Definitions;
  readonly #upserts: Upserts;
  readonly routines: Routines;
  readonly sizes = new TableSizes(this);
  /** When the rows of each table changed last, since the server's start. */
  readonly #changes = new Map<string, number>();
  readonly #started = Date.now();
  /** Lists a project's jobs, for INFORMATION_SCHEMA.JOBS. The job store sets it. */
  jobsOf: (projectId: string) => JobSummary[] = () => [];

  /** Makes the table of a query's result, if the name is one and the table is not there. The jobs set it. */
  openResultTable: (ref: TableRef) => Promise<void> = async () => {};

  private constructor(
    database: Database,
    appends: AppendQueue,
    catalogue: Catalogue,
    upserted: ReadonlySet<string>,
    routines: Routines,
  ) {
    this.#database = database;
    this.#appends = appends;
    this.#catalogue = catalogue;
    this.#definitions = new Definitions(catalogue);
    this.#upserts = new Upserts(this, upserted);
    this.routines = routines;
  }

  /** Opens `bigquery.duckdb` in the directory, which is created if missing. */
  static async open(directory: string): Promise<Store> {
    const database = await Database.open(directory);
    const catalogue = await Catalogue.load(database.admin);
    await addPartitionTimes(database.admin, catalogue.tables());
    const upserted = await findUpserted(database.admin);
    const checkpoints = new Checkpoints(await database.connect());
    const appends = new AppendQueue(await database.connect(), checkpoints);
    const routines = await Routines.load((work) => database.administer(work), database.admin);
    return new Store(database, appends, catalogue, upserted, routines);
  }

  /** Unix milliseconds of the last change of a table's rows. What was before the server's start is not known. */
  lastChange(ref: TableRef): number {
    return this.#changes.get(formatTable(ref)) ?? this.#started;
  }

  #touch(ref: TableRef): void {
    this.#changes.set(formatTable(ref), Date.now());
  }

  /** Prepares the database for GoogleSQL, once: the functions of sql/runtime are not loaded at the start. */
  prepareSql(prepare: (connection: DuckDBConnection) => Promise<void>): Promise<void> {
    this.#prepared ??= this.connect().then(async (connection) => {
      try {
        await prepare(connection);
      } finally {
        connection.closeSync();
      }
    });
    return this.#prepared;
  }
  #prepared: Promise<void> | undefined;

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

  listProjects(): string[] {
    return this.#catalogue.projects();
  }

  listDatasets(projectId: string): Dataset[] {
    return this.#catalogue.datasetsOf(projectId);
  }

  listTables(ref: DatasetRef): Table[] {
    return this.#catalogue.tablesOf(ref);
  }

  /** Throws duplicate if there is such a table. */
  requireFree(ref: TableRef): void {
    if (this.getTable(ref) === undefined) return;
    throw new BigQueryError('duplicate', `Already Exists: Table ${formatTable(ref)}`);
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
    this.#touch(table);
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
    this.#touch(ref);
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
    const transact = async () => {
      const result = await this.#database.transact(work);
      this.#touch(ref);
      return result;
    };
    if (mode === 'exclusive') return await this.#withExclusiveLock(ref, transact);
    return await this.#database.withLock(formatTable(ref), mode, transact);
  }

  /** Holds the table's exclusive lock until `work` has ended; its rows count as changed then. */
  async holdExclusive(ref: TableRef, work: () => Promise<void>): Promise<void> {
    await this.#withExclusiveLock(ref, work);
    this.#touch(ref);
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

/** A job as INFORMATION_SCHEMA.JOBS shows it. */
export interface JobSummary {
  projectId: string;
  jobId: string;
  type: string;
  statementType?: string | undefined;
  query?: string | undefined;
  state: string;
  creationTime: number;
  startTime: number;
  endTime?: number | undefined;
  error?: { reason: string; message: string } | undefined;
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
