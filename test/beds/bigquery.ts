import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BigQuery, type BigQueryOptions } from '@google-cloud/bigquery';
import { type BigQueryServer, startBigQuery } from '../../local/bigquery/main.ts';

export const PROJECT = 'test-project';

export interface TestServer {
  readonly url: string;
  readonly directory: string;
  readonly bigquery: BigQuery;
  readonly grpcPort: number;
  /** Stops the server and starts another on the same state, which may be changed in between. */
  restart(meanwhile?: (directory: string) => Promise<void>): Promise<void>;
  stop(): Promise<void>;
}

/** A server on free ports with state of its own, and Google's client for it. */
export async function startTestServer(): Promise<TestServer> {
  const directory = await mkdtemp(join(tmpdir(), 'tributary-bigquery-'));
  const start = () => startBigQuery({ restPort: 0, grpcPort: 0, directory });
  let server: BigQueryServer = await start();
  let client = clientOf(server.restPort);
  return {
    directory,
    get url() {
      return `http://127.0.0.1:${server.restPort}`;
    },
    get bigquery() {
      return client;
    },
    get grpcPort() {
      return server.grpcPort;
    },
    async restart(meanwhile) {
      await server.stop();
      await meanwhile?.(directory);
      server = await start();
      client = clientOf(server.restPort);
    },
    async stop() {
      await server.stop();
      await rm(directory, { recursive: true });
    },
  };
}

/** The client as a user points it at an emulator: by the environment. */
function clientOf(port: number): BigQuery {
  process.env['BIGQUERY_EMULATOR_HOST'] = `http://127.0.0.1:${port}`;
  // A client that needs no credentials, or it would look for them on the network.
  const authClient = {
    getRequestHeaders: async () => new Headers(),
  } as unknown as NonNullable<BigQueryOptions['authClient']>;
  return new BigQuery({ projectId: PROJECT, authClient });
}

/** A JSON request beside the client, as curl would send it. */
export async function request(
  server: TestServer,
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<{ status: number; body: ResponseBody; headers: Headers }> {
  const response = await fetch(`${server.url}${path}`, {
    method,
    headers: { 'content-type': 'application/json', ...headers },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  const parsed = text === '' ? {} : JSON.parse(text);
  return { status: response.status, body: parsed as ResponseBody, headers: response.headers };
}

/** Only as much of Google's answers as the tests look at. */
export interface ResponseBody {
  error?: { code: number; message: string; status: string; errors: { reason: string }[] };
  schema?: { fields: { name: string; type: string; mode: string }[] };
  rows?: { f: { v: unknown }[] }[];
  totalRows?: string;
  pageToken?: string;
  nextPageToken?: string;
  jobComplete?: boolean;
  jobReference?: { jobId: string };
  status?: { state: string; errorResult?: { reason: string; message: string } };
  etag?: string;
  [key: string]: unknown;
}

/** The values of a query's rows, as the wire has them. */
export async function queryRows(server: TestServer, sql: string, more = {}): Promise<unknown[][]> {
  const answer = await request(server, 'POST', `/bigquery/v2/projects/${PROJECT}/queries`, {
    query: sql,
    useLegacySql: false,
    ...more,
  });
  if (answer.body.error) throw new Error(`${answer.body.error.message} in ${sql}`);
  return (answer.body.rows ?? []).map((row) => row.f.map((cell) => cell.v));
}
