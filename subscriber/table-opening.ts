import { setTimeout as sleep } from 'node:timers/promises';
import type { BigQuery } from '@google-cloud/bigquery';
import type { TableLayout } from '../shared/columns.ts';
import { RelayError } from '../shared/error.ts';
import { backoffMs } from './bigquery/backoff.ts';
import { ensureTable } from './bigquery/tables.ts';
import { ensureUniqueView } from './bigquery/unique-view.ts';
import type { Log } from './log.ts';
import { within } from './within.ts';

export interface TableOpening {
  bigquery: BigQuery;
  /** `dataset.table` */
  name: string;
  layout: TableLayout;
  location?: string | undefined;
  log: Log;
}

/** How long BigQuery may take to make a table, or to show it. */
const openWithinMs = 30_000;

/**
 * Makes a table, its view, and what they lack. A table that BigQuery does not give now is told of in the
 * log: waiting may mend that.
 *
 * @returns whether the table is open
 * @throws RelayError `table.incompatible`
 */
export async function tryToOpen(opening: TableOpening): Promise<boolean> {
  const { bigquery, name, layout, location, log } = opening;
  const [dataset = '', table = ''] = name.split('.');
  try {
    await within(openWithinMs, ensureTable(bigquery, { dataset, table }, layout, location));
  } catch (error) {
    if (error instanceof RelayError) throw error;
    const cause = (error as Error).message;
    const message = 'the table could not be opened: its rows wait, and it is tried again';
    log({ severity: 'ERROR', message, table: name, cause });
    return false;
  }
  try {
    await within(openWithinMs, ensureUniqueView(bigquery, { dataset, table }, layout));
  } catch (error) {
    // Rows are written without it, too.
    const message = 'the view of unique rows could not be made';
    log({ severity: 'WARNING', message, table: name, cause: (error as Error).message });
  }
  return true;
}

/** The same for a table whose rows flow, or wait: one that is incompatible by now is told of, too. */
export async function tryAgainToOpen(opening: TableOpening): Promise<boolean> {
  const { name: table, log } = opening;
  try {
    return await tryToOpen(opening);
  } catch (error) {
    const { message, code } = error as RelayError;
    log({ severity: 'ERROR', message, code, table });
    return false;
  }
}

/** Tries again until the table is open, or the signal is given; later and later, up to a minute. */
export async function openLater(opening: TableOpening, signal: AbortSignal): Promise<void> {
  for (let tries = 0; !signal.aborted; tries++) {
    const waitMs = backoffMs('throttled', tries, Math.random);
    await sleep(waitMs, undefined, { signal, ref: false }).catch(() => {});
    if (signal.aborted || (await tryAgainToOpen(opening))) return;
  }
}
