import type { DuckDBConnection } from '@duckdb/node-api';
import type { Store } from '../../storage/store.ts';
import type { Field } from '../../tables/schema.ts';
import { formatStreamName, type StreamName } from './stream-name.ts';

const TABLE = 'tributary.write_streams';

/** A stream that CreateWriteStream made. Replaced, never changed. */
export interface WriteStreamRecord extends StreamName {
  type: 'COMMITTED' | 'PENDING';
  /** Unix milliseconds. */
  created: number;
  /** Rows that were appended: the offset of the next one. */
  rows: number;
  finalized: boolean;
  /** When the rows became visible, of a PENDING stream. */
  committed?: number;
  /** Of a PENDING stream: the columns of the table that its rows wait in. */
  shape?: { schema: Field[]; schemaVersion: number };
}

/** Every stream there is: in memory, and in the store with the rows that it counts. */
export class StreamStore {
  readonly #store: Store;
  readonly #records = new Map<string, WriteStreamRecord>();

  private constructor(store: Store) {
    this.#store = store;
  }

  /** Streams whose table is gone, or was replaced by another, are forgotten. */
  static async open(
    store: Store,
  ): Promise<{ streamStore: StreamStore; orphans: WriteStreamRecord[] }> {
    const streamStore = new StreamStore(store);
    const orphans: WriteStreamRecord[] = [];
    await store.administer(async (connection) => {
      await connection.run(
        `CREATE TABLE IF NOT EXISTS ${TABLE} (id VARCHAR PRIMARY KEY, resource VARCHAR)`,
      );
      const reader = await connection.runAndReadAll(`SELECT resource FROM ${TABLE}`);
      for (const [text] of reader.getRows()) {
        const record = JSON.parse(String(text)) as WriteStreamRecord;
        if (streamStore.#isCurrent(record)) streamStore.set(record);
        else orphans.push(record);
      }
      for (const record of orphans) await erase(connection, record);
      return () => undefined;
    });
    return { streamStore, orphans };
  }

  get(name: StreamName): WriteStreamRecord | undefined {
    const record = this.#records.get(formatStreamName(name));
    return record && this.#isCurrent(record) ? record : undefined;
  }

  /** Makes a state the one that is answered; `saveRecord` has it on disk. */
  set(record: WriteStreamRecord): void {
    this.#records.set(formatStreamName(record), record);
  }

  #isCurrent({ table, created }: WriteStreamRecord): boolean {
    const current = this.#store.getTable(table);
    return current?.type === 'TABLE' && current.creationTime <= created;
  }
}

export async function insertRecord(
  connection: DuckDBConnection,
  record: WriteStreamRecord,
): Promise<void> {
  const values = [formatStreamName(record), JSON.stringify(record)];
  await connection.run(`INSERT INTO ${TABLE} VALUES ($1, $2)`, values);
}

export async function saveRecord(
  connection: DuckDBConnection,
  record: WriteStreamRecord,
): Promise<void> {
  const values = [formatStreamName(record), JSON.stringify(record)];
  await connection.run(`UPDATE ${TABLE} SET resource = $2 WHERE id = $1`, values);
}

async function erase(connection: DuckDBConnection, name: StreamName): Promise<void> {
  await connection.run(`DELETE FROM ${TABLE} WHERE id = $1`, [formatStreamName(name)]);
}
