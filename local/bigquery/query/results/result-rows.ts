import {
  type DuckDBDataChunk,
  DuckDBListValue,
  type DuckDBMaterializedResult,
  type DuckDBValue,
} from '@duckdb/node-api';
import { invalidQuery } from '../../sql/query-error.ts';
import type { ResultField } from './result-schema.ts';

/** The rows of a result in DuckDB's own form. They are converted to values page by page. */
export class ResultRows {
  readonly #chunks: readonly DuckDBDataChunk[];
  readonly count: number;

  private constructor(chunks: readonly DuckDBDataChunk[]) {
    this.#chunks = chunks;
    this.count = chunks.reduce((sum, chunk) => sum + chunk.rowCount, 0);
  }

  get chunks(): readonly DuckDBDataChunk[] {
    return this.#chunks;
  }

  static none(): ResultRows {
    return new ResultRows([]);
  }

  /** Throws invalidQuery for an array with a NULL, which no result can hold. */
  static async read(
    result: DuckDBMaterializedResult,
    schema: readonly ResultField[] = [],
  ): Promise<ResultRows> {
    const chunks = await result.fetchAllChunks();
    schema.forEach((field, index) => {
      if (field.mode === 'REPEATED') checkArrays(field, chunks, index);
    });
    return new ResultRows(chunks);
  }

  /** Rows `start` up to `end`. */
  slice(start: number, end: number): DuckDBValue[][] {
    const rows: DuckDBValue[][] = [];
    let first = 0;
    for (const chunk of this.#chunks) {
      const from = Math.max(start - first, 0);
      const to = Math.min(end - first, chunk.rowCount);
      for (let row = from; row < to; row++) rows.push(chunk.getRowValues(row));
      first += chunk.rowCount;
      if (first >= end) break;
    }
    return rows;
  }
}

function checkArrays(field: ResultField, chunks: readonly DuckDBDataChunk[], index: number): void {
  for (const chunk of chunks) {
    const column = chunk.getColumnVector(index);
    for (let row = 0; row < chunk.rowCount; row++) {
      const value = column.getItem(row);
      if (value instanceof DuckDBListValue && value.items.includes(null)) {
        throw invalidQuery(
          `Array cannot have a null element; error in writing field ${field.name}`,
        );
      }
    }
  }
}
