// Upserts and deletes by primary key, as with the Storage Write API's change data capture:
// https://cloud.google.com/bigquery/docs/change-data-capture. Google merges changes when a query reads
// them. Here a change is applied before its ack; a table without max_staleness shows the same rows.

import type { DuckDBConnection } from '@duckdb/node-api';
import { type Cell, CellError } from '../tables/cell.ts';
import { columnType, quoteIdentifier, quoteTable } from '../tables/duckdb-types.ts';
import { type Field, findField, formatTable, type Table, type TableRef } from '../tables/schema.ts';
import { RowWriter } from './row-writer.ts';

/** No dataset has a DuckDB schema of this name, because project ids are not empty. */
const SCHEMA = '.upserts';
const CHANGES = 'changes';

export interface RowChange {
  /** In the order of the table's schema. For a delete only the key's columns matter. */
  cells: Cell[];
  isDelete: boolean;
  /** Compared as text. The greater sequence wins for a key; with equal sequences the later change. */
  sequence: string;
}

/** What upserts need of the store. */
interface UpsertStore {
  requireTable(ref: TableRef): Table;
  transact<T>(
    ref: TableRef,
    mode: 'exclusive',
    work: (connection: DuckDBConnection, afterCommit: (then: () => void) => void) => Promise<T>,
  ): Promise<T>;
}

interface Pending {
  /** The version of the schema that the changes were checked with. */
  schemaVersion: number;
  changes: readonly RowChange[];
  resolve: () => void;
  reject: (cause: unknown) => void;
}

/** Groups concurrent changes of a table: all changes that arrive during one commit share the next. */
export class Upserts {
  readonly #store: UpsertStore;
  /** Tables that have had a change. */
  readonly #tables: Set<string>;
  readonly #pending = new Map<string, Pending[]>();

  constructor(store: UpsertStore, tables: ReadonlySet<string>) {
    this.#store = store;
    this.#tables = new Set(tables);
  }

  has(ref: TableRef): boolean {
    return this.#tables.has(formatTable(ref));
  }

  /** Resolves when the changes are on disk and visible. Throws CellError if the schema has changed. */
  add(table: Table, changes: readonly RowChange[]): Promise<void> {
    const { schemaVersion } = table;
    return new Promise((resolve, reject) => {
      const pending = { schemaVersion, changes, resolve, reject };
      const queue = this.#pending.get(formatTable(table));
      if (queue) queue.push(pending);
      else {
        this.#pending.set(formatTable(table), [pending]);
        void this.#drain(table);
      }
    });
  }

  /** Drops a table's sequences. Call the returned function after the commit. */
  async forgetIn(connection: DuckDBConnection, ref: TableRef): Promise<() => void> {
    if (!this.has(ref)) return () => {};
    await connection.run(`DROP TABLE IF EXISTS ${quoteSequences(ref)}`);
    return () => this.#tables.delete(formatTable(ref));
  }

  async #drain(ref: TableRef): Promise<void> {
    const key = formatTable(ref);
    // Wait for one turn of the event loop, so that concurrent changes share a commit.
    await new Promise(setImmediate);
    for (let group = this.#take(key); group.length > 0; group = this.#take(key)) {
      await this.#settle(ref, group);
    }
    this.#pending.delete(key);
  }

  /** If a group fails, each request is tried alone, so that only the bad one is rejected. */
  async #settle(ref: TableRef, group: readonly Pending[]): Promise<void> {
    try {
      await this.#commit(ref, group);
      for (const { resolve } of group) resolve();
    } catch (cause) {
      const [only, ...others] = group;
      if (only !== undefined && others.length === 0) return only.reject(cause);
      for (const pending of group) await this.#settle(ref, [pending]);
    }
  }

  #take(key: string): Pending[] {
    return this.#pending.get(key)?.splice(0) ?? [];
  }

  async #commit(ref: TableRef, group: readonly Pending[]): Promise<void> {
    await this.#store.transact(ref, 'exclusive', async (connection, afterCommit) => {
      const table = this.#store.requireTable(ref);
      if (group.some(({ schemaVersion }) => schemaVersion !== table.schemaVersion)) {
        throw new CellError('', 'the schema has changed', 0);
      }
      await stage(connection, table, group);
      if (!this.has(ref)) await createSequences(connection, table);
      await apply(connection, table);
      afterCommit(() => this.#tables.add(formatTable(ref)));
    });
  }
}

/** The tables that had changes in an earlier run. */
export async function findUpserted(connection: DuckDBConnection): Promise<Set<string>> {
  await connection.run(`CREATE SCHEMA IF NOT EXISTS ${quoteIdentifier(SCHEMA)}`);
  const reader = await connection.runAndReadAll(
    `SELECT comment FROM duckdb_tables() WHERE schema_name = '${SCHEMA}'`,
  );
  return new Set(reader.getRows().map(([name]) => String(name)));
}

/** The table of sequences by a hash of the key, including those of deleted rows. */
function quoteSequences(ref: TableRef): string {
  return quoteTable({ projectId: '', datasetId: 'upserts', tableId: formatTable(ref) });
}

/** Creates the temporary table `changes` with the last change of each key. */
async function stage(
  connection: DuckDBConnection,
  table: Table,
  group: readonly Pending[],
): Promise<void> {
  const fields: Field[] = [
    ...table.schema.map((field) => ({ ...field, mode: relaxed(field) })),
    { name: '_CHANGE_TYPE', type: 'BOOLEAN', mode: 'NULLABLE' },
    { name: '_CHANGE_SEQUENCE_NUMBER', type: 'STRING', mode: 'NULLABLE' },
    { name: '_CHANGE_KEY', type: 'STRING', mode: 'NULLABLE' },
  ];
  const columns = fields.map((field) => `${quoteIdentifier(field.name)} ${columnType(field)}`);
  await connection.run(`CREATE TEMP TABLE ${CHANGES} (${columns.join(', ')})`);
  const writer = await RowWriter.openTemporary(connection, CHANGES, fields);
  writer.write(lastOfEachKey(table, group));
  writer.close();
}

function relaxed(field: Field): Field['mode'] {
  return field.mode === 'REPEATED' ? 'REPEATED' : 'NULLABLE';
}

function lastOfEachKey(table: Table, group: readonly Pending[]): Cell[][] {
  const keys = keyFields(table).map((field) => table.schema.indexOf(field));
  const last = new Map<string, RowChange>();
  for (const change of group.flatMap(({ changes }) => changes)) {
    const key = JSON.stringify(keys.map((index) => plain(change.cells[index] ?? null)));
    const known = last.get(key);
    if (!known || known.sequence <= change.sequence) last.set(key, change);
  }
  return [...last].map(([key, { cells, isDelete, sequence }]) => [
    ...cells,
    isDelete,
    sequence,
    key,
  ]);
}

function plain(cell: Cell): unknown {
  if (typeof cell === 'bigint') return String(cell);
  return cell instanceof Uint8Array ? Buffer.from(cell).toString('hex') : cell;
}

export function keyFields(table: Table): Field[] {
  const names = table.tableConstraints?.primaryKey?.columns ?? [];
  return names.flatMap((name) => findField(table.schema, name) ?? []);
}

async function createSequences(connection: DuckDBConnection, table: Table): Promise<void> {
  const sequences = quoteSequences(table);
  const name = formatTable(table).replaceAll("'", "''");
  await connection.run(`CREATE TABLE ${sequences} (key UHUGEINT, sequence VARCHAR)`);
  await connection.run(`COMMENT ON TABLE ${sequences} IS '${name}'`);
}

async function apply(connection: DuckDBConnection, table: Table): Promise<void> {
  const target = quoteTable(table);
  const sequences = quoteSequences(table);
  const columns = table.schema.map((field) => quoteIdentifier(field.name)).join(', ');
  const sameKey = keyFields(table)
    .map(({ name }) => `t.${quoteIdentifier(name)} = c.${quoteIdentifier(name)}`)
    .join(' AND ');
  for (const sql of [
    `DELETE FROM ${CHANGES} AS c USING ${sequences} AS s
       WHERE s.key = md5_number(c._CHANGE_KEY) AND s.sequence > c._CHANGE_SEQUENCE_NUMBER`,
    `DELETE FROM ${target} AS t USING ${CHANGES} AS c WHERE ${sameKey}`,
    `INSERT INTO ${target} (${columns}) SELECT ${columns} FROM ${CHANGES} WHERE NOT _CHANGE_TYPE`,
    `DELETE FROM ${sequences} AS s USING ${CHANGES} AS c WHERE s.key = md5_number(c._CHANGE_KEY)`,
    `INSERT INTO ${sequences} SELECT md5_number(_CHANGE_KEY), _CHANGE_SEQUENCE_NUMBER
       FROM ${CHANGES} WHERE _CHANGE_SEQUENCE_NUMBER <> ''`,
  ]) {
    await connection.run(sql);
  }
}
