import type { DuckDBConnection } from '@duckdb/node-api';
import type { Store } from '../../storage/store.ts';
import type { Field } from '../../tables/schema.ts';
import { formatStreamName, type StreamName } from './stream-name.ts';

const TABLE = 'tributary.write_streams';

/** A stream of CreateWriteStream. Records are immutable. */
export interface WriteStreamRecord extends StreamName {
  type: 'COMMITTED' | 'PENDING' | 'BUFFERED';
  /** Unix milliseconds. */
  created: number;
  /** The number of appended rows, which is the offset of the next row. */
  rows: number;
  finalized: boolean;
  /** When the rows of a PENDING stream became visible, in Unix milliseconds. */
  committed?: number;
  /** The number of rows of a BUFFERED stream that FlushRows has made visible. */
  flushed?: number;
  /** The schema of the staging table of a PENDING or BUFFERED stream, without the column of offsets. */
  shape?: { schema: Field[]; schemaVersion: number };
}

/** All streams, in memory and on disk. */
export class StreamStore {
  readonly #store: Store;
  readonly #records = new Map<string, WriteStreamRecord>();

  private constructor(store: Store) {
    this.#store = store;
  }

  /** Deletes streams whose table was deleted or replaced, and returns them as orphans. */
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

  /** Sets the record in memory; `saveRecord` writes it to disk. */
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
