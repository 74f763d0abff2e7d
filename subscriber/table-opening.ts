import type { BigQuery } from '@google-cloud/bigquery';
import type { TableLayout } from '../shared/columns.ts';
import { RelayError } from '../shared/error.ts';
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
 * @returns why the table is not open; undefined when it is
 * @throws RelayError `table.incompatible`
 */
export async function tryToOpen(opening: TableOpening): Promise<string | undefined> {
  const { bigquery, name, layout, location, log } = opening;
  const [dataset = '', table = ''] = name.split('.');
  try {
    await within(openWithinMs, ensureTable(bigquery, { dataset, table }, layout, location));
  } catch (error) {
    if (error instanceof RelayError) throw error;
    const cause = (error as Error).message;
    const message = 'the table could not be opened: its rows wait, and it is tried again';
    log({ severity: 'ERROR', message, table: name, cause });
    return cause;
  }
  try {
    await within(openWithinMs, ensureUniqueView(bigquery, { dataset, table }, layout));
  } catch (error) {
    // Rows are written without it, too.
    const message = 'the view of unique rows could not be made';
    log({ severity: 'WARNING', message, table: name, cause: (error as Error).message });
  }
  return undefined;
}
