import { BigQuery } from '@google-cloud/bigquery';
import { connectBigQuery } from '../local/connect.ts';
import type { Relay } from '../shared/config.ts';
import { RelayError } from '../shared/error.ts';
import { findRunning } from './running.ts';

/**
 * The BigQuery that a command speaks to: the local stack that runs here, or Google's.
 *
 * @throws RelayError `bigquery.nowhere` when neither is to be had
 */
export function findBigQuery(
  relay: Relay,
  options: { on?: 'local' | 'google'; state: string },
): BigQuery {
  const running = options.on === 'google' ? undefined : findRunning(options.state);
  if (running) return connectBigQuery(relay.project, running.ports.bigquery);
  if (options.on !== 'google' && !isConfiguredForGoogle()) {
    throw new RelayError(
      'bigquery.nowhere',
      'setup',
      `no relay runs on ${options.state}: start one with \`npm start\`, or query BigQuery with --on google`,
    );
  }
  return new BigQuery({ projectId: relay.project, location: relay.location });
}

function isConfiguredForGoogle(): boolean {
  return Boolean(
    process.env['GOOGLE_APPLICATION_CREDENTIALS'] ?? process.env['GOOGLE_CLOUD_PROJECT'],
  );
}
