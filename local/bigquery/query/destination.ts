import { BigQueryError } from '../errors.ts';
import type { Token } from '../sql/lexer.ts';
import { quote } from '../sql/types.ts';
import { quoteIdentifier, quoteTable } from '../tables/duckdb-types.ts';
import { changedTable, newTable } from '../tables/new-resource.ts';
import { type Field, findField, formatTable, type Table, type TableRef } from '../tables/schema.ts';
import { changeSchema } from '../tables/schema-change.ts';
import { storedSelect, tableSchema } from './ddl/create-table.ts';
import { ResultRows } from './results/result-rows.ts';
import { bindAll, execute, type QueryResult, resultFields, selectSql } from './select.ts';
import type { Session } from './session/session.ts';

/** Where a query's rows go: `destinationTable` of a job and what belongs to it. */
export interface Destination {
  table: TableRef;
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
  const select = selectSql(session, tokens);
  const schema = resultFields(select.columns);
  const fields = tableSchema(schema);
  const rows = await store.transact(
    destination.table,
    'exclusive',
    async (connection, afterCommit) => {
      await bindAll(session, connection, tokens);
      await execute(connection, `CREATE TEMP TABLE _result AS ${select.sql}`);
      const current = store.getTable(destination.table);
      const table = await prepare(session, destination, current, fields, connection, afterCommit);
      const own = { sql: 'SELECT * FROM _result', columns: select.columns };
      const targets = fields.map(({ name }) => findField(table.schema, name));
      const shaped: Table = { ...table, schema: targets.filter((field) => field !== undefined) };
      const names = shaped.schema.map(({ name }) => quoteIdentifier(name)).join(', ');
      await execute(
        connection,
        `INSERT INTO ${quoteTable(table)} (${names}) ${storedSelect(own, shaped)}`,
      );
      const list = select.columns.map(({ sqlName }) => quote(sqlName)).join(', ');
      return ResultRows.read(await execute(connection, `SELECT ${list} FROM _result`), schema);
    },
  );
  return { statementType: 'SELECT', schema, rows };
}

type Connection = Parameters<typeof bindAll>[1];

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
    const table = newTable(destination.table, fields, destination.layout);
    afterCommit(await store.createTableIn(connection, table));
    return table;
  }
  if (current.type === 'VIEW')
    throw new BigQueryError('invalid', `${formatTable(current)} is a view`);
  if (destination.write === 'WRITE_TRUNCATE') {
    const table = changedTable(current, { ...destination.layout, schema: fields });
    afterCommit(await store.recreateTableIn(connection, table));
    return table;
  }
  if (destination.write === 'WRITE_EMPTY') await requireEmpty(connection, current);
  const { schema, alterations } = changeSchema(current, widened(current, fields, destination));
  if (JSON.stringify(schema) === JSON.stringify(current.schema)) return current;
  const table = changedTable(current, { schema });
  afterCommit(await store.updateTableIn(connection, table, alterations));
  return table;
}

function notFound(ref: TableRef): BigQueryError {
  return new BigQueryError('notFound', `Not found: Table ${formatTable(ref)}`);
}

async function requireEmpty(connection: Connection, table: Table): Promise<void> {
  const reader = await connection.runAndReadAll(`SELECT 1 FROM ${quoteTable(table)} LIMIT 1`);
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
