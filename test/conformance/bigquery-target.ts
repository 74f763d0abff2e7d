import { BigQuery, type Table } from '@google-cloud/bigquery';
import { protos, v1 } from '@google-cloud/bigquery-storage';
import { credentials } from '@grpc/grpc-js';
import { PROJECT } from '../beds/pubsub-clients.ts';

export interface Answer {
  status: number;
  // biome-ignore lint/suspicious/noExplicitAny: rows look at what they expect.
  body: any;
}

/** A BigQuery, its clients, and one dataset for all rows: each row has tables of its own. */
export class BigQueryTarget {
  readonly bigquery: BigQuery;
  readonly write: InstanceType<typeof v1.BigQueryWriteClient>;
  readonly read: InstanceType<typeof v1.BigQueryReadClient>;
  readonly datasetId = fresh('conformance');
  readonly project = PROJECT;
  readonly #base: string;
  readonly #isLocal: boolean;

  /** @param ports of servers on this machine; without them, Google itself */
  constructor(ports?: { rest: number; grpc: number }) {
    const projectId = PROJECT;
    this.#isLocal = ports !== undefined;
    this.#base = ports ? `http://127.0.0.1:${ports.rest}` : 'https://bigquery.googleapis.com';
    this.bigquery = new BigQuery({ projectId, ...(ports && { apiEndpoint: this.#base }) });
    const raw = ports && {
      apiEndpoint: '127.0.0.1',
      port: ports.grpc,
      sslCreds: credentials.createInsecure(),
    };
    this.write = new v1.BigQueryWriteClient({ projectId, ...raw });
    this.read = new v1.BigQueryReadClient({ projectId, ...raw });
  }

  async open(): Promise<void> {
    await this.bigquery.createDataset(this.datasetId, { location: 'US' });
  }

  async close(): Promise<void> {
    await this.bigquery.dataset(this.datasetId).delete({ force: true });
    await Promise.all([this.write.close(), this.read.close()]);
  }

  /** A call that the library hides, or changes. The path begins behind the project. */
  async call(
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Answer> {
    const json = body === undefined ? undefined : JSON.stringify(body);
    return await this.#send(method, `/bigquery/v2/projects/${this.project}${path}`, json, headers);
  }

  async #send(
    method: string,
    path: string,
    body: string | undefined,
    headers: Record<string, string>,
  ): Promise<Answer> {
    const token = this.#isLocal ? undefined : await this.bigquery.authClient.getAccessToken();
    const response = await fetch(this.#base + path, {
      method,
      headers: {
        'content-type': 'application/json',
        ...(token && { authorization: `Bearer ${token}` }),
        ...headers,
      },
      ...(body !== undefined && { body }),
    });
    const text = await response.text();
    return { status: response.status, body: text === '' ? undefined : JSON.parse(text) };
  }

  /**
   * Loads a text as a file, by a multipart upload: the library's own fails without credentials. Fails as the library
   * does, with the job's errors.
   */
  async load(table: Table, text: string, options: object) {
    const destinationTable = {
      projectId: this.project,
      datasetId: this.datasetId,
      tableId: table.id,
    };
    const configuration = { load: { ...options, destinationTable } };
    const boundary = 'the-boundary';
    const parts = [
      `content-type: application/json\r\n\r\n${JSON.stringify({ configuration })}`,
      `content-type: application/octet-stream\r\n\r\n${text}`,
    ];
    const content = parts.map((part) => `--${boundary}\r\n${part}\r\n`).join('');
    const path = `/upload/bigquery/v2/projects/${this.project}/jobs?uploadType=multipart`;
    const { body } = await this.#send('POST', path, `${content}--${boundary}--`, {
      'content-type': `multipart/related; boundary=${boundary}`,
    });
    const job = this.bigquery.job(body.jobReference.jobId, { location: 'US' });
    for (;;) {
      const [{ status, statistics }] = await job.getMetadata();
      if (status.state !== 'DONE') continue;
      if (status.errorResult) {
        throw Object.assign(new Error(status.errorResult.message), {
          errors: [status.errorResult],
        });
      }
      return statistics.load as Record<string, string>;
    }
  }

  /** The rows of a statement, each as its values. */
  async rows(query: string, params?: Record<string, unknown> | unknown[]): Promise<unknown[][]> {
    const [rows] = await this.bigquery.query({
      query,
      location: 'US',
      ...(params && { params }),
      defaultDataset: { datasetId: this.datasetId },
    });
    return rows.map((row: object) => Object.values(row));
  }

  /** A new table, by the columns of a CREATE TABLE. */
  async table(columns: string, more = ''): Promise<Table> {
    const id = fresh('t');
    await this.rows(`CREATE TABLE ${this.datasetId}.${id} (${columns}) ${more}`);
    return this.bigquery.dataset(this.datasetId).table(id);
  }

  /** A new table from the rows of a query. */
  async tableOf(query: string): Promise<Table> {
    const id = fresh('t');
    await this.rows(`CREATE TABLE ${this.datasetId}.${id} AS ${query}`);
    return this.bigquery.dataset(this.datasetId).table(id);
  }

  /** As the Storage APIs name a table. */
  path(table: Table): string {
    return `projects/${this.project}/datasets/${this.datasetId}/tables/${table.id}`;
  }
}

export function fresh(prefix: string): string {
  return `${prefix}_${Date.now().toString(36)}_${Math.random().toString(36).slice(2, 10)}`;
}

/** `reason` and `message` of the error that a call of the library fails with. */
export async function refusal(call: Promise<unknown>): Promise<[string, string]> {
  try {
    await call;
    return ['', 'it was not refused'];
  } catch (error) {
    const { errors = [], message } = error as {
      errors?: { reason?: string; message?: string }[];
      message: string;
    };
    return [errors[0]?.reason ?? '', errors[0]?.message ?? message];
  }
}

export const { StorageErrorCode } = protos.google.cloud.bigquery.storage.v1.StorageError;
