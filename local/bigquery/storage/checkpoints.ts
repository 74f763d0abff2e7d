import type { DuckDBConnection } from '@duckdb/node-api';

/**
 * Rows before a checkpoint use memory as well as the log. But with fewer rows than two thirds of a row
 * group (122,880 rows) DuckDB merges row groups at each checkpoint, which takes seconds and hundreds of
 * megabytes.
 */
const DUE_ROWS = 100_000;

/**
 * Runs checkpoints between commits. DuckDB's own checkpoint at `checkpoint_threshold` runs inside a
 * commit, which then takes seconds.
 */
export class Checkpoints {
  readonly #connection: DuckDBConnection;
  #rows = 0;

  /** Needs a connection of its own. */
  constructor(connection: DuckDBConnection) {
    this.#connection = connection;
  }

  /** To be called after each commit, with the number of its rows. */
  async committed(rows: number): Promise<void> {
    this.#rows += rows;
    if (this.#rows < DUE_ROWS) return;
    try {
      await this.#connection.run('CHECKPOINT');
      this.#rows = 0;
    } catch {
      // DuckDB refuses a checkpoint during a load or a change of rows; the next commit tries again.
    }
  }

  close(): void {
    this.#connection.closeSync();
  }
}
