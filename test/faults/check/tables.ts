/** A row of a table as the REST API has it: texts, by column. */
export type Cells = Record<string, string | null>;

interface Page {
  rows?: { f: { v: string | null }[] }[];
  pageToken?: string;
  totalRows?: string;
}

const pageRows = 20_000;

/** Reads tables through BigQuery's REST API, with nothing of the relay between. */
export class Tables {
  readonly #url: string;

  constructor(project: string, port: number) {
    this.#url = `http://127.0.0.1:${port}/bigquery/v2/projects/${project}`;
  }

  /** All rows; none if there is no such table. Times are Unix microseconds. */
  async *rows(table: string, columns: readonly string[]): AsyncGenerator<Cells> {
    const [dataset, name] = table.split('.');
    const schema = (await this.#get(`/datasets/${dataset}/tables/${name}`)) as {
      schema?: { fields: { name: string }[] };
    };
    if (!schema.schema) return;
    const selected = schema.schema.fields.map((field) => field.name).filter(isIn(columns));
    const query = new URLSearchParams({
      ...{ maxResults: String(pageRows), selectedFields: selected.join(',') },
      'formatOptions.useInt64Timestamp': 'true',
    });
    for (;;) {
      const page = (await this.#get(`/datasets/${dataset}/tables/${name}/data?${query}`)) as Page;
      for (const { f } of page.rows ?? []) {
        yield Object.fromEntries(selected.map((column, at) => [column, f[at]?.v ?? null]));
      }
      if (page.pageToken === undefined) return;
      query.set('pageToken', page.pageToken);
    }
  }

  /** The rows of a query; none if its table is missing. */
  async query(sql: string): Promise<Cells[]> {
    const answer = (await this.#send('POST', '/queries', {
      ...{ query: sql, useLegacySql: false, maxResults: 100_000 },
    })) as Page & { schema?: { fields: { name: string }[] } };
    const names = answer.schema?.fields.map((field) => field.name) ?? [];
    return (answer.rows ?? []).map(({ f }) =>
      Object.fromEntries(names.map((name, at) => [name, f[at]?.v ?? null])),
    );
  }

  async count(table: string): Promise<number> {
    const [row] = await this.query(`SELECT COUNT(*) AS n FROM ${table}`);
    return Number(row?.['n'] ?? 0);
  }

  #get(path: string): Promise<unknown> {
    return this.#send('GET', path);
  }

  async #send(method: string, path: string, body?: object): Promise<unknown> {
    const response = await fetch(this.#url + path, {
      method,
      ...(body && {
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      }),
    });
    if (response.status === 404) {
      await response.arrayBuffer();
      return {};
    }
    if (!response.ok) throw new Error(`${method} ${path}: ${await response.text()}`);
    return await response.json();
  }
}

function isIn(columns: readonly string[]) {
  return (name: string) => columns.includes(name);
}
