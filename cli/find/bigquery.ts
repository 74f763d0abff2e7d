import { BigQuery } from '@google-cloud/bigquery';
import { type Command, Option } from 'commander';
import { connectBigQuery } from '../../local/google-clients.ts';
import type { Relay } from '../../shared/config/config.ts';
import { RelayError } from '../../shared/errors.ts';
import { addStateOption, findRunning, type RunningStack } from './running-stack.ts';

/** Which BigQuery a command uses. */
export interface BigQueryOptions {
  on?: 'local' | 'google';
  state: string;
}

export function addBigQueryOptions(command: Command): Command {
  const on = new Option(
    '--on <place>',
    'which BigQuery to use (default: local if a local stack is running, else google)',
  );
  return addStateOption(command.addOption(on.choices(['local', 'google'])));
}

/**
 * The BigQuery of the local stack that is running, or Google's.
 *
 * @throws RelayError `bigquery.nowhere` if there is neither
 */
export function findBigQuery(relay: Relay, options: BigQueryOptions): BigQuery {
  const stack = findStack(options);
  if (stack) return connectBigQuery(relay.project, stack.ports.bigquery);
  requireGoogle(options);
  return new BigQuery({ projectId: relay.project, location: relay.location });
}

/**
 * The local stack to use; undefined if Google is to be used.
 *
 * @throws RelayError `bigquery.nowhere` with `--on local` if no stack is running: it never uses Google instead
 */
export function findStack({ on, state }: BigQueryOptions): RunningStack | undefined {
  const running = on === 'google' ? undefined : findRunning(state);
  if (running || on !== 'local') return running;
  throw nowhere(state);
}

/** @throws RelayError `bigquery.nowhere` if Google was neither chosen nor configured */
export function requireGoogle({ on, state }: BigQueryOptions): void {
  if (on !== 'google' && !isConfiguredForGoogle()) throw nowhere(state);
}

function nowhere(state: string): RelayError {
  return new RelayError('bigquery.nowhere', `no local relay is running on ${state}`);
}

function isConfiguredForGoogle(): boolean {
  return Boolean(
    process.env['GOOGLE_APPLICATION_CREDENTIALS'] ?? process.env['GOOGLE_CLOUD_PROJECT'],
  );
}
