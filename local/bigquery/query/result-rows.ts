import type { DuckDBDataChunk, DuckDBMaterializedResult, DuckDBValue } from '@duckdb/node-api';

/** The rows of a result in DuckDB's own form. They are converted to values page by page. */
export class ResultRows {
  readonly #chunks: readonly DuckDBDataChunk[];
  readonly count: number;

  private constructor(chunks: readonly DuckDBDataChunk[]) {
    this.#chunks = chunks;
    this.count = chunks.reduce((sum, chunk) => sum + chunk.rowCount, 0);
  }

  static none(): ResultRows {
    return new ResultRows([]);
  }

  static async read(result: DuckDBMaterializedResult): Promise<ResultRows> {
    return new ResultRows(await result.fetchAllChunks());
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
