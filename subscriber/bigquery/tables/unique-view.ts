import type { BigQuery } from '@google-cloud/bigquery';
import type { TableLayout } from '../../../shared/columns.ts';
import { createOrRead } from './create-or-read.ts';
import type { TableName } from './tables.ts';

/**
 * Makes the view `<table>_unique` or brings it up to date: each row once, where the table holds what was
 * delivered twice. A layout that says nothing of copies has no view; nor is a table of that name touched.
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

/** The view of a table, as the REST API describes it; undefined where the layout says nothing of copies. */
export function uniqueViewOf(
  project: string,
  { dataset, table }: TableName,
  { copies }: TableLayout,
): { view: { query: string; useLegacySql: false }; description: string } | undefined {
  if (!copies) return undefined;
  return {
    view: { query: uniqueQuery(`${project}.${dataset}.${table}`, copies), useLegacySql: false },
    description: `The rows of ${dataset}.${table}, each once: the newest by ${copies.by.join(', ')}`,
  };
}

function uniqueQuery(table: string, { by, newest }: NonNullable<TableLayout['copies']>): string {
  const columns = by.map(quote).join(', ');
  const order = newest ? ` ORDER BY ${quote(newest)} DESC` : '';
  // BigQuery wants a WHERE, GROUP BY or HAVING beside a QUALIFY.
  return `SELECT * FROM ${quote(table)} WHERE TRUE
QUALIFY ROW_NUMBER() OVER (PARTITION BY ${columns}${order}) = 1`;
}

function quote(name: string): string {
  return `\`${name}\``;
}
