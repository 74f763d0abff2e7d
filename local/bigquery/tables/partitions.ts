import { BigQueryError } from '../errors.ts';
import { formatDate } from '../values/calendar.ts';
import { type Field, findField, formatTable, type Table, type TimePartitioning } from './schema.ts';

/** The hidden column of a table that is partitioned by ingestion time. It comes before the table's own columns. */
export const PARTITION_TIME = '_PARTITIONTIME';

type Unit = TimePartitioning['type'];

/** The digits of a partition's id, by unit. */
const DIGITS: Readonly<Record<Unit, number>> = { YEAR: 4, MONTH: 6, DAY: 8, HOUR: 10 };

export function isIngestionTime(table: Pick<Table, 'type' | 'timePartitioning'>): boolean {
  const { timePartitioning } = table;
  return table.type === 'TABLE' && timePartitioning !== undefined && !timePartitioning.field;
}

/** The names of a stored table's columns in DuckDB, in order. */
export function physicalColumns(table: Table): string[] {
  const own = table.schema.map(({ name }) => name);
  return isIngestionTime(table) ? [PARTITION_TIME, ...own] : own;
}

/** Splits `table$20260101`. The summary of partitions (`$__PARTITIONS_SUMMARY__`) is no partition. */
export function splitDecorator(id: string): { tableId: string; partition?: string } {
  const at = id.indexOf('$');
  if (at === -1 || id.endsWith('__PARTITIONS_SUMMARY__')) return { tableId: id };
  return { tableId: id.slice(0, at), partition: id.slice(at + 1) };
}

/** The begin of the partition at a time, in microseconds. */
export function partitionBegin(unit: Unit, time: Date): bigint {
  const id = time.toISOString().replace(/\D/g, '').slice(0, DIGITS[unit]);
  return begin(unit, id);
}

/** The partition of an id: its first value and the first value of the next one, in units of the column. */
export interface Partition {
  id: string;
  /** The column of the table, or `_PARTITIONTIME`. */
  column: string;
  type: Field['type'];
  /** Microseconds of a time or date; integers of a range. A NULL partition has no range. */
  range: { from: bigint; to: bigint } | undefined;
}

/** Throws invalid for an id that is not one of the table's partitioning. */
export function readPartition(table: Table, id: string): Partition {
  const { timePartitioning } = table;
  if (timePartitioning) {
    const field = timePartitioning.field
      ? findField(table.schema, timePartitioning.field)
      : undefined;
    const { name: column, type } = field ?? { name: PARTITION_TIME, type: 'TIMESTAMP' as const };
    if (id === '__NULL__' && field) return { id, column, type, range: undefined };
    const { type: unit } = timePartitioning;
    if (!/^\d+$/.test(id) || id.length !== DIGITS[unit]) throw invalidId(table, id);
    const from = begin(unit, id);
    return { id, column, type, range: { from, to: next(unit, from) } };
  }
  const ranges = readRanges(table);
  if (ranges === undefined || !/^-?\d+$/.test(id)) throw invalidId(table, id);
  const from = BigInt(id);
  if ((from - ranges.start) % ranges.interval !== 0n) throw invalidId(table, id);
  return {
    id,
    column: ranges.column,
    type: 'INTEGER',
    range: { from, to: from + ranges.interval },
  };
}

function readRanges(table: Table): { column: string; start: bigint; interval: bigint } | undefined {
  const given = table.extra['rangePartitioning'] as
    | { field?: string; range?: { start?: string; interval?: string } }
    | undefined;
  const { start, interval } = given?.range ?? {};
  if (!given?.field || start === undefined || interval === undefined) return undefined;
  return { column: given.field, start: BigInt(start), interval: BigInt(interval) };
}

function begin(unit: Unit, id: string): bigint {
  const [year, month = '01', day = '01', hour = '00'] = [
    id.slice(0, 4),
    id.slice(4, 6) || undefined,
    id.slice(6, 8) || undefined,
    id.slice(8, 10) || undefined,
  ];
  const ms = Date.parse(`${year}-${month}-${day}T${hour}:00:00Z`);
  if (Number.isNaN(ms)) {
    throw new BigQueryError('invalid', `Invalid ${unit} partition id: ${id}`);
  }
  return BigInt(ms) * 1000n;
}

function next(unit: Unit, from: bigint): bigint {
  const date = new Date(Number(from / 1000n));
  if (unit === 'HOUR') date.setUTCHours(date.getUTCHours() + 1);
  else if (unit === 'DAY') date.setUTCDate(date.getUTCDate() + 1);
  else if (unit === 'MONTH') date.setUTCMonth(date.getUTCMonth() + 1);
  else date.setUTCFullYear(date.getUTCFullYear() + 1);
  return BigInt(date.getTime()) * 1000n;
}

function invalidId(table: Table, id: string): BigQueryError {
  return new BigQueryError(
    'invalid',
    `Invalid partition: "${id}" is not a partition of table ${formatTable(table)}`,
  );
}

/** The rows of a partition, as a condition in DuckDB's SQL or in GoogleSQL. */
export function partitionCondition(partition: Partition, dialect: 'duckdb' | 'googlesql'): string {
  const { column, range, type } = partition;
  const name = dialect === 'duckdb' ? `"${column.replaceAll('"', '""')}"` : `\`${column}\``;
  if (range === undefined) return `${name} IS NULL`;
  const { from, to } = range;
  return `${name} >= ${literal(type, from, dialect)} AND ${name} < ${literal(type, to, dialect)}`;
}

function literal(type: Field['type'], value: bigint, dialect: 'duckdb' | 'googlesql'): string {
  if (type === 'INTEGER') return String(value);
  const ms = Number(value / 1000n);
  if (type === 'DATE') return `DATE '${formatDate(ms / 86_400_000)}'`;
  const civil = new Date(ms).toISOString().slice(0, 19).replace('T', ' ');
  if (type === 'TIMESTAMP') {
    return `${dialect === 'duckdb' ? 'TIMESTAMPTZ' : 'TIMESTAMP'} '${civil}+00'`;
  }
  return `${dialect === 'duckdb' ? 'TIMESTAMP' : 'DATETIME'} '${civil}'`;
}

/** Rows that belong to another partition than that of the destination. */
export function wrongPartition({ id }: Partition): BigQueryError {
  return new BigQueryError(
    'invalid',
    `Some rows belong to different partitions rather than destination partition ${id}`,
  );
}
