import { createHash } from 'node:crypto';
import { tableSchema } from '../query/ddl/create-table.ts';
import { dropTables } from '../query/ddl/run-ddl.ts';
import type { QueryResult } from '../query/select.ts';
import type { Store } from '../storage/store.ts';
import { physicalSchema, physicalTable } from '../tables/duckdb-types.ts';
import { newDataset, newTable } from '../tables/new-resource.ts';
import { formatTable, type TableRef } from '../tables/schema.ts';
import { formatJob, type JobRef } from './job.ts';

/** Hidden, as each dataset whose name begins with an underscore. */
const DATASET = '_tributary_results';

/**
 * The tables that queries' results have in BigQuery. A table is filled when somebody asks for it; until then the result is
 * only in memory.
 */
export class ResultTables {
  readonly #store: Store;
  readonly #resultOf: (job: string) => QueryResult | undefined;
  /** By the names of their jobs. */
  readonly #tables = new Map<string, TableRef>();
  readonly #jobs = new Map<string, string>();

  constructor(store: Store, resultOf: (job: string) => QueryResult | undefined) {
    this.#store = store;
    this.#resultOf = resultOf;
  }

  /** The table of a job's result. */
  name(job: JobRef): TableRef {
    const key = formatJob(job);
    const hash = createHash('sha256').update(key).digest('hex');
    const ref = { projectId: job.projectId, datasetId: DATASET, tableId: `anon${hash}` };
    this.#tables.set(key, ref);
    this.#jobs.set(formatTable(ref), key);
    return ref;
  }

  /** Makes the table if it is one of a kept result. */
  async open(ref: TableRef): Promise<void> {
    const job = this.#jobs.get(formatTable(ref));
    const result = job === undefined ? undefined : this.#resultOf(job);
    if (result === undefined || this.#store.getTable(ref) !== undefined) return;
    await fill(this.#store, ref, result);
  }

  /** Drops the table of a job whose result is not kept any more. */
  forget(job: string): void {
    const ref = this.#tables.get(job);
    if (ref === undefined) return;
    this.#tables.delete(job);
    this.#jobs.delete(formatTable(ref));
    if (this.#store.getTable(ref) === undefined) return;
    void this.#store.deleteTable(ref).catch((cause) => console.error('bigquery:', cause));
  }
}

async function fill(store: Store, ref: TableRef, result: QueryResult): Promise<void> {
  const table = newTable(ref, tableSchema(result.schema));
  const dataset = newDataset(ref);
  await store.createDataset(dataset).catch((cause: unknown) => {
    if (store.getDataset(ref) === undefined) throw cause;
  });
  await store.transact(ref, 'exclusive', async (connection, afterCommit) => {
    // Somebody else may have asked at the same time.
    if (store.getTable(ref) !== undefined) return;
    afterCommit(await store.createTableIn(connection, table));
    const appender = await connection.createAppender(physicalTable(ref), physicalSchema(ref));
    for (const chunk of result.rows.chunks) appender.appendDataChunk(chunk);
    appender.closeSync();
  });
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
