import { setTimeout as sleep } from 'node:timers/promises';
import type { BigQuery } from '@google-cloud/bigquery';
import type { TableLayout } from '../../../shared/columns.ts';
import { RelayError } from '../../../shared/errors.ts';
import { within } from '../../service/within.ts';
import { backoffMs } from '../append/backoff.ts';
import type { TableTrouble } from './table-trouble.ts';
import { ensureTable } from './tables.ts';
import { ensureUniqueView } from './unique-view.ts';

export interface TableOpening {
  bigquery: BigQuery;
  /** `dataset.table` */
  name: string;
  layout: TableLayout;
  location?: string | undefined;
  trouble: TableTrouble;
}

/**
 * `later`: BigQuery does not give the table now, and waiting may mend that. `broken`: no waiting mends it; a
 * person must, in the table or in the config.
 */
export type Opened = 'open' | 'later' | 'broken';

/** How long BigQuery may take to make a table, or to show it. */
const openWithinMs = 30_000;

/** Makes a table, its view, and what they lack. What is in the way of it is told of in the log, once. */
export async function tryToOpen(opening: TableOpening): Promise<Opened> {
  const { bigquery, name: table, layout, location, trouble } = opening;
  const [datasetId = '', tableId = ''] = table.split('.');
  const place = { dataset: datasetId, table: tableId };
  try {
    await within(openWithinMs, ensureTable(bigquery, place, layout, location));
  } catch (error) {
    return tellWhyNot(opening, error as Error);
  }
  trouble.end('table', { severity: 'INFO', message: 'the table is open', table });
  try {
    await within(openWithinMs, ensureUniqueView(bigquery, place, layout));
    trouble.end('view', { severity: 'INFO', message: 'the view of unique rows is made', table });
  } catch (error) {
    // Rows are written without it, too.
    const message = 'the view of unique rows could not be made';
    trouble.say('view', { severity: 'WARNING', message, table, cause: (error as Error).message });
  }
  return 'open';
}

function tellWhyNot({ name: table, trouble }: TableOpening, error: Error): Opened {
  if (error instanceof RelayError) {
    const message = `${error.message}\nUntil then its rows wait; it is looked at again each minute.`;
    trouble.say('table', { severity: 'ERROR', message, code: error.code, table });
    return 'broken';
  }
  const message = 'the table could not be opened: its rows wait, and it is tried again';
  trouble.say('table', { severity: 'ERROR', message, table, cause: error.message });
  return 'later';
}

/**
 * Tries again until the table is open, or the signal is given; later and later, up to a minute.
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
