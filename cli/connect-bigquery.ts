import { BigQuery } from '@google-cloud/bigquery';
import type { Relay } from '../shared/config.ts';
import { RelayError } from '../shared/error.ts';
import { findRunning } from './running.ts';

/**
 * The BigQuery that a command speaks to: the local stack that runs here, or Google's.
 *
 * @throws RelayError `bigquery.nowhere` when neither is to be had
 */
export function connectBigQuery(
  relay: Relay,
  options: { on?: 'local' | 'google'; state: string },
): BigQuery {
  const running = options.on === 'google' ? undefined : findRunning(options.state);
  if (running) return localBigQuery(relay, running.ports.bigquery);
  if (options.on !== 'google' && !isConfiguredForGoogle()) {
    throw new RelayError(
      'bigquery.nowhere',
      'setup',
      `no relay runs on ${options.state}: start one with \`npm start\`, or query BigQuery with --on google`,
    );
  }
  return new BigQuery({ projectId: relay.project, location: relay.location });
}

export function localBigQuery(relay: Relay, port: number): BigQuery {
  return new BigQuery({ projectId: relay.project, apiEndpoint: `http://127.0.0.1:${port}` });
}

function isConfiguredForGoogle(): boolean {
  return Boolean(
    process.env['GOOGLE_APPLICATION_CREDENTIALS'] ?? process.env['GOOGLE_CLOUD_PROJECT'],
  );
}
