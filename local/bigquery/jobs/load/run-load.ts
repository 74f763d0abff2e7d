import { stat } from 'node:fs/promises';
import type { DuckDBConnection } from '@duckdb/node-api';
import { BigQueryError, type ErrorProto } from '../../errors.ts';
import type { JsonObject } from '../../rest/http/json.ts';
import { RowWriter } from '../../storage/row-writer.ts';
import type { Store } from '../../storage/store.ts';
import { type Cell, CellError, checkCell } from '../../tables/cell.ts';
import { quoteTable } from '../../tables/duckdb-types.ts';
import { changedTable, newTable } from '../../tables/new-resource.ts';
import { type Partition, partitionCondition, readPartition } from '../../tables/partitions.ts';
import { type Field, findField, formatTable, type Table } from '../../tables/schema.ts';
import { changeSchema } from '../../tables/schema-change.ts';
import { openCsv } from './csv-file.ts';
import { openJson } from './json-file.ts';
import type { LoadFile } from './load-file.ts';
import type { LoadOptions } from './load-options.ts';
import { openParquet } from './parquet-file.ts';
import { partitionCheck } from './partition-check.ts';

/** A failed load; it has written nothing. */
export class LoadFailure extends Error {
  readonly errors: ErrorProto[];
  constructor(errors: ErrorProto[]) {
    super(errors[0]?.message);
    this.errors = errors;
  }
}

/**
 * Loads files in one transaction. `finish` runs in it, just before the commit, and gets the job's
 * statistics. Throws LoadFailure and BigQueryError.
 */
export async function runLoad(
  store: Store,
  options: LoadOptions,
  files: readonly string[],
  finish: (connection: DuckDBConnection, statistics: JsonObject) => Promise<() => void>,
): Promise<void> {
  store.requireDataset(options.destination);
  await store.transact(
    options.destination,
    lockFor(store, options),
    async (connection, afterCommit) => {
      const current = store.getTable(options.destination);
      await checkDispositions(connection, options, current);
      const known =
        options.write === 'WRITE_TRUNCATE' && declares(options) ? undefined : current?.schema;
      const [first = '', ...rest] = files;
      const loadFile = await openFile(first, options, known);
      const { table, publish } = await prepareTable(store, connection, options, current, loadFile);
      const partition = options.partition ? readPartition(table, options.partition) : undefined;
      const counts = await copyRows(connection, table, loadFile, options, partition);
      for (const file of rest) {
        const own = await openFile(file, options, loadFile.schema);
        const more = await copyRows(connection, table, own, options, partition);
        counts.rows += more.rows;
        counts.bad += more.bad;
      }
      const sizes = await Promise.all(files.map(async (file) => (await stat(file)).size));
      const statistics = {
        inputFiles: String(files.length),
        inputFileBytes: String(sizes.reduce((sum, size) => sum + size, 0)),
        outputRows: String(counts.rows),
        outputBytes: '0',
        badRecords: String(counts.bad),
      };
      const done = await finish(connection, statistics);
      afterCommit(publish);
      afterCommit(done);
    },
  );
}

async function openFile(
  file: string,
  options: LoadOptions,
  known: Field[] | undefined,
): Promise<LoadFile> {
  if (options.format === 'PARQUET') return openParquet(file, options);
  if (options.format === 'AVRO') {
    // Only a load of Avro needs its library.
    const { openAvro } = await import('./avro-file.ts');
    return openAvro(file, options, known);
  }
  return options.format === 'CSV'
    ? await openCsv(file, options, known)
    : await openJson(file, options, known);
}

/** Other writers wait only for a load that may change the schema or existing rows. */
function lockFor(store: Store, options: LoadOptions): 'shared' | 'exclusive' {
  const onlyAdds =
    store.getTable(options.destination) !== undefined &&
    options.write === 'WRITE_APPEND' &&
    !options.allowFieldAddition &&
    !options.allowFieldRelaxation;
  return onlyAdds ? 'shared' : 'exclusive';
}

function declares(options: LoadOptions): boolean {
  const ownSchema = options.format === 'AVRO' || options.format === 'PARQUET';
  return options.schema !== undefined || options.autodetect || ownSchema;
}

async function checkDispositions(
  connection: DuckDBConnection,
  options: LoadOptions,
  table: Table | undefined,
): Promise<void> {
  const name = formatTable(options.destination);
  if (table === undefined) {
    if (!options.createIfNeeded) throw new BigQueryError('notFound', `Not found: Table ${name}`);
    return;
  }
  if (table.type === 'VIEW') throw new BigQueryError('invalid', `${name} is a view`);
  if (options.write !== 'WRITE_EMPTY') return;
  const rows = `FROM ${quoteTable(table)} ${whereOf(table, options)}`;
  const reader = await connection.runAndReadAll(`SELECT 1 ${rows} LIMIT 1`);
  if (reader.currentRowCount > 0) {
    throw new BigQueryError('duplicate', `Already Exists: Table ${name}`);
  }
}

function whereOf(table: Table, { partition }: LoadOptions): string {
  if (partition === undefined) return '';
  return `WHERE ${partitionCondition(readPartition(table, partition), 'duckdb')}`;
}

interface Prepared {
  table: Table;
  publish: () => void;
}

/** Creates, truncates or alters the table, as the job says. */
async function prepareTable(
  store: Store,
  connection: DuckDBConnection,
  options: LoadOptions,
  current: Table | undefined,
  loadFile: LoadFile,
): Promise<Prepared> {
  if (current === undefined) {
    // Without a layout, a decorator asks for a table by ingestion time.
    const byDay =
      options.partition === undefined ? {} : { timePartitioning: { type: 'DAY' } as const };
    const table = newTable(options.destination, loadFile.schema, { ...byDay, ...options.layout });
    return { table, publish: await store.createTableIn(connection, table) };
  }
  const truncates = options.write === 'WRITE_TRUNCATE';
  if (truncates && options.partition !== undefined) {
    await connection.run(`DELETE FROM ${quoteTable(current)} ${whereOf(current, options)}`);
  } else if (truncates) {
    const schema = declares(options) ? loadFile.schema : current.schema;
    const table = changedTable(current, { ...options.layout, schema });
    return { table, publish: await store.recreateTableIn(connection, table) };
  }
  const { schema, alterations } = changeSchema(current, widened(current, loadFile.schema, options));
  if (JSON.stringify(schema) === JSON.stringify(current.schema)) {
    return { table: current, publish: () => undefined };
  }
  const table = changedTable(current, { schema });
  return { table, publish: await store.updateTableIn(connection, table, alterations) };
}

/** The table's columns, with the additions and relaxations that the job allows. */
function widened(table: Table, fileSchema: readonly Field[], options: LoadOptions): Field[] {
  const refuse = (reason: string) =>
    new BigQueryError(
      'invalid',
      `Provided Schema does not match Table ${formatTable(table)}. ${reason}`,
    );
  const kept = table.schema.map((field) => {
    const given = findField(fileSchema, field.name);
    const optional = given === undefined || given.mode === 'NULLABLE';
    const declared = given !== undefined && options.schema !== undefined;
    if (declared && given.type !== field.type) return { ...field, type: given.type };
    if (field.mode !== 'REQUIRED' || !optional) return field;
    if (!options.allowFieldRelaxation) {
      if (given === undefined || !declared) return field;
      throw refuse(`Field ${field.name} has changed mode from REQUIRED to NULLABLE`);
    }
    return { ...field, mode: 'NULLABLE' as const };
  });
  const added = fileSchema.filter((field) => findField(table.schema, field.name) === undefined);
  const [first] = added;
  if (first !== undefined && !options.allowFieldAddition) {
    throw refuse(`Cannot add fields (field: ${first.name})`);
  }
  return [...kept, ...added];
}

async function copyRows(
  connection: DuckDBConnection,
  table: Table,
  loadFile: LoadFile,
  options: LoadOptions,
  partition: Partition | undefined,
): Promise<{ rows: number; bad: number }> {
  const positions = table.schema.map((field) =>
    loadFile.schema.findIndex((given) => given.name.toLowerCase() === field.name.toLowerCase()),
  );
  const writer = await RowWriter.open(connection, table, partition?.range?.from);
  const check = partition && partitionCheck(table, partition);
  const problems: ErrorProto[] = [];
  let rows = 0;
  for await (const batch of loadFile.rows()) {
    const cells: Cell[][] = [];
    for (const row of batch) {
      if ('problem' in row) problems.push(row.problem);
      else cells.push(arrange(table, positions, row.cells));
      if (check && 'cells' in row) check(cells.at(-1) ?? []);
    }
    if (problems.length > options.maxBadRecords) throw new LoadFailure(tooMany(problems, rows));
    writer.write(cells);
    rows += cells.length;
  }
  writer.close();
  return { rows, bad: problems.length };
}

/** The cells of a file's row in the order of the table; columns that are not in the file are NULL. */
function arrange(table: Table, positions: readonly number[], cells: readonly Cell[]): Cell[] {
  return table.schema.map((field, index) => {
    const cell = cells[positions[index] ?? -1] ?? null;
    try {
      checkCell(field, cell, 0);
    } catch (cause) {
      const reason = cause instanceof CellError ? cause.message : String(cause);
      throw new LoadFailure([
        { reason: 'invalid', message: `Error while reading data, error message: ${reason}` },
      ]);
    }
    return cell;
  });
}

function tooMany(problems: readonly ErrorProto[], rows: number): ErrorProto[] {
  const total = rows + problems.length;
  const message = `Error while reading data, error message: The file encountered too many errors, giving up. Rows: ${total}; errors: ${problems.length}; max bad: 0; error percent: 0`;
  const [first] = problems;
  // The first error comes first, because it names the line and the column.
  const errors = problems.slice(0, 5);
  return first === undefined ? [] : [...errors, { reason: 'invalid', message }];
}
