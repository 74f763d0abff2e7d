import { BigQuery } from '@google-cloud/bigquery';

/** Google's client, speaking to the local BigQuery at `port` of 127.0.0.1. */
export function connectBigQuery(project: string, port: number): BigQuery {
  // Even for an endpoint that takes no token, the client would look for a cloud's metadata server, and
  // wait many seconds for it.
  process.env['METADATA_SERVER_DETECTION'] ??= 'none';
  return new BigQuery({ projectId: project, apiEndpoint: `http://127.0.0.1:${port}` });
}
