import type { PubSub, Subscription } from '@google-cloud/pubsub';
import { status } from '@grpc/grpc-js';
import type { Relay } from '../../shared/config/config.ts';
import { RelayError } from '../../shared/errors.ts';
import type { Log } from '../log.ts';
import { endOf } from './stream-end.ts';

/** A message as the pull hands it over; it carries one envelope. */
export interface PulledMessage {
  readonly id: string;
  readonly data: Uint8Array;
  readonly attributes: Readonly<Record<string, string>>;
  readonly publishTime?: Date;
  /** 0 where the subscription does not count them. */
  readonly deliveryAttempt?: number;
  /** When it was pulled, in Unix milliseconds. */
  readonly received?: number;
  ack(): void;
  nack(): void;
}

/** Flow control: how much may be in flight, over all tables. Each message takes some 6 kB besides its body. */
export const pullLimits = { messages: 10_000, bytes: 32 * 1024 * 1024 };

interface SubscriptionSettings {
  name?: string | null;
  expirationPolicy?: { ttl?: SettingsDuration | null } | null;
  messageRetentionDuration?: SettingsDuration | null;
}

interface SettingsDuration {
  seconds?: unknown;
}

/** The longest delay that any retry policy of Pub/Sub allows. */
export const maxBackoffMs = 600_000;

/**
 * A nacked message comes again after a second, then after growing delays: the backlog of a failing table waits
 * in Pub/Sub instead of being delivered in a loop.
 */
const retryPolicy = {
  minimumBackoff: { seconds: 1 },
  maximumBackoff: { seconds: maxBackoffMs / 1000 },
};

/** Pub/Sub keeps a message for 7 days at most: the longest outage of BigQuery without loss. */
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

/**
 * Creates the relay's topic and subscription if they are missing, and checks an existing subscription. Without the
 * permission to do so, an existing subscription is used all the same.
 *
 * @returns the full name of the subscription
 * @throws RelayError `subscription.dead-letter-topic`
 */
export async function prepareSubscription(pubsub: PubSub, relay: Relay, log: Log): Promise<string> {
  await unlessRefused([status.ALREADY_EXISTS, status.PERMISSION_DENIED], () =>
    pubsub.createTopic(relay.topic),
  );
  const isNew = await createSubscription(pubsub, relay);
  const warnings = isNew ? [] : await adopt(pubsub.subscription(relay.subscription), relay);
  for (const message of warnings) {
    log({ severity: 'WARNING', message, subscription: relay.subscription });
  }
  return pubsub.subscription(relay.subscription).name;
}

/** @returns false if it exists, or the subscriber may not create it */
async function createSubscription(pubsub: PubSub, relay: Relay): Promise<boolean> {
  return await unlessRefused([status.ALREADY_EXISTS, status.PERMISSION_DENIED], async () => {
    await pubsub.createSubscription(relay.topic, relay.subscription, subscriptionSettings);
  });
}

/**
 * Checks an existing subscription, and gives it a retry policy if it has none.
 *
 * @returns what a person should fix
 */
async function adopt(subscription: Subscription, { subscription: name }: Relay): Promise<string[]> {
  const warnings: string[] = [];
  const isAllowed = await unlessRefused([status.PERMISSION_DENIED], async () => {
    const [metadata] = await subscription.getMetadata();
    if (metadata.deadLetterPolicy?.deadLetterTopic) {
      throw new RelayError(
        'subscription.dead-letter-topic',
        `the subscription ${name} has a dead-letter topic: while a table takes no rows, good deliveries would end there. Remove it: gcloud pubsub subscriptions update ${name} --clear-dead-letter-policy`,
      );
    }
    warnings.push(...lossWarnings(metadata));
    if (!metadata.retryPolicy) await subscription.setMetadata({ retryPolicy });
  });
  if (!isAllowed) {
    warnings.push(
      'the subscription may have no retry policy: without one, messages that are nacked for a failing table come again at once. The service account may neither read nor set the policy',
    );
  }
  return warnings;
}

/** Warns of settings by which Pub/Sub drops messages. They may be intended, so they are not changed. */
function lossWarnings(settings: SubscriptionSettings): string[] {
  const { name, expirationPolicy, messageRetentionDuration } = settings;
  const update = `gcloud pubsub subscriptions update ${name?.split('/').at(-1)}`;
  const days = (duration?: SettingsDuration | null) =>
    Number(duration?.seconds ?? 0) / secondsPerDay;
  const warnings: string[] = [];
  const idleDays = days(expirationPolicy?.ttl);
  if (idleDays > 0) {
    warnings.push(
      `Pub/Sub deletes the subscription and its messages if no subscriber runs for ${idleDays} days (${update} --expiration-period=never)`,
    );
  }
  const keptDays = days(messageRetentionDuration);
  if (keptDays > 0 && keptDays < retentionHours / 24) {
    warnings.push(
      `the subscription keeps messages for only ${keptDays.toFixed(2)} days: a longer outage loses them (${update} --message-retention-duration=7d)`,
    );
  }
  return warnings;
}

/** @returns false if the call was refused with one of these gRPC codes */
async function unlessRefused(codes: number[], call: () => Promise<unknown>): Promise<boolean> {
  try {
    await call();
    return true;
  } catch (error) {
    if (!codes.includes(endOf(error).code)) throw error;
    return false;
  }
}
