import { PubSub } from '@google-cloud/pubsub';
import { connectPubsub } from '../../local/google-clients.ts';
import type { Relay } from '../../shared/config/config.ts';
import { type BigQueryOptions, findStack } from './bigquery.ts';

/** Pub/Sub of the local stack if the command's BigQuery is local, else Google's. */
export function findPubsub(relay: Relay, options: BigQueryOptions): PubSub {
  const stack = findStack(options);
  return stack
    ? connectPubsub(relay.project, stack.ports.pubsub)
    : new PubSub({ projectId: relay.project });
}
