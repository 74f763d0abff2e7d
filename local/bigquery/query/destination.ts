import { BigQueryError } from '../errors.ts';
import type { Token } from '../sql/lexer.ts';
import { quote } from '../sql/types.ts';
import { quoteIdentifier, quoteTable } from '../tables/duckdb-types.ts';
import { changedTable, newTable } from '../tables/new-resource.ts';
import {
  isIngestionTime,
  PARTITION_TIME,
  partitionCondition,
  readPartition,
  wrongPartition,
} from '../tables/partitions.ts';
import { type Field, findField, formatTable, type Table, type TableRef } from '../tables/schema.ts';
import { changeSchema } from '../tables/schema-change.ts';
import { type BytesRead, bytesRead } from './bytes-read.ts';
import { storedSelect, tableSchema } from './ddl/create-table.ts';
import { ResultRows } from './results/result-rows.ts';
import {
  bindAll,
  execute,
  type QueryResult,
  resultFields,
  type SelectSql,
  selectSql,
} from './select.ts';
import type { Session } from './session/session.ts';

/** Where a query's rows go: `destinationTable` of a job and what belongs to it. */
export interface Destination {
  table: TableRef;
  /** Of `table$20260101`. */
  partition?: string;
  write: 'WRITE_APPEND' | 'WRITE_EMPTY' | 'WRITE_TRUNCATE';
  createIfNeeded: boolean;
  allowFieldAddition: boolean;
  allowFieldRelaxation: boolean;
  /** Partitioning and clustering of a table that the job creates. */
  layout: Partial<Table>;
}

/** Runs a SELECT and writes its rows into the table, in one transaction. */
export async function runIntoTable(
  session: Session,
  tokens: readonly Token[],
  destination: Destination,
): Promise<QueryResult> {
  const { store } = session;
  store.requireDataset(destination.table);
  session.referenced.clear();
  const select = selectSql(session, tokens);
  const referenced = [...session.referenced.values()];
  const schema = resultFields(select.columns);
  const fields = tableSchema(schema).filter(({ name }) => name !== PARTITION_TIME);
  const columns = tableSchema(schema);
  const [rows, read] = await store.transact(
    destination.table,
    'exclusive',
    async (connection, afterCommit): Promise<[ResultRows, BytesRead]> => {
      await bindAll(session, connection, tokens);
      const bytes = await bytesRead(store, connection, select.sql, referenced);
      await execute(connection, `CREATE TEMP TABLE _result AS ${select.sql}`);
      const current = store.getTable(destination.table);
      const table = await prepare(session, destination, current, fields, connection, afterCommit);
      await insert(connection, table, columns, select, destination.partition);
      const list = select.columns.map(({ sqlName }) => quote(sqlName)).join(', ');
      const result = await execute(connection, `SELECT ${list} FROM _result`);
      return [await ResultRows.read(result, schema), bytes];
    },
  );
  return { statementType: 'SELECT', schema, rows, bytesRead: read };
}

type Connection = Parameters<typeof bindAll>[1];

/** Throws invalid for a row that is not of the partition. */
async function insert(
  connection: Connection,
  table: Table,
  fields: readonly Field[],
  select: SelectSql,
  id: string | undefined,
): Promise<void> {
  const partition = id === undefined ? undefined : readPartition(table, id);
  const target = quoteTable(table);
  const own = { sql: 'SELECT * FROM _result', columns: select.columns };
  const targets = fields.map(({ name }) => targetField(table, name));
  const shaped: Table = { ...table, schema: targets.filter((field) => field !== undefined) };
  const names = shaped.schema.map(({ name }) => quoteIdentifier(name));
  let rows = storedSelect(own, shaped);
  if (partition?.column === PARTITION_TIME && !names.includes(quoteIdentifier(PARTITION_TIME))) {
    names.unshift(quoteIdentifier(PARTITION_TIME));
    const time = new Date(Number((partition.range?.from ?? 0n) / 1000n)).toISOString();
    rows = `SELECT TIMESTAMPTZ '${time}', * FROM (${rows})`;
  }
  if (partition === undefined) {
    await execute(connection, `INSERT INTO ${target} (${names.join(', ')}) ${rows}`);
    return;
  }
  const condition = partitionCondition(partition, 'duckdb');
  const before = await countRows(connection, `${target} WHERE ${condition}`);
  const { rowsChanged } = await execute(
    connection,
    `INSERT INTO ${target} (${names.join(', ')}) ${rows}`,
  );
  const after = await countRows(connection, `${target} WHERE ${condition}`);
  if (after - before !== rowsChanged) throw wrongPartition(partition);
}

/** A copy of a table by ingestion time has the partition's time as a column. */
function targetField(table: Table, name: string): Field | undefined {
  if (name === PARTITION_TIME && isIngestionTime(table))
    return { name, type: 'TIMESTAMP', mode: 'NULLABLE' };
  return findField(table.schema, name);
}

async function countRows(connection: Connection, from: string): Promise<number> {
  const reader = await connection.runAndReadAll(`SELECT count(*) FROM ${from}`);
  return Number(reader.getRows()[0]?.[0] ?? 0);
}

async function prepare(
  { store }: Session,
  destination: Destination,
  current: Table | undefined,
  fields: Field[],
  connection: Connection,
  afterCommit: (then: () => void) => void,
): Promise<Table> {
  if (current === undefined) {
    if (!destination.createIfNeeded) throw notFound(destination.table);
    // Without a layout, a decorator asks for a table by ingestion time.
    const byDay =
      destination.partition === undefined ? {} : { timePartitioning: { type: 'DAY' } as const };
    const layout = { ...byDay, ...destination.layout };
    const table = newTable(destination.table, fields, layout);
    afterCommit(await store.createTableIn(connection, table));
    return table;
  }
  if (current.type === 'VIEW')
    throw new BigQueryError('invalid', `${formatTable(current)} is a view`);
  const where =
    destination.partition === undefined
      ? ''
      : ` WHERE ${partitionCondition(readPartition(current, destination.partition), 'duckdb')}`;
  if (destination.write === 'WRITE_TRUNCATE' && where !== '') {
    await connection.run(`DELETE FROM ${quoteTable(current)}${where}`);
  } else if (destination.write === 'WRITE_TRUNCATE') {
    const table = changedTable(current, { ...destination.layout, schema: fields });
    afterCommit(await store.recreateTableIn(connection, table));
    return table;
  }
  if (destination.write === 'WRITE_EMPTY') await requireEmpty(connection, current, where);
  const { schema, alterations } = changeSchema(current, widened(current, fields, destination));
  if (JSON.stringify(schema) === JSON.stringify(current.schema)) return current;
  const table = changedTable(current, { schema });
  afterCommit(await store.updateTableIn(connection, table, alterations));
  return table;
}

function notFound(ref: TableRef): BigQueryError {
  return new BigQueryError('notFound', `Not found: Table ${formatTable(ref)}`);
}

async function requireEmpty(connection: Connection, table: Table, where: string): Promise<void> {
  const rows = `FROM ${quoteTable(table)}${where}`;
  const reader = await connection.runAndReadAll(`SELECT 1 ${rows} LIMIT 1`);
  if (reader.currentRowCount > 0) {
    throw new BigQueryError('duplicate', `Already Exists: Table ${formatTable(table)}`);
  }
}

/** The table's columns, with the additions and relaxations that the job allows. */
function widened(table: Table, fields: readonly Field[], destination: Destination): Field[] {
  const refuse = (reason: string) =>
    new BigQueryError(
      'invalidQuery',
      `Invalid schema update. ${reason} in table ${formatTable(table)}`,
    );
  const added = fields.filter(({ name }) => findField(table.schema, name) === undefined);
  const [first] = added;
  if (first !== undefined && !destination.allowFieldAddition) {
    throw refuse(`Cannot add fields (field: ${first.name})`);
  }
  const kept = table.schema.map((field) => {
    const missing = findField(fields, field.name) === undefined;
    if (!missing || field.mode !== 'REQUIRED') return field;
    if (!destination.allowFieldRelaxation) throw refuse(`Field ${field.name} is missing`);
    return { ...field, mode: 'NULLABLE' as const };
  });
  return [...kept, ...added];
}
