import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { macroStatements } from '../sql/functions.ts';
import { BIGNUMERIC_TYPE, UNITS_FIELD } from '../values/bignumeric.ts';
import { TableLocks } from './table-locks.ts';

/**
 * One DuckDB file and its transactions. The process that opened it owns it: DuckDB lets no second one
 * read. SQL on any of its connections cannot reach the machine's other files.
 */
export class Database {
  readonly #instance: DuckDBInstance;
  readonly #admin: DuckDBConnection;
  readonly #locks = new TableLocks();
  /** The tail of the queue for `#admin`, which runs one transaction at a time. */
  #adminTail: Promise<unknown> = Promise.resolve();

  private constructor(instance: DuckDBInstance, admin: DuckDBConnection) {
    this.#instance = instance;
    this.#admin = admin;
  }

  /** `directory` is created when missing and holds `bigquery.duckdb`. */
  static async open(directory: string): Promise<Database> {
    await mkdir(directory, { recursive: true, mode: 0o700 });
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
    // At once: a commit for each of a hundred would be half of the time to open.
    await admin.run(['BEGIN', ...macroStatements(), 'COMMIT'].join(';\n'));
    await widenDecimals(admin);
    return new Database(instance, admin);
  }

  /** A connection of the caller's own, for queries. The caller closes it. */
  connect(): Promise<DuckDBConnection> {
    return this.#instance.connect();
  }

  /** The connection of the catalogue, while no transaction of it is under way. */
  get admin(): DuckDBConnection {
    return this.#admin;
  }

  async close(closeOthers: () => void): Promise<void> {
    await this.#adminTail;
    closeOthers();
    this.#admin.closeSync();
    this.#instance.closeSync();
  }

  /**
   * Runs `work` while it holds the lock of a table: `shared` beside others that add rows, `exclusive`
   * alone.
   */
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
   * Runs `work` in a transaction on a connection of its own, all or nothing. What `work` gives to
   * `afterCommit` is called once the transaction has committed.
   */
  async transact<T>(
    work: (connection: DuckDBConnection, afterCommit: (then: () => void) => void) => Promise<T>,
  ): Promise<T> {
    const connection = await this.connect();
    const publish: (() => void)[] = [];
    try {
      await connection.run('BEGIN');
      const result = await work(connection, (then) => publish.push(then));
      await connection.run('COMMIT');
      for (const then of publish) then();
      return result;
    } finally {
      // An open transaction is rolled back with its connection.
      connection.closeSync();
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

/** Until BIGNUMERIC had all of its digits, its columns were decimals of a type that no other column has. */
async function widenDecimals(connection: DuckDBConnection): Promise<void> {
  const found = await connection.runAndReadAll(
    `SELECT schema_name, table_name, column_name FROM duckdb_columns()
     WHERE database_name = current_database() AND data_type = 'DECIMAL(38,18)'`,
  );
  for (const [schema, table, column] of found.getRows().map((row) => row.map(String))) {
    const [at, name] = [`${quoted(schema)}.${quoted(table)}`, quoted(column)];
    // 18 digits behind the point of 38: without it, twenty zeros make units of it.
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
