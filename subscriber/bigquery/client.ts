import { v1 } from '@google-cloud/bigquery-storage';
import { credentials } from '@grpc/grpc-js';
import { RelayError } from '../../shared/errors.ts';

export type WriteClient = InstanceType<typeof v1.BigQueryWriteClient>;

export interface WriteClientOptions {
  projectId: string;
  /** `host:port` of a server without TLS and credentials; Google's own when absent. */
  endpoint?: string;
}

/**
 * The generated v1 stub, with its credentials already resolved: left to its first append, the package
 * turns missing credentials into an unhandled rejection.
 *
 * @throws RelayError `bigquery.credentials`
 */
export async function openWriteClient(options: WriteClientOptions): Promise<WriteClient> {
  const client = new v1.BigQueryWriteClient({
    projectId: options.projectId,
    // A connection between bursts stays known to be alive, and a dead peer is noticed within 40 s.
    'grpc.keepalive_time_ms': 30_000,
    'grpc.keepalive_timeout_ms': 10_000,
    // After an outage every table is to be written soon; by default it may be two minutes until it connects.
    'grpc.max_reconnect_backoff_ms': 10_000,
    // A TCP connection of its own: HTTP/2's flow control would let a peer that has stopped reading one
    // table's stream hold up those of all the others.
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
