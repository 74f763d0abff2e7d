import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { BIGNUMERIC_TYPE, UNITS_FIELD } from '../values/bignumeric.ts';
import { TableLocks } from './table-locks.ts';
import { keepByteOrderMarks } from './text-decoder.ts';

type TransactionWork<T> = (
  connection: DuckDBConnection,
  afterCommit: (then: () => void) => void,
) => Promise<T>;

/**
 * One DuckDB file and its transactions. Only one process can open the file. SQL on its connections
 * cannot read other files of the machine.
 */
export class Database {
  readonly #instance: DuckDBInstance;
  readonly #admin: DuckDBConnection;
  readonly #locks = new TableLocks();
  readonly #transactions = new Set<Promise<unknown>>();
  /** The tail of the queue for `#admin`, which runs one transaction at a time. */
  #adminTail: Promise<unknown> = Promise.resolve();

  private constructor(instance: DuckDBInstance, admin: DuckDBConnection) {
    this.#instance = instance;
    this.#admin = admin;
  }

  /** Opens `bigquery.duckdb` in the directory, which is created if missing. */
  static async open(directory: string): Promise<Database> {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    keepByteOrderMarks();
    const instance = await DuckDBInstance.create(join(directory, 'bigquery.duckdb'), {
      enable_external_access: 'false',
      autoinstall_known_extensions: 'false',
      autoload_known_extensions: 'false',
      // The default of 16 MB stalls appends for half a second every few thousand rows. Checkpoints
      // runs earlier.
      checkpoint_threshold: '256MB',
      // The default is 80 % of the machine's memory, and the page cache would fill it. Larger queries
      // spill to disk.
      memory_limit: '1GB',
    });
    const admin = await instance.connect();
    await admin.run("SET GLOBAL TimeZone = 'UTC'");
    await widenDecimals(admin);
    return new Database(instance, admin);
  }

  /** A new connection for queries. The caller closes it. */
  connect(): Promise<DuckDBConnection> {
    return this.#instance.connect();
  }

  /** The catalogue's connection, for use outside of its transactions. */
  get admin(): DuckDBConnection {
    return this.#admin;
  }

  /** Waits for what is running: DuckDB crashes if a connection is closed under its work. */
  async close(closeOthers: () => Promise<void>): Promise<void> {
    await this.#adminTail;
    await Promise.allSettled(this.#transactions);
    await closeOthers();
    this.#admin.closeSync();
    this.#instance.closeSync();
  }

  /** Runs `work` with the lock of a table: `shared` with others that add rows, or `exclusive`. */
  async withLock<T>(
    table: string,
    mode: 'shared' | 'exclusive',
    work: () => Promise<T>,
  ): Promise<T> {
    const release = await this.#locks[mode](table);
    try {
      return await work();
    } finally {
      release();
    }
  }

  /**
   * Runs `work` in a transaction on a new connection. The callbacks that `work` passes to `afterCommit`
   * run after the commit.
   */
  transact<T>(work: TransactionWork<T>): Promise<T> {
    const transaction = this.#transact(work);
    this.#transactions.add(transaction);
    const forget = () => void this.#transactions.delete(transaction);
    transaction.then(forget, forget);
    return transaction;
  }

  async #transact<T>(work: TransactionWork<T>): Promise<T> {
    const connection = await this.connect();
    const publish: (() => void)[] = [];
    try {
      await connection.run('BEGIN');
      const result = await work(connection, (then) => publish.push(then));
      await connection.run('COMMIT');
      for (const then of publish) then();
      return result;
    } finally {
      // Closing the connection rolls back an open transaction.
      connection.closeSync();
    }
  }

  /**
   * Runs `work` in a transaction of the catalogue, one at a time. The returned callback runs after the
   * commit and makes the change visible in memory.
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

/** Migrates BIGNUMERIC columns of older files, which were DECIMAL(38,18). No other column has that type. */
async function widenDecimals(connection: DuckDBConnection): Promise<void> {
  const found = await connection.runAndReadAll(
    `SELECT schema_name, table_name, column_name FROM duckdb_columns()
     WHERE database_name = current_database() AND data_type = 'DECIMAL(38,18)'`,
  );
  for (const [schema, table, column] of found.getRows().map((row) => row.map(String))) {
    const [at, name] = [`${quoted(schema)}.${quoted(table)}`, quoted(column)];
    // 18 of 38 decimal places: without the point, 20 more zeros give the units.
    const units = `CAST(replace(CAST(${name} AS VARCHAR), '.', '') || repeat('0', 20) AS BIGNUM)`;
    const whole = `CASE WHEN ${name} IS NOT NULL THEN struct_pack("${UNITS_FIELD}" := ${units}) END`;
    await connection.run(
      `ALTER TABLE ${at} ALTER COLUMN ${name} SET DATA TYPE ${BIGNUMERIC_TYPE} USING ${whole}`,
    );
  }
}

function quoted(name = ''): string {
  return `"${name.replaceAll('"', '""')}"`;
}
