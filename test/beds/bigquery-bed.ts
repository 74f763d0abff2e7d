import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BigQuery, type BigQueryOptions } from '@google-cloud/bigquery';
import { type BigQueryServer, startBigQuery } from '../../local/bigquery/main.ts';
import type { Faults } from '../../local/faults/faults.ts';

export const PROJECT = 'test-project';

export interface BigQueryBed {
  readonly url: string;
  readonly directory: string;
  readonly bigquery: BigQuery;
  readonly grpcPort: number;
  /** Restarts the server on the same state, which `meanwhile` may change. */
  restart(meanwhile?: (directory: string) => Promise<void>): Promise<void>;
  stop(): Promise<void>;
}

/** Starts local/bigquery on free ports with temporary state, and Google's client for it. */
export async function startBigQueryBed(faults?: Faults): Promise<BigQueryBed> {
  const directory = await mkdtemp(join(tmpdir(), 'tributary-bigquery-'));
  const start = () =>
    startBigQuery({ restPort: 0, grpcPort: 0, directory, ...(faults && { faults }) });
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

/** The client, pointed at the server with the environment, as users do. */
function clientOf(port: number): BigQuery {
  process.env['BIGQUERY_EMULATOR_HOST'] = `http://127.0.0.1:${port}`;
  // Without this, the client looks for credentials on the network.
  const authClient = {
    getRequestHeaders: async () => new Headers(),
  } as unknown as NonNullable<BigQueryOptions['authClient']>;
  return new BigQuery({ projectId: PROJECT, authClient });
}

/** A JSON request without the client, as curl sends it. */
export async function request(
  server: Pick<BigQueryBed, 'url'>,
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

/** The parts of Google's responses that the tests check. */
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

/** The values of a query's rows, as in the response. */
export async function queryRows(server: BigQueryBed, sql: string, more = {}): Promise<unknown[][]> {
  const answer = await request(server, 'POST', `/bigquery/v2/projects/${PROJECT}/queries`, {
    query: sql,
    useLegacySql: false,
    ...more,
  });
  if (answer.body.error) throw new Error(`${answer.body.error.message} in ${sql}`);
  return (answer.body.rows ?? []).map((row) => row.f.map((cell) => cell.v));
}
