import type { BigQuery, Table, TableMetadata } from '@google-cloud/bigquery';
import type { TableLayout } from '../../../shared/columns.ts';
import { RelayError } from '../../../shared/errors.ts';
import { compareTable, toTableMetadata } from './compare-table.ts';

export interface TableName {
  dataset: string;
  table: string;
}

/** What was done so that the table fits its layout. */
export interface Ensured {
  created: boolean;
  /** Paths of columns that were added to an existing table. */
  added: string[];
}

/** Other replicas may start at the same time and change the table between our read and our write. */
const ROUNDS = 3;
const BAD_REQUEST = 400;
const NOT_FOUND = 404;
const CONFLICT = 409;

/**
 * Creates the dataset and the table if they are missing, and adds columns and a primary key that the table
 * lacks. Nothing else of an existing table is changed. Many replicas may run it at once.
 *
 * @param location of a dataset that is created; BigQuery's default when absent
 * @throws RelayError `table.incompatible` naming each column with both its types, `table.refused`
 */
export async function ensureTable(
  bigquery: BigQuery,
  name: TableName,
  layout: TableLayout,
  location?: string,
): Promise<Ensured> {
  try {
    return await createOrChange(bigquery, name, layout, location);
  } catch (cause) {
    // Waiting does not help where the request itself is wrong.
    if (codeOf(cause) !== BAD_REQUEST) throw cause;
    throw refused(name, cause as Error);
  }
}

async function createOrChange(
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

/** The metadata of an existing table or view, or undefined once it is created. */
export async function createOrRead(
  table: Table,
  create: () => Promise<unknown>,
): Promise<TableMetadata | undefined> {
  const existing = await readMetadata(table);
  if (existing || (await unlessThere(create()))) return existing;
  return await readMetadata(table);
}

async function readMetadata(table: Table): Promise<TableMetadata | undefined> {
  try {
    const [metadata] = await table.getMetadata();
    return metadata;
  } catch (cause) {
    if (codeOf(cause) === NOT_FOUND) return undefined;
    throw cause;
  }
}

/** @returns false if another replica was faster */
async function unlessThere(creation: Promise<unknown>): Promise<boolean> {
  try {
    await creation;
    return true;
  } catch (cause) {
    if (codeOf(cause) === CONFLICT) return false;
    throw cause;
  }
}

/** The HTTP status of an error that is an answer. */
function codeOf(cause: unknown): unknown {
  return cause instanceof Error && 'code' in cause ? cause.code : undefined;
}
