import { setTimeout as sleep } from 'node:timers/promises';
import type { BigQuery } from '@google-cloud/bigquery';
import type { TableLayout } from '../../../shared/columns.ts';
import { RelayError } from '../../../shared/errors.ts';
import type { TableLog } from '../../log.ts';
import { backoffMs } from '../append/backoff.ts';
import { createOrRead, ensureTable, type TableName } from './ensure-table.ts';

export interface TableOpening {
  bigquery: BigQuery;
  /** `dataset.table` */
  name: string;
  layout: TableLayout;
  location?: string | undefined;
  tableLog: TableLog;
}

/**
 * `later`: BigQuery does not show or create the table now; waiting may help. `broken`: a person must fix the
 * table or the config.
 */
export type Opened = 'open' | 'later' | 'broken';

/** How long BigQuery may take to create a table, or to show it. */
const openWithinMs = 30_000;

/** Creates a table and its view, or adds what they lack. A failure is logged once. */
export async function tryToOpen(opening: TableOpening): Promise<Opened> {
  const { bigquery, name: table, layout, location, tableLog } = opening;
  const [datasetId = '', tableId = ''] = table.split('.');
  const place = { dataset: datasetId, table: tableId };
  try {
    await within(openWithinMs, ensureTable(bigquery, place, layout, location));
  } catch (error) {
    return reportFailure(opening, error as Error);
  }
  tableLog.resolve('table', { severity: 'INFO', message: 'the table is open', table });
  try {
    await within(openWithinMs, ensureUniqueView(bigquery, place, layout));
    tableLog.resolve('view', {
      severity: 'INFO',
      message: 'the view of unique rows is created',
      table,
    });
  } catch (error) {
    // Rows are written without it as well.
    const message = 'the view of unique rows could not be created';
    tableLog.report('view', {
      severity: 'WARNING',
      message,
      table,
      cause: (error as Error).message,
    });
  }
  return 'open';
}

function reportFailure({ name: table, tableLog }: TableOpening, error: Error): Opened {
  if (error instanceof RelayError) {
    const message = `${error.message}\nUntil then its rows wait; the table is checked again every minute.`;
    tableLog.report('table', { severity: 'ERROR', message, code: error.code, table });
    return 'broken';
  }
  const message = 'the table could not be opened: its rows wait, and opening is tried again';
  tableLog.report('table', { severity: 'ERROR', message, table, cause: error.message });
  return 'later';
}

/**
 * Tries again until the table is open or the signal is given, after pauses that grow up to a minute.
 *
 * @returns whether it is open
 */
export async function openLater(opening: TableOpening, signal: AbortSignal): Promise<boolean> {
  for (let tries = 0; !signal.aborted; tries++) {
    const waitMs = backoffMs('throttled', tries, Math.random);
    await sleep(waitMs, undefined, { signal, ref: false }).catch(() => {});
    if (!signal.aborted && (await tryToOpen(opening)) === 'open') return true;
  }
  return false;
}

/**
 * Creates or updates the view `<table>_unique`, which shows each row of a table with duplicates once. Only for a
 * layout with `copies`. A table of that name is left alone.
 */
export async function ensureUniqueView(
  bigquery: BigQuery,
  { dataset, table }: TableName,
  layout: TableLayout,
): Promise<void> {
  const definition = uniqueViewOf(bigquery.projectId, { dataset, table }, layout);
  if (!definition) return;
  const view = bigquery.dataset(dataset).table(`${table}_unique`);
  const existing = await createOrRead(view, () => view.create(definition));
  if (existing?.type === 'VIEW' && existing.view?.query !== definition.view.query) {
    await view.setMetadata(definition);
  }
}

/** The view of a table, as the REST API describes it; undefined for a layout without `copies`. */
export function uniqueViewOf(
  project: string,
  { dataset, table }: TableName,
  layout: TableLayout,
): { view: { query: string; useLegacySql: false }; description: string } | undefined {
  const { copies } = layout;
  if (!copies) return undefined;
  return {
    view: {
      query: uniqueQuery(`${project}.${dataset}.${table}`, layout, copies),
      useLegacySql: false,
    },
    description: `The rows of ${dataset}.${table}, each once: the newest by ${copies.by.join(', ')}`,
  };
}

function uniqueQuery(
  table: string,
  { columns }: TableLayout,
  { by, newest }: NonNullable<TableLayout['copies']>,
): string {
  const partition = by.map(quote).join(', ');
  // A replay has the time of its delivery, but has the values that a row written in part lacks.
  const derived = columns.filter(({ name }) => name !== newest && !by.includes(name));
  const missing = derived.map(({ name }) => `IF(${quote(name)} IS NULL, 1, 0)`).join(' + ');
  const orders = [...(newest ? [`${quote(newest)} DESC`] : []), ...(missing ? [missing] : [])];
  const order = orders.length > 0 ? ` ORDER BY ${orders.join(', ')}` : '';
  // BigQuery wants a WHERE, GROUP BY or HAVING beside a QUALIFY.
  return `SELECT * FROM ${quote(table)} WHERE TRUE
QUALIFY ROW_NUMBER() OVER (PARTITION BY ${partition}${order}) = 1`;
}

function quote(name: string): string {
  return `\`${name}\``;
}

/** Rejects when the work takes longer; the work itself goes on. */
export async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  const ended = new AbortController();
  const late = async () => {
    await sleep(ms, undefined, { signal: ended.signal });
    throw new Error(`no answer within ${ms / 1000} s`);
  };
  try {
    return await Promise.race([work, late()]);
  } finally {
    ended.abort();
  }
}
