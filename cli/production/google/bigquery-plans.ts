import type { BigQuery, TableMetadata } from '@google-cloud/bigquery';
import { compareTable } from '../../../subscriber/bigquery/tables/compare-table.ts';
import { ensureTable } from '../../../subscriber/bigquery/tables/ensure-table.ts';
import { ensureUniqueView } from '../../../subscriber/bigquery/tables/table-opening.ts';
import { type Plan, same } from '../plan/plan.ts';
import { definitionOf, type ResourceOf } from '../plan/resources.ts';
import { orMissing, unlessExists } from './google-errors.ts';

export async function planDataset(
  bigquery: BigQuery,
  { name, location }: ResourceOf<'dataset'>,
): Promise<Plan> {
  const metadata = await readDataset(bigquery, name);
  if (!metadata) {
    return {
      state: 'create',
      changes: [`in ${location}`],
      apply: () => unlessExists(bigquery.createDataset(name, { location })),
    };
  }
  const actual = String(metadata['location'] ?? '');
  if (actual.toLowerCase() === location.toLowerCase()) return same;
  return {
    state: 'conflict',
    problems: [`it is in ${actual}, and the config says ${location}: a dataset can't be moved`],
    remedy: `set location: '${actual}' in tributary.config.ts, or name another dataset`,
  };
}

export async function readDataset(
  bigquery: BigQuery,
  name: string,
): Promise<Record<string, unknown> | undefined> {
  return await orMissing(() => bigquery.dataset(name).getMetadata());
}

/** A table is made, and given what it lacks, by the code with which the subscriber opens it. */
export async function planTable(
  bigquery: BigQuery,
  { name, location, layout }: ResourceOf<'table'>,
): Promise<Plan> {
  const { dataset, table } = placeOf(name);
  const apply = async () => {
    await ensureTable(bigquery, { dataset, table }, layout, location);
  };
  const metadata = await readTable(bigquery, name);
  if (!metadata) return { state: 'create', changes: [`${layout.columns.length} columns`], apply };
  const { added, problems, lacksKey } = compareTable(metadata, layout);
  if (problems.length > 0) {
    const remedy =
      'change the stream to what the table is, change the table, or name another table';
    return { state: 'conflict', problems, remedy };
  }
  const changes = added.map((column) => `adds the column ${column}`);
  if (lacksKey) changes.push(`adds the primary key ${layout.key?.join(', ')}`);
  return changes.length === 0 ? same : { state: 'update', changes, apply };
}

export async function planView(
  bigquery: BigQuery,
  resource: ResourceOf<'view'>,
  project: string,
): Promise<Plan> {
  const { query } = definitionOf(resource, project).view;
  const apply = () => ensureUniqueView(bigquery, placeOf(resource.of), resource.layout);
  const metadata = await readTable(bigquery, resource.name);
  if (!metadata) return { state: 'create', changes: [], apply };
  if (metadata.type !== 'VIEW') {
    return {
      state: 'conflict',
      problems: [`it is a ${metadata.type}, and no view`],
      remedy: 'rename it, or name another table for the stream: rows are written all the same',
    };
  }
  if (metadata.view?.query === query) return same;
  return { state: 'update', changes: ['its query'], apply };
}

function placeOf(name: string): { dataset: string; table: string } {
  const [dataset = '', table = ''] = name.split('.');
  return { dataset, table };
}

async function readTable(bigquery: BigQuery, name: string): Promise<TableMetadata | undefined> {
  const { dataset, table } = placeOf(name);
  return await orMissing<TableMetadata>(() => bigquery.dataset(dataset).table(table).getMetadata());
}
