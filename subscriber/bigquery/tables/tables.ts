import type { BigQuery } from '@google-cloud/bigquery';
import type { TableLayout } from '../../../shared/columns.ts';
import { RelayError } from '../../../shared/errors.ts';
import { compareTable, toTableMetadata } from '../encode/table-fields.ts';
import { codeOf, createOrRead, unlessThere } from './create-or-read.ts';

export interface TableName {
  dataset: string;
  table: string;
}

/** What had to be done so that the table fits its layout. */
export interface Ensured {
  created: boolean;
  /** Paths of columns that were added to a table that was there. */
  added: string[];
}

/** Other replicas may start at the same time and change the table between our reading and writing it. */
const ROUNDS = 3;
const BAD_REQUEST = 400;

/**
 * Makes dataset and table where they are missing, and adds columns and a primary key that the table lacks.
 * Nothing else about a table that is there is changed. Safe to run from many replicas at once.
 *
 * @param location of a dataset that has to be made; BigQuery's default when absent
 * @throws RelayError `table.incompatible` naming each column with both its types, `table.refused`
 */
export async function ensureTable(
  bigquery: BigQuery,
  name: TableName,
  layout: TableLayout,
  location?: string,
): Promise<Ensured> {
  try {
    return await makeOrChange(bigquery, name, layout, location);
  } catch (cause) {
    // Of what BigQuery finds wrong with the request itself, nothing passes.
    if (codeOf(cause) !== BAD_REQUEST) throw cause;
    throw refused(name, cause as Error);
  }
}

async function makeOrChange(
  bigquery: BigQuery,
  name: TableName,
  layout: TableLayout,
  location: string | undefined,
): Promise<Ensured> {
  const table = bigquery.dataset(name.dataset).table(name.table);
  for (let round = 1; ; round++) {
    const metadata = await createOrRead(table, async () => {
      await ensureDataset(bigquery, name.dataset, location);
      await table.create(toTableMetadata(layout));
    });
    if (!metadata) return { created: true, added: [] };
    const { fields, added, problems, lacksKey } = compareTable(metadata, layout);
    if (problems.length > 0) throw incompatible(name, problems);
    if (added.length === 0 && !lacksKey) return { created: false, added };
    try {
      const { tableConstraints } = toTableMetadata(layout);
      await table.setMetadata({ schema: { fields }, ...(lacksKey && { tableConstraints }) });
      return { created: false, added };
    } catch (cause) {
      if (round === ROUNDS) throw cause;
    }
  }
}

async function ensureDataset(bigquery: BigQuery, id: string, location?: string): Promise<void> {
  const [exists] = await bigquery.dataset(id).exists();
  if (exists) return;
  await unlessThere(bigquery.createDataset(id, location ? { location } : {}));
}

function incompatible({ dataset, table }: TableName, problems: readonly string[]): RelayError {
  const lines = problems.map((problem) => `\n  ${problem}`).join('');
  return new RelayError(
    'table.incompatible',
    `the table ${dataset}.${table} cannot take the rows that the config describes:${lines}\n` +
      'Change the config to what the table is, or the table to what the config says, or name another table.',
  );
}

function refused({ dataset, table }: TableName, cause: Error): RelayError {
  return new RelayError(
    'table.refused',
    `BigQuery refuses the table ${dataset}.${table} as the config describes it: ${cause.message}\n` +
      'Change what it names in the config.',
    { cause },
  );
}
