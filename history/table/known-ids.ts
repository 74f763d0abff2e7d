import type { BigQuery, Query } from '@google-cloud/bigquery';
import { RelayError } from '../../shared/errors.ts';
import { orAbsent } from '../../subscriber/exports/load/destination.ts';
import { type EventColumns, idExpression } from '../events/event-columns.ts';
import type { TimeWindow } from '../time-window.ts';
import { readResult } from './result-pages.ts';

/** A row, as far as it matters here. */
export interface KnownEvent {
  id: string;
  /** Unix milliseconds; absent where the row has no time, or the table no column for it. */
  timeMs?: number;
}

export interface EventTable {
  bigquery: BigQuery;
  project: string;
  /** `dataset.table` */
  table: string;
  columns: EventColumns;
}

/** A page is held in memory several times over, as text and as objects. */
const pageRows = 5000;

/**
 * The events that are rows already: of a window, and besides all that have no time, page by page. None where
 * there is no table yet.
 *
 * @throws RelayError `bigquery.query`, `bigquery.query-refused` with BigQuery's own message
 */
export function readWindow(table: EventTable, window: TimeWindow): AsyncGenerator<KnownEvent[]> {
  return readPages(table, { query: selectWithin(table, window) });
}

/** A row whose id other rows have, too. */
export interface Copy extends KnownEvent {
  /** From 1, by the time; rows without a time come first. */
  nth: number;
}

/**
 * The rows of a window, and those without a time, whose ids several of them have, page by page. BigQuery
 * counts them: no memory is needed here.
 *
 * @throws RelayError `bigquery.query`, `bigquery.query-refused` with BigQuery's own message
 */
export async function* readCopies(table: EventTable, window: TimeWindow): AsyncGenerator<Copy[]> {
  const query = `SELECT id, time_ms, nth FROM (
    SELECT id, time_ms,
      ROW_NUMBER() OVER (PARTITION BY id ORDER BY time_ms IS NOT NULL, time_ms) AS nth,
      COUNT(*) OVER (PARTITION BY id) AS copies
    FROM (${selectWithin(table, window)})
  ) WHERE copies > 1`;
  for await (const page of readPages(table, { query })) yield page as Copy[];
}

/**
 * Those of the ids that are rows already, with the latest time of each.
 *
 * @param window limits what BigQuery has to scan; absent, all of the table
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

/** Literals, not parameters, so that BigQuery reads the partitions of the window alone. */
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
    throw readError(table.table, cause as Refused);
  }
}

/**
 * Where the table is: a query that runs elsewhere doesn't find it. So it is asked for itself, and no other
 * 404 means that there is no table.
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

/** An answer of BigQuery's that is no success, as its client throws it. */
interface Refused extends Error {
  code?: unknown;
  errors?: { reason?: string }[];
}

/** What a person has to mend: https://cloud.google.com/bigquery/docs/error-messages */
const lasting = new Set(['accessDenied', 'invalidQuery', 'invalid', 'required']);

function readError(table: string, cause: Refused): RelayError {
  const reason = cause.errors?.[0]?.reason;
  const isLasting = cause.code === 401 || (reason !== undefined && lasting.has(reason));
  const problem = `the table ${table} can't be read: ${cause.message}`;
  return new RelayError(isLasting ? 'bigquery.query-refused' : 'bigquery.query', problem, {
    cause,
  });
}
