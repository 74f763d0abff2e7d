import { coerce } from '../../sql/analyse/values/coerce.ts';
import type { Token } from '../../sql/lexer.ts';
import { invalidQuery, notSupported } from '../../sql/query-error.ts';
import { quote, quoteText, typeName } from '../../sql/types.ts';
import { quoteIdentifier, quoteTable } from '../../tables/duckdb-types.ts';
import { newTable } from '../../tables/new-resource.ts';
import { physicalColumns } from '../../tables/partitions.ts';
import {
  type Field,
  findField,
  type Table,
  type TableRef,
  type TimePartitioning,
} from '../../tables/schema.ts';
import { asQueryError } from '../located-error.ts';
import type { ResultField } from '../results/result-schema.ts';
import { bindAll, resultFields, type SelectSql, selectSql, withConnection } from '../select.ts';
import { limitOf, typeOfField } from '../session/field-types.ts';
import { tableRef } from '../session/names.ts';
import type { Session } from '../session/session.ts';
import { type ColumnList, readColumnList, readNames } from './column-list.ts';
import { type OptionValue, optionProperties, readOptions } from './options.ts';
import { type TokenCursor, unexpected } from './token-cursor.ts';

/** Makes the table when it is called. */
export type Make = (() => Promise<void>) & { isFilled?: boolean };

/** Reads CREATE TABLE after the table's name. */
export async function createTable(
  session: Session,
  cursor: TokenCursor,
  ref: TableRef,
  tokens: Token[],
): Promise<Make> {
  const copied = readCopy(session, cursor);
  const columns =
    cursor.peek()?.text === '(' ? readColumnList(cursor.group(), session.sql) : undefined;
  const clauses = readClauses(cursor);
  const schema = columns?.schema ?? copied?.table.schema;
  if (copied?.withRows === true) {
    const table = describe(ref, copied.table.schema, clauses, columns, copied.table);
    return () => fill(session, table, { copied: copied.table }, []);
  }
  if (cursor.done) {
    if (schema === undefined) throw invalidQuery('CREATE TABLE needs columns or a query');
    const table = describe(ref, schema, clauses, columns, copied?.table);
    return () => session.store.createTable(table);
  }
  cursor.expect('AS');
  const body = tokens.slice(cursor.index);
  const select = selectSql(session, body);
  const fields = resultFields(select.columns);
  // Also where the table keeps no row, the query must be one that DuckDB takes.
  await withConnection(session, body, (connection) => connection.prepare(select.sql)).catch(
    (cause: unknown) => {
      throw asQueryError(cause);
    },
  );
  const table = describe(ref, schema ?? tableSchema(fields), clauses, columns, copied?.table);
  const sql = storedSelect(select, table);
  return Object.assign(() => fill(session, table, { sql }, body), { isFilled: true });
}

interface Copied {
  table: Table;
  withRows: boolean;
}

/** LIKE takes the columns of a table; CLONE, COPY and SNAPSHOT take its rows as well. */
function readCopy(session: Session, cursor: TokenCursor): Copied | undefined {
  const isLike = cursor.accept('LIKE');
  if (!isLike && !cursor.accept('CLONE') && !cursor.accept('COPY')) return undefined;
  const table = session.store.requireTable(tableRef(cursor.path(), session.scope));
  if (table.view !== undefined)
    throw invalidQuery(`${table.tableId} is a view, which cannot be copied`);
  if (cursor.accept('FOR', 'SYSTEM_TIME', 'AS', 'OF'))
    throw notSupported('CLONE … FOR SYSTEM_TIME AS OF');
  return { table, withRows: !isLike };
}

interface Clauses {
  partition?: Token[];
  clustering: string[];
  options: ReadonlyMap<string, OptionValue>;
}

function readClauses(cursor: TokenCursor): Clauses {
  const clauses: Clauses = { clustering: [], options: new Map() };
  if (cursor.accept('DEFAULT', 'COLLATE')) {
    const collation = cursor.take().text;
    if (collation !== '') throw notSupported(`A table with the collation ${collation}`);
  }
  if (cursor.accept('PARTITION', 'BY')) clauses.partition = takeUntil(cursor);
  if (cursor.accept('CLUSTER', 'BY')) clauses.clustering = readNames(takeUntil(cursor));
  if (cursor.accept('OPTIONS')) clauses.options = readOptions(cursor.group());
  if (!cursor.done && cursor.peek()?.text.toUpperCase() !== 'AS') throw unexpected(cursor.peek());
  return clauses;
}

function takeUntil(cursor: TokenCursor): Token[] {
  const taken: Token[] = [];
  while (!cursor.done && !/^(?:CLUSTER|OPTIONS|AS)$/i.test(cursor.peek()?.text ?? ''))
    taken.push(cursor.take());
  return taken;
}

function describe(
  ref: TableRef,
  schema: Field[],
  clauses: Clauses,
  columns: ColumnList | undefined,
  like: Table | undefined,
): Table {
  const { options } = clauses;
  const partitioning = readPartitioning(schema, clauses.partition) ?? like?.timePartitioning;
  const days = options.get('partition_expiration_days');
  const timePartitioning = partitioning && {
    ...partitioning,
    ...(typeof days === 'number' && { expirationMs: String(days * 86_400_000) }),
    ...(options.get('require_partition_filter') === true && { requirePartitionFilter: true }),
  };
  const clustering =
    clauses.clustering.length > 0 ? { fields: clauses.clustering } : like?.clustering;
  const primaryKey = columns?.primaryKey ?? [];
  const tableConstraints =
    primaryKey.length > 0 ? { primaryKey: { columns: [...primaryKey] } } : like?.tableConstraints;
  const range = rangePartitioning(schema, clauses.partition);
  return newTable(ref, schema, {
    ...(timePartitioning && range === undefined && { timePartitioning }),
    ...(clustering && { clustering }),
    ...(tableConstraints && { tableConstraints }),
    extra: {
      ...(like?.extra ?? {}),
      ...optionProperties(options),
      ...(range && { rangePartitioning: range }),
    },
  });
}

/** `DATE(ts)`, `TIMESTAMP_TRUNC(ts, HOUR)`, a DATE column, or `_PARTITIONDATE`. */
function readPartitioning(
  schema: readonly Field[],
  tokens: readonly Token[] | undefined,
): TimePartitioning | undefined {
  if (tokens === undefined) return undefined;
  const words = tokens.map((token) => token.text);
  const unit = words
    .map((word) => word.toUpperCase())
    .find((word) => /^(?:HOUR|MONTH|YEAR)$/.test(word));
  const column = words.map((word) => findField(schema, word)).find((found) => found !== undefined);
  const type = (unit ?? 'DAY') as TimePartitioning['type'];
  return column === undefined ? { type } : { type, field: column.name };
}

/** `RANGE_BUCKET(id, GENERATE_ARRAY(0, 100, 10))`. */
function rangePartitioning(
  schema: readonly Field[],
  tokens: readonly Token[] | undefined,
): object | undefined {
  if (tokens?.[0]?.text.toUpperCase() !== 'RANGE_BUCKET') return undefined;
  const column = tokens
    .map(({ text }) => findField(schema, text))
    .find((found) => found !== undefined);
  const [start = '0', end = '0', interval = '1'] = tokens
    .filter(({ kind }) => kind === 'number')
    .map(({ text }) => text);
  return { field: column?.name ?? '', range: { start, end, interval } };
}

export function tableSchema(fields: readonly ResultField[]): Field[] {
  return fields.map((field) => {
    if (field.type === 'INTERVAL') throw notSupported(`A column of type INTERVAL (${field.name})`);
    const { fields: inner, ...plain } = field;
    return { ...plain, ...(inner && { fields: tableSchema(inner) }) } as Field;
  });
}

/** The query's columns as the table's, in order. */
export function storedSelect(select: SelectSql, table: Table): string {
  if (select.columns.length !== table.schema.length) {
    throw invalidQuery(
      `The number of columns in the column definition list does not match the number of columns produced by the query (${table.schema.length} vs ${select.columns.length})`,
    );
  }
  const cells = select.columns.map(({ sqlName, type }, index) => {
    const field = table.schema[index] as Field;
    const value = coerce({ sql: `s.${quote(sqlName)}`, type }, typeOfField(field));
    if (value === undefined)
      throw invalidQuery(
        `Column ${field.name} has type ${typeName(typeOfField(field))}, and the query gives ${typeName(type)}`,
      );
    const limited = limitOf(field)(value);
    return field.mode === 'REPEATED'
      ? `bq_full_items(${limited}, ${quoteText(field.name)})`
      : limited;
  });
  return `SELECT ${cells.join(', ')} FROM (${select.sql}) AS s`;
}

/** Creates the table with its rows, or not at all. */
export async function fill(
  session: Session,
  table: Table,
  rows: { sql: string } | { copied: Table },
  tokens: Token[],
): Promise<void> {
  const { store } = session;
  const sql = 'sql' in rows ? insertSql(table, rows.sql) : copySql(table, rows.copied);
  await store.createTable(table);
  try {
    await store.transact(table, 'shared', async (connection) => {
      await bindAll(session, connection, tokens);
      await connection.run(sql);
    });
  } catch (cause) {
    await store.deleteTable(table);
    throw asQueryError(cause);
  }
}

function insertSql(table: Table, select: string): string {
  const names = table.schema.map(({ name }) => quoteIdentifier(name));
  return `INSERT INTO ${quoteTable(table)} (${names.join(', ')}) ${select}`;
}

/** The rows of a table with the same columns; of one by ingestion time with their partitions. */
function copySql(table: Table, copied: Table): string {
  const known = new Set(physicalColumns(table));
  const names = physicalColumns(copied)
    .filter((name) => known.has(name))
    .map(quoteIdentifier)
    .join(', ');
  return `INSERT INTO ${quoteTable(table)} (${names}) SELECT ${names} FROM ${quoteTable(copied)}`;
}
