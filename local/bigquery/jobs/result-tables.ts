import { createHash } from 'node:crypto';
import { dropTables } from '../query/ddl/run-ddl.ts';
import { tableSchema } from '../query/ddl/create-table.ts';
import type { QueryResult } from '../query/select.ts';
import type { Store } from '../storage/store.ts';
import { physicalSchema, physicalTable } from '../tables/duckdb-types.ts';
import { newDataset, newTable } from '../tables/new-resource.ts';
import type { TableRef } from '../tables/schema.ts';
import { formatJob, type JobRef } from './job.ts';

/** Hidden, as each dataset whose name begins with an underscore. */
const DATASET = '_tributary_results';

/** The table that a query's result has in BigQuery. It is filled when somebody asks for it. */
export function resultTable(job: JobRef): TableRef {
  const hash = createHash('sha256').update(formatJob(job)).digest('hex');
  return { projectId: job.projectId, datasetId: DATASET, tableId: `anon${hash}` };
}

/** Makes the table of a result that is kept in memory. */
export async function fillResultTable(
  store: Store,
  ref: TableRef,
  result: QueryResult,
): Promise<void> {
  const table = newTable(ref, tableSchema(result.schema));
  if (store.getDataset(ref) === undefined) await store.createDataset(newDataset(ref));
  await store.transact(ref, 'exclusive', async (connection, afterCommit) => {
    // Somebody else may have asked at the same time.
    if (store.getTable(ref) !== undefined) return;
    afterCommit(await store.createTableIn(connection, table));
    const appender = await connection.createAppender(physicalTable(ref), physicalSchema(ref));
    for (const chunk of result.rows.chunks) appender.appendDataChunk(chunk);
    appender.closeSync();
  });
}

export function isResultTable(ref: TableRef): boolean {
  return ref.datasetId === DATASET;
}

/** Drops the tables of an earlier run, whose results are not kept. */
export async function dropResultTables(store: Store): Promise<void> {
  for (const projectId of store.listProjects()) {
    const ref = { projectId, datasetId: DATASET };
    if (store.getDataset(ref) === undefined) continue;
    await dropTables(store, ref);
    await store.deleteDataset(ref);
  }
}
