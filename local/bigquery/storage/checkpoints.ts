import type { DuckDBConnection } from '@duckdb/node-api';

/**
 * What is not checkpointed is in memory as well as in the log. But what comes to less than two thirds
 * of a row group (122,880 rows) DuckDB merges with its neighbours at each checkpoint, which takes
 * seconds and hundreds of megabytes.
 */
const DUE_ROWS = 100_000;

/**
 * Moves what was committed from the log to the table files in good time. DuckDB would do so by itself
 * at `checkpoint_threshold`, in the middle of a commit, which then takes seconds.
 */
export class Checkpoints {
  readonly #connection: DuckDBConnection;
  #rows = 0;

  /** The connection is used by nobody else. */
  constructor(connection: DuckDBConnection) {
    this.#connection = connection;
  }

  /** To be called between commits, with how many rows were committed. */
  async committed(rows: number): Promise<void> {
    this.#rows += rows;
    if (this.#rows < DUE_ROWS) return;
    try {
      await this.#connection.run('CHECKPOINT');
      this.#rows = 0;
    } catch {
      // Refused while a load or a change of rows is under way: it stays due.
    }
  }

  close(): void {
    this.#connection.closeSync();
  }
}
