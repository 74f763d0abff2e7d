import { v1 } from '@google-cloud/bigquery-storage';
import { credentials } from '@grpc/grpc-js';
import { RelayError } from '../../shared/errors.ts';

export type WriteClient = InstanceType<typeof v1.BigQueryWriteClient>;

export interface WriteClientOptions {
  projectId: string;
  /** `host:port` of a server without TLS and credentials; Google's own by default. */
  endpoint?: string;
}

/**
 * The generated v1 stub. Its credentials are resolved here: on the first append, the package would turn missing
 * credentials into an unhandled rejection.
 *
 * @throws RelayError `bigquery.credentials`
 */
export async function openWriteClient(options: WriteClientOptions): Promise<WriteClient> {
  const client = new v1.BigQueryWriteClient({
    projectId: options.projectId,
    // An idle connection is kept alive, and a dead peer is noticed within 40 s.
    'grpc.keepalive_time_ms': 30_000,
    'grpc.keepalive_timeout_ms': 10_000,
    // Connect soon after an outage; by default it may take two minutes.
    'grpc.initial_reconnect_backoff_ms': 200,
    'grpc.max_reconnect_backoff_ms': 1000,
    // A TCP connection of its own: on a shared one, HTTP/2's flow control would block every table's stream when
    // the peer stops reading one.
    'grpc.use_local_subchannel_pool': 1,
    ...(options.endpoint === undefined ? {} : insecure(options.endpoint)),
  });
  try {
    await client.initialize();
  } catch (cause) {
    throw new RelayError('bigquery.credentials', 'no credentials for BigQuery', { cause });
  }
  return client;
}

function insecure(endpoint: string) {
  const { hostname, port } = new URL(`http://${endpoint}`);
  return {
    apiEndpoint: hostname,
    port: Number(port || 80),
    sslCreds: credentials.createInsecure(),
  };
}
