import type { BigQuery, Query } from '@google-cloud/bigquery';
import { RelayError } from '../../shared/errors.ts';
import { readResult } from '../../subscriber/bigquery/result-pages.ts';
import { orAbsent } from '../../subscriber/bigquery/table-exists.ts';
import { type EventColumns, idExpression } from '../events/event-columns.ts';
import type { TimeWindow } from '../time-window.ts';

/** The id and time of a row. */
export interface KnownEvent {
  id: string;
  /** Unix milliseconds; absent if the row or the table has no time. */
  timeMs?: number;
}

export interface EventTable {
  bigquery: BigQuery;
  project: string;
  /** `dataset.table` */
  table: string;
  columns: EventColumns;
}

/** A page is in memory several times, as text and as objects. */
const pageRows = 5000;

/**
 * The rows of a window and all rows without a time, page by page. None if the table does not exist.
 *
 * @throws RelayError `bigquery.query`, `bigquery.query-refused` with BigQuery's own message
 */
export function readWindow(table: EventTable, window: TimeWindow): AsyncGenerator<KnownEvent[]> {
  return readPages(table, { query: selectWithin(table, window) });
}

/** A row whose id other rows have, too. */
export interface DuplicateRow extends KnownEvent {
  /** Its number among them: from 1, by time; rows without a time come first. */
  nth: number;
}

/**
 * Those rows of a window, and of the rows without a time, that share their id with others, page by page. BigQuery
 * finds them, so this needs no memory.
 *
 * @throws RelayError `bigquery.query`, `bigquery.query-refused` with BigQuery's own message
 */
export async function* readDuplicates(
  table: EventTable,
  window: TimeWindow,
): AsyncGenerator<DuplicateRow[]> {
  const query = `SELECT id, time_ms, nth FROM (
    SELECT id, time_ms,
      ROW_NUMBER() OVER (PARTITION BY id ORDER BY time_ms IS NOT NULL, time_ms) AS nth,
      COUNT(*) OVER (PARTITION BY id) AS duplicates
    FROM (${selectWithin(table, window)})
  ) WHERE duplicates > 1`;
  for await (const page of readPages(table, { query })) yield page as DuplicateRow[];
}

/**
 * The ids that are in the table, with the latest time of each.
 *
 * @param window limits what BigQuery scans; without it BigQuery scans the whole table
 * @throws RelayError `bigquery.query`, `bigquery.query-refused` with BigQuery's own message
 */
export async function findKnown(
  table: EventTable,
  ids: readonly string[],
  window?: TimeWindow,
): Promise<Map<string, number | undefined>> {
  const { time } = table.columns;
  const limit = time !== undefined && window ? ` AND (${within(time, window)})` : '';
  const known = new Map<string, number | undefined>();
  const pages = readPages(table, {
    query: `${select(table)} WHERE ${idExpression(table.columns)} IN UNNEST(@ids)${limit}`,
    params: { ids: [...ids] },
    types: { ids: ['STRING'] },
  });
  for await (const page of pages) {
    for (const { id, timeMs } of page) {
      const before = known.get(id) ?? Number.NEGATIVE_INFINITY;
      known.set(id, timeMs === undefined ? known.get(id) : Math.max(before, timeMs));
    }
  }
  return known;
}

function selectWithin(table: EventTable, window: TimeWindow): string {
  const { time } = table.columns;
  if (time === undefined) throw new Error(`no time in ${table.table}`);
  return `${select(table)} WHERE ${within(time, window)}`;
}

function select({ project, table, columns }: EventTable): string {
  const time = columns.time === undefined ? 'NULL' : `UNIX_MILLIS(${quote(columns.time)})`;
  return `SELECT ${idExpression(columns)} AS id, ${time} AS time_ms FROM \`${project}.${table}\``;
}

/** Literals, not parameters, so that BigQuery reads only the partitions of the window. */
function within(column: string, { from, to }: TimeWindow): string {
  const name = quote(column);
  return `(${name} >= ${literal(from)} AND ${name} < ${literal(to)}) OR ${name} IS NULL`;
}

function literal(time: number): string {
  return `TIMESTAMP '${new Date(time).toISOString().replace('Z', '+00:00')}'`;
}

function quote(column: string): string {
  return `\`${column}\``;
}

interface KnownRow {
  f: { v: string | null }[];
}

async function* readPages(table: EventTable, query: Query): AsyncGenerator<KnownEvent[]> {
  try {
    const location = await locate(table);
    if (location === 'nowhere') return;
    const result = readResult<KnownRow>(table.bigquery, { ...query, ...location }, pageRows);
    for await (const { rows } of result) yield rows.flatMap(toEvents);
  } catch (cause) {
    throw readError(table.table, cause as QueryError);
  }
}

/**
 * The location of the table, because a query in another location does not find it. Only this request's 404 means
 * that the table does not exist.
 */
async function locate({ bigquery, table }: EventTable): Promise<{ location?: string } | 'nowhere'> {
  const [dataset = '', name = ''] = table.split('.');
  const found = await orAbsent(bigquery.dataset(dataset).table(name).getMetadata());
  if (!found) return 'nowhere';
  const { location } = found[0] as { location?: string };
  return { ...(location && { location }) };
}

function toEvents({ f: [id, time, nth] }: KnownRow): KnownEvent[] {
  if (typeof id?.v !== 'string') return [];
  const event = {
    id: id.v,
    ...(typeof time?.v === 'string' && { timeMs: Number(time.v) }),
    ...(typeof nth?.v === 'string' && { nth: Number(nth.v) }),
  };
  return [event];
}

/** What BigQuery's client throws. */
interface QueryError extends Error {
  code?: unknown;
  errors?: { reason?: string }[];
}

/** A person has to act: https://cloud.google.com/bigquery/docs/error-messages */
const setupReasons = new Set(['accessDenied', 'invalidQuery', 'invalid', 'required']);

function readError(table: string, cause: QueryError): RelayError {
  const reason = cause.errors?.[0]?.reason;
  const isSetup = cause.code === 401 || (reason !== undefined && setupReasons.has(reason));
  const problem = `the table ${table} can't be read: ${cause.message}`;
  return new RelayError(isSetup ? 'bigquery.query-refused' : 'bigquery.query', problem, { cause });
}
