import { BigQuery } from '@google-cloud/bigquery';
import { PubSub } from '@google-cloud/pubsub';

// Even for an endpoint that takes no token, Google's clients would look for a cloud's metadata server, and
// wait many seconds for it.
process.env['METADATA_SERVER_DETECTION'] ??= 'none';

/** Google's client, speaking to the local BigQuery at `port` of 127.0.0.1. */
export function connectBigQuery(project: string, port: number): BigQuery {
  return new BigQuery({ projectId: project, apiEndpoint: `http://127.0.0.1:${port}` });
}

/** Google's client, speaking to a Pub/Sub server at `port` of 127.0.0.1. */
export function connectPubsub(project: string, port: number): PubSub {
  return new PubSub({ projectId: project, apiEndpoint: `127.0.0.1:${port}`, emulatorMode: true });
}
