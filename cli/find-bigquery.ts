import { BigQuery } from '@google-cloud/bigquery';
import { connectBigQuery } from '../local/google-clients.ts';
import type { Relay } from '../shared/config/config.ts';
import { RelayError } from '../shared/errors.ts';
import { findRunning, type RunningStack } from './running.ts';

/** Which BigQuery a command speaks to, as it is told. */
export interface Place {
  on?: 'local' | 'google';
  state: string;
}

/**
 * The BigQuery that a command speaks to: the local stack that runs here, or Google's.
 *
 * @throws RelayError `bigquery.nowhere` when neither is to be had
 */
export function findBigQuery(relay: Relay, place: Place): BigQuery {
  const stack = findStack(place);
  if (stack) return connectBigQuery(relay.project, stack.ports.bigquery);
  if (place.on !== 'google' && !isConfiguredForGoogle()) {
    throw nowhere(place.state, 'or query BigQuery with --on google');
  }
  return new BigQuery({ projectId: relay.project, location: relay.location });
}

/**
 * The local stack to be spoken to; undefined where it is Google.
 *
 * @throws RelayError `bigquery.nowhere` when the stack alone is asked for and none runs: never Google instead
 */
export function findStack({ on, state }: Place): RunningStack | undefined {
  const running = on === 'google' ? undefined : findRunning(state);
  if (running || on !== 'local') return running;
  throw nowhere(state, 'or leave out --on local');
}

function nowhere(state: string, otherwise: string): RelayError {
  const problem = `no relay runs on ${state}: start one with \`npm start\`, ${otherwise}`;
  return new RelayError('bigquery.nowhere', problem);
}

function isConfiguredForGoogle(): boolean {
  return Boolean(
    process.env['GOOGLE_APPLICATION_CREDENTIALS'] ?? process.env['GOOGLE_CLOUD_PROJECT'],
  );
}
