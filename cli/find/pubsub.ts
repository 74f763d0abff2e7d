import { PubSub } from '@google-cloud/pubsub';
import { connectPubsub } from '../../local/google-clients.ts';
import type { Relay } from '../../shared/config/config.ts';
import { type BigQueryOptions, findStack, requireGoogle } from './bigquery.ts';

/**
 * Pub/Sub of the local stack if the command's BigQuery is local, else Google's.
 *
 * @throws RelayError `bigquery.nowhere` if there is neither
 */
export function findPubsub(relay: Relay, options: BigQueryOptions): PubSub {
  const stack = findStack(options);
  if (stack) return connectPubsub(relay.project, stack.ports.pubsub);
  requireGoogle(options);
  return new PubSub({ projectId: relay.project });
}
