import {
  Duration,
  type PubSub,
  type Subscription,
  SubscriptionCloseBehaviors,
} from '@google-cloud/pubsub';
import type { Relay } from '../shared/config.ts';

const alreadyExists = 6;
const permissionDenied = 7;

/** gRPC status code of an error of Google's clients. */
function statusOf(error: unknown): unknown {
  return (error as { code?: unknown }).code;
}

/**
 * Opens the relay's subscription, after creating it and its topic where they are missing. A subscriber
 * that may not create them can still read one that exists.
 */
export async function openSubscription(
  pubsub: PubSub,
  relay: Relay,
  closeWithinMs: number,
): Promise<Subscription> {
  await createUnlessThere(() => pubsub.createTopic(relay.topic));
  await createUnlessThere(() =>
    pubsub.createSubscription(relay.topic, relay.subscription, {
      ackDeadlineSeconds: 60,
      // Pub/Sub deletes a subscription that was idle for 31 days, and forgets a message after 7 days at most.
      expirationPolicy: {},
      messageRetentionDuration: { seconds: 7 * 24 * 3600 },
    }),
  );
  return pubsub.subscription(relay.subscription, {
    // An outage of BigQuery is waited out: past this time a message would leave leasing unseen.
    maxExtensionTime: Duration.from({ hours: 12 }),
    flowControl: { maxMessages: 10_000, maxBytes: 64 * 1024 * 1024 },
    streamingOptions: { maxStreams: 2 },
    closeOptions: {
      // By default, what is in hand is nacked, although its rows are being written.
      behavior: SubscriptionCloseBehaviors.WaitForProcessing,
      timeout: Duration.from({ milliseconds: closeWithinMs }),
    },
  });
}

async function createUnlessThere(create: () => Promise<unknown>): Promise<void> {
  try {
    await create();
  } catch (error) {
    const status = statusOf(error);
    if (status !== alreadyExists && status !== permissionDenied) throw error;
  }
}
