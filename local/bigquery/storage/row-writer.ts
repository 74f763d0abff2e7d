import {
  type DuckDBAppender,
  type DuckDBConnection,
  DuckDBDataChunk,
  type DuckDBType,
  type DuckDBValue,
  timestampTZValue,
} from '@duckdb/node-api';
import type { Cell } from '../tables/cell.ts';
import { physicalSchema, physicalTable, toDuckValue } from '../tables/duckdb-types.ts';
import { partitionBegin } from '../tables/partitions.ts';
import type { Field, Table } from '../tables/schema.ts';

/** DuckDB's limit for one data chunk. */
const CHUNK_ROWS = 2048;

/**
 * Appends checked rows to one table in chunks of columns, which is twice as fast as cell by cell. The
 * rows are durable when the connection's transaction commits.
 */
export class RowWriter {
  readonly #appender: DuckDBAppender;
  readonly #types: DuckDBType[];
  readonly #fields: readonly Field[];
  readonly schemaVersion: number;
  /** The value of `_PARTITIONTIME`, where the table has it before its own columns. */
  readonly #partitionTime: (() => bigint) | undefined;

  private constructor(
    appender: DuckDBAppender,
    fields: readonly Field[],
    schemaVersion: number,
    partitionTime?: () => bigint,
  ) {
    this.#appender = appender;
    this.#partitionTime = appender.columnCount > fields.length ? partitionTime : undefined;
    this.#types = Array.from({ length: appender.columnCount }, (_, i) => appender.columnType(i));
    this.#fields = fields;
    this.schemaVersion = schemaVersion;
  }

  /** Opens a writer for a temporary table of the connection. */
  static async openTemporary(
    connection: DuckDBConnection,
    name: string,
    fields: readonly Field[],
  ): Promise<RowWriter> {
    return new RowWriter(await connection.createAppender(name, 'main', 'temp'), fields, 0);
  }

  /** In a table by ingestion time, rows go into the partition of `partitionTime`, or else of the present. */
  static async open(
    connection: DuckDBConnection,
    table: Table,
    partitionTime?: bigint,
  ): Promise<RowWriter> {
    const appender = await connection.createAppender(physicalTable(table), physicalSchema(table));
    const unit = table.timePartitioning?.type ?? 'DAY';
    const time = () => partitionTime ?? partitionBegin(unit, new Date());
    return new RowWriter(appender, table.schema, table.schemaVersion, time);
  }

  write(rows: readonly Cell[][]): void {
    for (let start = 0; start < rows.length; start += CHUNK_ROWS) {
      this.#writeChunk(rows.slice(start, start + CHUNK_ROWS));
    }
    this.#appender.flushSync();
  }

  #writeChunk(rows: readonly Cell[][]): void {
    const chunk = DuckDBDataChunk.create(this.#types, rows.length);
    const first = this.#partitionTime === undefined ? 0 : 1;
    if (this.#partitionTime) {
      chunk.setColumnValues(0, Array(rows.length).fill(timestampTZValue(this.#partitionTime())));
    }
    this.#fields.forEach((field, index) => {
      const values: DuckDBValue[] = rows.map((row) => toDuckValue(field, row[index] ?? null));
      chunk.setColumnValues(first + index, values);
    });
    this.#appender.appendDataChunk(chunk);
  }

  close(): void {
    this.#appender.closeSync();
  }
}
