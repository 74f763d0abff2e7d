import type { DuckDBConnection } from '@duckdb/node-api';
import type { Store } from '../../storage/store.ts';
import { formatTable, type TableRef } from '../../tables/schema.ts';
import type { OpenTransaction } from '../session/session.ts';

/** Begins a transaction over several statements. It holds the lock of each table that it changes until its end. */
export async function beginTransaction(store: Store): Promise<OpenTransaction> {
  const connection: DuckDBConnection = await store.connect();
  await connection.run('BEGIN');
  const held = new Map<string, () => void>();
  return {
    connection,
    async lock(ref: TableRef) {
      const key = formatTable(ref);
      if (held.has(key)) return;
      const { promise: ended, resolve: release } = Promise.withResolvers<void>();
      await new Promise<void>((granted, failed) => {
        store
          .holdExclusive(ref, () => {
            granted();
            return ended;
          })
          .catch(failed);
      });
      held.set(key, release);
    },
    async end(isCommit) {
      try {
        await connection.run(isCommit ? 'COMMIT' : 'ROLLBACK');
      } finally {
        connection.closeSync();
        for (const release of held.values()) release();
      }
    },
  };
}
