import { type protos, v1 } from '@google-cloud/bigquery-storage';
import { credentials } from '@grpc/grpc-js';
import { PROJECT } from './bigquery-bed.ts';

export type ReadClient = InstanceType<typeof v1.BigQueryReadClient>;
export type ReadSession = protos.google.cloud.bigquery.storage.v1.IReadSession;
export type ReadResponse = protos.google.cloud.bigquery.storage.v1.IReadRowsResponse;

/** Google's client for the Storage Read API on a port of this machine. */
export function readClient(port: number): ReadClient {
  return new v1.BigQueryReadClient({
    projectId: PROJECT,
    apiEndpoint: '127.0.0.1',
    port,
    sslCreds: credentials.createInsecure(),
    // Otherwise the client tries each failed call three times, whatever its code is.
    gaxServerStreamingRetries: true,
  });
}

export function tablePath(datasetId: string, tableId: string): string {
  return `projects/${PROJECT}/datasets/${datasetId}/tables/${tableId}`;
}

/** Creates a session of a table. */
export async function createSession(
  client: ReadClient,
  readSession: ReadSession,
  more: { maxStreamCount?: number; preferredMinStreamCount?: number } = {},
): Promise<ReadSession> {
  const [session] = await client.createReadSession({
    parent: `projects/${PROJECT}`,
    readSession,
    ...more,
  });
  return session;
}

/** All responses of a stream, from an offset on. Throws the call's error. */
export async function readResponses(
  client: ReadClient,
  readStream: string,
  offset = 0,
): Promise<ReadResponse[]> {
  const responses: ReadResponse[] = [];
  const call = client.readRows({ readStream, offset });
  await new Promise((resolve, reject) => {
    call.on('data', (response: ReadResponse) => responses.push(response));
    call.once('end', resolve).once('error', reject);
  });
  return responses;
}
