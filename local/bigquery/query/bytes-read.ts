import type { DuckDBConnection } from '@duckdb/node-api';
import type { Store } from '../storage/store.ts';
import { physicalSchema, physicalTable } from '../tables/duckdb-types.ts';
import type { Table, TableRef } from '../tables/schema.ts';

/** What a statement reads: https://cloud.google.com/bigquery/pricing#on_demand_pricing */
export interface BytesRead {
  /** The logical bytes of the columns that the statement reads. */
  processed: number;
  billed: number;
  tables: TableRef[];
}

const MB = 1024 * 1024;
/** For each table. */
const LEAST_BILLED = 10 * MB;

interface PlanNode {
  extra_info?: { Table?: string; Projections?: string | string[]; Filters?: string | string[] };
  children?: PlanNode[];
}

/**
 * The bytes that a statement reads, by the columns that DuckDB's plan of `sql` scans. `tables` are those that the
 * statement names. The connection has the values of the statement's parameters.
 */
export async function bytesRead(
  store: Store,
  connection: DuckDBConnection,
  sql: string,
  tables: Iterable<Table>,
): Promise<BytesRead> {
  const named = [...tables];
  if (named.length === 0) return { processed: 0, billed: 0, tables: [] };
  const plan = await explain(connection, sql);
  let [processed, billed] = [0, 0];
  for (const table of named) {
    const columns = new Set(plan.flatMap((node) => columnsOf(node, table)));
    const bytes = columns.size === 0 ? 0 : await store.sizes.bytesOf(table, [...columns]);
    processed += bytes;
    billed += Math.max(LEAST_BILLED, Math.ceil(bytes / MB) * MB);
  }
  const refs = named.map(({ projectId, datasetId, tableId }) => ({
    projectId,
    datasetId,
    tableId,
  }));
  return { processed, billed, tables: refs };
}

/** No plan for a statement that DuckDB refuses, which says so when it runs. */
async function explain(connection: DuckDBConnection, sql: string): Promise<PlanNode[]> {
  try {
    const reader = await connection.runAndReadAll(`EXPLAIN (FORMAT json) ${sql}`);
    return JSON.parse(String(reader.getRows()[0]?.[1] ?? '[]')) as PlanNode[];
  } catch {
    return [];
  }
}

/** The columns of a table that a node of the plan, or one below it, reads. */
function columnsOf(node: PlanNode, table: Table): string[] {
  const below = (node.children ?? []).flatMap((child) => columnsOf(child, table));
  const { Table: name, Projections, Filters } = node.extra_info ?? {};
  // DuckDB quotes the parts of the name that need it; no part has a quote of its own.
  const plain = name?.replaceAll('"', '');
  if (!plain?.endsWith(`.${physicalSchema(table)}.${physicalTable(table)}`)) return below;
  const filters = listOf(Filters).join(' ');
  const filtered = table.schema.filter((field) => filters.includes(field.name));
  return [...below, ...listOf(Projections), ...filtered.map((field) => field.name)];
}

function listOf(value: string | string[] | undefined): string[] {
  return [value ?? []].flat().filter((each) => each !== '');
}
