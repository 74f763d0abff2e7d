import type { Store } from '../storage/store.ts';
import { quoteIdentifier, quoteTable } from '../tables/duckdb-types.ts';
import { isIngestionTime, PARTITION_TIME } from '../tables/partitions.ts';
import { findField, type Table, type TimePartitioning } from '../tables/schema.ts';

/**
 * Deletes the rows of partitions that are expired, before a statement reads them. A partition expires when its begin is
 * `expirationMs` ago: https://cloud.google.com/bigquery/docs/managing-partitioned-tables#partition-expiration
 */
export async function deleteExpired(store: Store, projectId: string, now: number): Promise<void> {
  for (const dataset of store.listDatasets(projectId)) {
    for (const table of store.listTables(dataset)) {
      const condition = expiredCondition(table, now);
      if (condition === undefined) continue;
      // A delete locks the table, so most statements only look.
      const sql = `FROM ${quoteTable(table)} WHERE ${condition}`;
      if (!(await hasRows(store, `SELECT 1 ${sql} LIMIT 1`))) continue;
      await store.transact(table, 'exclusive', (connection) => connection.run(`DELETE ${sql}`));
    }
  }
}

function expiredCondition(table: Table, now: number): string | undefined {
  const { field: name, expirationMs, type } = table.timePartitioning ?? {};
  const field = isIngestionTime(table)
    ? { name: PARTITION_TIME, type: 'TIMESTAMP' }
    : findField(table.schema, name ?? '');
  if (!field || !type || !(Number(expirationMs) > 0)) return undefined;
  const cutoff = nextPartition(new Date(now - Number(expirationMs)), type).toISOString();
  const literal = {
    TIMESTAMP: `TIMESTAMPTZ '${cutoff}'`,
    DATETIME: `TIMESTAMP '${cutoff.slice(0, -1)}'`,
    DATE: `DATE '${cutoff.slice(0, 10)}'`,
  }[field.type as 'TIMESTAMP' | 'DATETIME' | 'DATE'];
  return `${quoteIdentifier(field.name)} < ${literal}`;
}

/** The begin of the partition after that of a time. */
function nextPartition(time: Date, type: TimePartitioning['type']): Date {
  const [year, month, day] = [time.getUTCFullYear(), time.getUTCMonth(), time.getUTCDate()];
  if (type === 'YEAR') return new Date(Date.UTC(year + 1, 0));
  if (type === 'MONTH') return new Date(Date.UTC(year, month + 1));
  if (type === 'DAY') return new Date(Date.UTC(year, month, day + 1));
  return new Date(Date.UTC(year, month, day, time.getUTCHours() + 1));
}

async function hasRows(store: Store, sql: string): Promise<boolean> {
  const connection = await store.connect();
  try {
    return (await connection.runAndReadAll(sql)).getRows().length > 0;
  } finally {
    connection.closeSync();
  }
}
