import { BigQuery } from '@google-cloud/bigquery';

// Without credentials the client would look for Google's metadata server first.
process.env['METADATA_SERVER_DETECTION'] = 'none';

export function clientOf(apiEndpoint: string): BigQuery {
  return new BigQuery({ projectId: 'local-project', apiEndpoint });
}
