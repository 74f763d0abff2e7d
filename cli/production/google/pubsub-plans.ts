import type { PubSub, protos, SubscriptionMetadata } from '@google-cloud/pubsub';
import { subscriptionSettings } from '../../../subscriber/pull/subscription.ts';
import { type Plan, same } from '../plan/plan.ts';
import type { ResourceOf } from '../plan/resources.ts';
import { word } from '../plan/shell-word.ts';
import { orMissing, unlessExists } from './google-errors.ts';

type Topic = protos.google.pubsub.v1.ITopic;
/** As Pub/Sub describes one. */
type Subscription = protos.google.pubsub.v1.ISubscription;

export async function planTopic(
  pubsub: PubSub,
  { name }: ResourceOf<'topic'>,
  project: string,
): Promise<Plan> {
  const topic = pubsub.topic(name);
  const metadata = await orMissing<Topic>(() => topic.getMetadata());
  if (!metadata) {
    return { state: 'create', changes: [], apply: () => unlessExists(pubsub.createTopic(name)) };
  }
  const update = `gcloud pubsub topics update ${word(name)} --project=${word(project)}`;
  const problems: string[] = [];
  const flags: string[] = [];
  if (metadata.schemaSettings?.schema) {
    problems.push('it has a schema, which would refuse deliveries');
    flags.push('--clear-schema-settings');
  }
  const { messageTransforms } = metadata as { messageTransforms?: unknown[] };
  if (messageTransforms?.length) {
    problems.push('it has message transforms, which would change or drop deliveries');
    flags.push('--clear-message-transforms');
  }
  return problems.length === 0
    ? same
    : { state: 'conflict', problems, remedy: `${update} ${flags.join(' ')}` };
}

/** As the config has it, and what can't be changed of one that exists. */
export async function planSubscription(
  pubsub: PubSub,
  { name, topic }: ResourceOf<'subscription'>,
  project: string,
): Promise<Plan> {
  const subscription = pubsub.subscription(name);
  const metadata = await orMissing<Subscription>(() => subscription.getMetadata());
  if (!metadata) {
    return {
      state: 'create',
      changes: [describeSettings()],
      apply: () => unlessExists(pubsub.createSubscription(topic, name, subscriptionSettings)),
    };
  }
  const { problems, remedy } = conflictsOf(metadata, { name, topic, project });
  if (problems.length > 0) return { state: 'conflict', problems, remedy };
  const { changes, settings } = differencesOf(metadata);
  if (changes.length === 0) return same;
  return {
    state: 'update',
    changes,
    apply: async () => void (await subscription.setMetadata(settings)),
  };
}

/** What a subscription is made with, in words. */
function describeSettings(): string {
  const { ackDeadlineSeconds, messageRetentionDuration, retryPolicy } = subscriptionSettings;
  const { minimumBackoff, maximumBackoff } = retryPolicy;
  return [
    'never expires',
    `keeps messages ${daysText(messageRetentionDuration.seconds)}`,
    `ack deadline ${ackDeadlineSeconds} s`,
    `retry backoff ${minimumBackoff.seconds}–${maximumBackoff.seconds} s`,
  ].join(', ');
}

/** By these the subscription would lose deliveries, or is another's; most of them can't be changed. */
export function conflictsOf(
  metadata: Subscription,
  { name, topic, project }: { name: string; topic: string; project: string },
): { problems: string[]; remedy: string } {
  const problems: string[] = [];
  const update = `gcloud pubsub subscriptions update ${word(name)} --project=${word(project)}`;
  let remedy = '';
  if (metadata.deadLetterPolicy?.deadLetterTopic) {
    problems.push(
      'it has a dead-letter topic: while a table takes no rows, good deliveries would end there',
    );
    remedy = `${update} --clear-dead-letter-policy`;
  }
  const { messageTransforms } = metadata as { messageTransforms?: unknown[] };
  if (messageTransforms?.length) {
    problems.push('it has message transforms, which would change or drop deliveries');
    remedy = `${update} --clear-message-transforms`;
  }
  const { pushConfig, bigqueryConfig, cloudStorageConfig } = metadata;
  if (pushConfig?.pushEndpoint) {
    problems.push('it pushes its messages to an endpoint, and the subscriber pulls');
    remedy = `gcloud pubsub subscriptions modify-push-config ${word(name)} --project=${word(project)} --push-endpoint=`;
  }
  const another =
    'name another `subscription` in the config: this one was made for something else, and that of it cannot be changed';
  if (bigqueryConfig?.table || cloudStorageConfig?.bucket) {
    problems.push('it delivers to BigQuery or Cloud Storage by itself, and the subscriber pulls');
    remedy = another;
  }
  if (metadata.filter) {
    problems.push(
      `it has the filter ${JSON.stringify(metadata.filter)}: what that does not match is lost`,
    );
    remedy = another;
  }
  if (metadata.detached) {
    problems.push('it is detached from its topic');
    remedy = another;
  }
  const its = metadata.topic ?? '';
  if (its.split('/').at(-1) !== topic) {
    problems.push(`its topic is ${its}, and not ${topic}`);
    remedy = another;
  }
  return { problems, remedy };
}

/** Settings that are changed to those of a subscription that is made anew. */
function differencesOf(metadata: Subscription): {
  changes: string[];
  settings: SubscriptionMetadata;
} {
  const changes: string[] = [];
  const settings: SubscriptionMetadata = {};
  const { ackDeadlineSeconds, expirationPolicy, messageRetentionDuration, retryPolicy } =
    subscriptionSettings;
  const ttl = secondsOf(metadata.expirationPolicy?.ttl);
  // Without a policy, Pub/Sub deletes a subscription that was idle for 31 days.
  if (ttl > 0 || !metadata.expirationPolicy) {
    changes.push(`expires after ${daysText(ttl || 31 * 86_400)} without a subscriber → never`);
    settings.expirationPolicy = expirationPolicy;
  }
  const kept = secondsOf(metadata.messageRetentionDuration);
  if (kept < messageRetentionDuration.seconds) {
    const wanted = daysText(messageRetentionDuration.seconds);
    changes.push(`keeps messages ${daysText(kept)} → ${wanted}`);
    settings.messageRetentionDuration = messageRetentionDuration;
  }
  const deadline = metadata.ackDeadlineSeconds ?? 0;
  if (deadline < ackDeadlineSeconds) {
    changes.push(`ack deadline ${deadline} s → ${ackDeadlineSeconds} s`);
    settings.ackDeadlineSeconds = ackDeadlineSeconds;
  }
  const backoff = (policy: Subscription['retryPolicy']) =>
    policy ? `${secondsOf(policy.minimumBackoff)}–${secondsOf(policy.maximumBackoff)} s` : 'none';
  if (backoff(metadata.retryPolicy) !== backoff(retryPolicy)) {
    changes.push(`retry backoff ${backoff(metadata.retryPolicy)} → ${backoff(retryPolicy)}`);
    settings.retryPolicy = retryPolicy;
  }
  return { changes, settings };
}

function secondsOf(duration: { seconds?: unknown; nanos?: unknown } | null | undefined): number {
  return Number(duration?.seconds ?? 0) + Number(duration?.nanos ?? 0) / 1e9;
}

function daysText(seconds: number): string {
  const days = Math.round(seconds / 864) / 100;
  return seconds < 86_400 ? `${seconds} s` : `${days} days`;
}
