import {
  Duration,
  type PubSub,
  type Subscription,
  SubscriptionCloseBehaviors,
} from '@google-cloud/pubsub';
import type { Relay } from '../../shared/config/config.ts';
import { RelayError } from '../../shared/errors.ts';
import type { Log } from '../log.ts';

/** What the pull may have out, over all tables. Each message takes some 6 kB beside its body. */
export const pullLimits = { messages: 10_000, bytes: 32 * 1024 * 1024 };

interface SubscriptionSettings {
  name?: string | null;
  expirationPolicy?: { ttl?: SettingsDuration | null } | null;
  messageRetentionDuration?: SettingsDuration | null;
}

interface SettingsDuration {
  seconds?: unknown;
}

const alreadyExists = 6;
const permissionDenied = 7;

/** The longest that Pub/Sub lets a message rest by any retry policy. */
export const longestRestMs = 600_000;

/**
 * What is given back comes again after a second, and later and later while it keeps coming back: the
 * excess of a table in trouble rests in Pub/Sub instead of going round in circles.
 */
const retryPolicy = {
  minimumBackoff: { seconds: 1 },
  maximumBackoff: { seconds: longestRestMs / 1000 },
};

/** Pub/Sub forgets a message after 7 days at most: so long an outage of BigQuery is waited out. */
const retentionHours = 7 * 24;
const secondsPerDay = 86_400;

/** What the relay's subscription is made with, here and by `tributary provision`. */
export const subscriptionSettings = {
  ackDeadlineSeconds: 60,
  // By default, Pub/Sub deletes a subscription that was idle for 31 days.
  expirationPolicy: {},
  messageRetentionDuration: { seconds: retentionHours * 3600 },
  retryPolicy,
};

/** gRPC status code of an error of Google's clients. */
function statusOf(error: unknown): unknown {
  return (error as { code?: unknown }).code;
}

/**
 * Opens the relay's subscription, after creating it and its topic where they are missing. A subscriber
 * that may not create them can still read one that exists.
 *
 * @throws RelayError `subscription.dead-letter-topic`
 */
export async function openSubscription(
  pubsub: PubSub,
  relay: Relay,
  closeWithinMs: number,
  log: Log,
): Promise<Subscription> {
  await unlessRefused([alreadyExists, permissionDenied], () => pubsub.createTopic(relay.topic));
  const isNew = await createSubscription(pubsub, relay);
  const warnings = isNew ? [] : await adopt(pubsub.subscription(relay.subscription), relay);
  for (const message of warnings) {
    log({ severity: 'WARNING', message, subscription: relay.subscription });
  }
  return pubsub.subscription(relay.subscription, {
    // Past this time a message would leave leasing unseen, and come again while it is in hand.
    maxExtensionTime: Duration.from({ hours: retentionHours }),
    flowControl: { maxMessages: pullLimits.messages, maxBytes: pullLimits.bytes },
    streamingOptions: { maxStreams: 2 },
    closeOptions: {
      // By default, what is in hand is nacked, although its rows are being written.
      behavior: SubscriptionCloseBehaviors.WaitForProcessing,
      timeout: Duration.from({ milliseconds: closeWithinMs }),
    },
  });
}

/** False where one was there, or may not be made. */
async function createSubscription(pubsub: PubSub, relay: Relay): Promise<boolean> {
  return await unlessRefused([alreadyExists, permissionDenied], async () => {
    await pubsub.createSubscription(relay.topic, relay.subscription, subscriptionSettings);
  });
}

/**
 * Checks a subscription that was made before, and gives it a retry policy if it has none.
 *
 * @returns what a person should mend
 */
async function adopt(subscription: Subscription, { subscription: name }: Relay): Promise<string[]> {
  const warnings: string[] = [];
  const isAllowed = await unlessRefused([permissionDenied], async () => {
    const [metadata] = await subscription.getMetadata();
    if (metadata.deadLetterPolicy?.deadLetterTopic) {
      throw new RelayError(
        'subscription.dead-letter-topic',
        `the subscription ${name} has a dead-letter topic, where good deliveries would end that one table can't take for a while: take it away (gcloud pubsub subscriptions update ${name} --clear-dead-letter-policy)`,
      );
    }
    warnings.push(...waysToLose(metadata));
    if (!metadata.retryPolicy) await subscription.setMetadata({ retryPolicy });
  });
  if (!isAllowed) {
    warnings.push(
      'the subscription may have no retry policy, and then what a table in trouble gives back comes again at once: it may not be read or given one',
    );
  }
  return warnings;
}

/** Settings by which Pub/Sub drops what waits: they may be meant, so they are left as they are. */
function waysToLose(settings: SubscriptionSettings): string[] {
  const { name, expirationPolicy, messageRetentionDuration } = settings;
  const update = `gcloud pubsub subscriptions update ${name?.split('/').at(-1)}`;
  const days = (duration?: SettingsDuration | null) =>
    Number(duration?.seconds ?? 0) / secondsPerDay;
  const warnings: string[] = [];
  const idleDays = days(expirationPolicy?.ttl);
  if (idleDays > 0) {
    warnings.push(
      `Pub/Sub deletes the subscription, and what waits in it, once no subscriber ran for ${idleDays} days (${update} --expiration-period=never)`,
    );
  }
  const keptDays = days(messageRetentionDuration);
  if (keptDays > 0 && keptDays < retentionHours / 24) {
    warnings.push(
      `the subscription keeps what waits for ${keptDays.toFixed(2)} days alone: a longer outage loses it (${update} --message-retention-duration=7d)`,
    );
  }
  return warnings;
}

/** False when the call was answered with one of these gRPC codes. */
async function unlessRefused(codes: number[], call: () => Promise<unknown>): Promise<boolean> {
  try {
    await call();
    return true;
  } catch (error) {
    if (!codes.includes(Number(statusOf(error)))) throw error;
    return false;
  }
}
