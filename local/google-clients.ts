import { BigQuery } from '@google-cloud/bigquery';
import { PubSub } from '@google-cloud/pubsub';

// Without this, Google's clients look for a cloud's metadata server and wait many seconds for it, even with
// an endpoint that needs no token.
process.env['METADATA_SERVER_DETECTION'] ??= 'none';

/** Google's client for the local BigQuery at 127.0.0.1:`port`. */
export function connectBigQuery(project: string, port: number): BigQuery {
  return new BigQuery({ projectId: project, apiEndpoint: `http://127.0.0.1:${port}` });
}

/** Google's client for a Pub/Sub server at 127.0.0.1:`port`. */
export function connectPubsub(project: string, port: number): PubSub {
  return new PubSub({ projectId: project, apiEndpoint: `127.0.0.1:${port}`, emulatorMode: true });
}
