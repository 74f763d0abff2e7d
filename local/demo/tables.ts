import type { BigQuery } from '@google-cloud/bigquery';

/** Reads the tables with SQL. */
export class Tables {
  readonly #bigquery: BigQuery;
  readonly #project: string;

  constructor(bigquery: BigQuery, project: string) {
    this.#bigquery = bigquery;
    this.#project = project;
  }

  /** The number of rows of `dataset.table`; 0 if the table does not exist yet. */
  async count(table: string): Promise<number> {
    const rows = await this.select<{ n: number }>('COUNT(*) AS n', table);
    return rows[0]?.n ?? 0;
  }

  /** The values of one STRING column. */
  async values(table: string, column: string): Promise<string[]> {
    const rows = await this.select<{ value: string }>(`${column} AS value`, table);
    return rows.map((row) => row.value);
  }

  /** Runs `SELECT {what} FROM {table} {rest}`. Returns no rows if the table does not exist yet. */
  async select<Row>(what: string, table: string, rest = ''): Promise<Row[]> {
    const query = `SELECT ${what} FROM \`${this.#project}.${table}\` ${rest}`;
    try {
      const [rows] = await this.#bigquery.query({ query });
      return rows as Row[];
    } catch (error) {
      if ((error as { code?: unknown }).code === 404) return [];
      throw error;
    }
  }
}
