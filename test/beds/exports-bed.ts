import type { BigQuery } from '@google-cloud/bigquery';
import { onTestFinished } from 'vitest';
import { startAbsmartly } from '../../local/absmartly/main.ts';
import { startBigQuery } from '../../local/bigquery/main.ts';
import { clientOf } from './bigquery-client.ts';
import type { LoadDependencies } from './load-once.ts';
import { temporaryDirectory } from './temporary-files.ts';

export const announcement = { path: '/v1/experiments/exports/7/x.zip', table: 'absmartly.exports' };

export interface ExportsBed extends LoadDependencies {
  /** The sender's files; tests may change them. */
  files: Map<string, Uint8Array>;
  query(sql: string): Promise<Record<string, unknown>[]>;
}

/** A sender and a BigQuery, until the end of the test, or of all tests of the file if `onEnd` is `afterAll`. */
export async function startExportsBed(
  files: Record<string, Uint8Array> = {},
  onEnd: (end: () => Promise<void>) => void = onTestFinished,
): Promise<ExportsBed> {
  const held = new Map(Object.entries(files));
  const apiKey = 'the-key';
  const directory = await temporaryDirectory(onEnd);
  const sender = await startAbsmartly({ port: 0, apiKey, files: held });
  onEnd(() => sender.stop());
  const server = await startBigQuery({
    restPort: 0,
    grpcPort: 0,
    directory: `${directory}/bigquery`,
  });
  onEnd(() => server.stop());
  const bigquery = clientOf(`http://127.0.0.1:${server.restPort}`);
  return {
    api: { url: `http://127.0.0.1:${sender.port}`, key: apiKey, idleTimeoutMs: 5000 },
    bigquery,
    directory: `${directory}/spool`,
    location: 'EU',
    files: held,
    query: (sql) => rowsOf(bigquery, sql),
  };
}

async function rowsOf(bigquery: BigQuery, sql: string): Promise<Record<string, unknown>[]> {
  const [rows] = await bigquery.query(sql);
  return rows as Record<string, unknown>[];
}
