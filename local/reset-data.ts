import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { RelayError } from '../shared/errors.ts';
import { openDataFile } from './data-folder.ts';

/**
 * Deletes what the local servers keep in a folder, whatever its state, and nothing else in it.
 *
 * @throws RelayError `state.locked` if a server uses it
 */
export async function resetData(directory: string): Promise<void> {
  await requireUnused(join(directory, 'pubsub'), 'pubsub.sqlite', (file) => {
    const database = new DatabaseSync(file);
    try {
      database.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; ROLLBACK;');
    } finally {
      database.close();
    }
  });
  await requireUnused(join(directory, 'bigquery'), 'bigquery.duckdb', async (file) => {
    const { DuckDBInstance } = await import('@duckdb/node-api');
    (await DuckDBInstance.create(file)).closeSync();
  });
  for (const name of ['pubsub', 'bigquery', 'version.json']) {
    rmSync(join(directory, name), { recursive: true, force: true });
  }
}

async function requireUnused(
  directory: string,
  fileName: string,
  open: (file: string) => void | Promise<void>,
): Promise<void> {
  if (!existsSync(join(directory, fileName))) return;
  try {
    (await openDataFile(directory, fileName, open)).release();
  } catch (error) {
    // What can't be read, for any other cause, is deleted as well.
    if (error instanceof RelayError && error.code === 'state.locked') throw error;
  }
}
