import { BigQueryError } from '../../errors.ts';
import type { Store } from '../../storage/store.ts';
import { formatTable, type Table, type TableRef } from '../../tables/schema.ts';

/**
 * The table that a statement names. Throws notFound; unlike the REST API, a query names the location where it looked.
 */
export function requireQueried(store: Store, ref: TableRef): Table {
  const { location } = store.requireDataset(ref);
  const table = store.getTable(ref);
  if (table !== undefined) return table;
  const message = `Not found: Table ${formatTable(ref)} was not found in location ${location}`;
  throw new BigQueryError('notFound', message);
}
