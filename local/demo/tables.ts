import type { BigQuery } from '@google-cloud/bigquery';

/** The tables as they are, asked with SQL: the demo believes nothing else. */
export class Tables {
  readonly #bigquery: BigQuery;
  readonly #project: string;

  constructor(bigquery: BigQuery, project: string) {
    this.#bigquery = bigquery;
    this.#project = project;
  }

  /** Rows of `dataset.table`; 0 where the table is not there yet. */
  async count(table: string): Promise<number> {
    const rows = await this.select<{ n: number }>('COUNT(*) AS n', table);
    return rows[0]?.n ?? 0;
  }

  /** The values of one STRING column, one for each row. */
  async values(table: string, column: string): Promise<string[]> {
    const rows = await this.select<{ value: string }>(`${column} AS value`, table);
    return rows.map((row) => row.value);
  }

  /** `SELECT {what} FROM {table} {rest}`; no rows where the table is not there yet. */
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
