// The settings of topics and subscriptions: parsed from the API's form, and shown in it again.

import type { protos } from '@google-cloud/pubsub';
import { parseFilter } from './delivery/filter.ts';
import { parseRetryPolicy, type RetryPolicy, showRetryPolicy } from './delivery/retry-policy.ts';
import { invalid, unimplemented } from './errors.ts';

type ITopic = protos.google.pubsub.v1.ITopic;
type ISubscription = protos.google.pubsub.v1.ISubscription;
type IFieldMask = protos.google.protobuf.IFieldMask;
type IDuration = protos.google.protobuf.IDuration;

export interface TopicSettings {
  readonly labels: Record<string, string>;
}

export interface SubscriptionSettings {
  readonly ackDeadlineSeconds: number;
  readonly messageRetentionSeconds: number;
  readonly labels: Record<string, string>;
  /** Stored and shown only: local subscriptions do not expire. Null: never. */
  readonly expirationSeconds: number | null;
  readonly retryPolicy: RetryPolicy | null;
  /** Absent, or empty: every message. */
  readonly filter?: string;
}

const MINUTE = 60;
const DAY = 24 * 60 * MINUTE;
const DEFAULT_RETENTION_SECONDS = 7 * DAY;
const DEFAULT_EXPIRATION_SECONDS = 31 * DAY;

// Where each missing feature would go: a dead-letter policy belongs to Subscription#retryLater, ordering and exactly-once delivery to its
// delivery and acks, retained acks to Store.finishSegment.
const UNIMPLEMENTED_TOPIC = [
  'kmsKeyName',
  'schemaSettings',
  'messageRetentionDuration',
  'ingestionDataSourceSettings',
  'messageTransforms',
] as const satisfies readonly (keyof ITopic)[];
const UNIMPLEMENTED_SUBSCRIPTION = [
  'pushConfig',
  'bigqueryConfig',
  'cloudStorageConfig',
  'bigtableConfig',
  'retainAckedMessages',
  'enableMessageOrdering',
  'deadLetterPolicy',
  'enableExactlyOnceDelivery',
  'messageTransforms',
] as const satisfies readonly (keyof ISubscription)[];

export function parseTopicSettings(topic: ITopic): TopicSettings {
  refuse('topic', topic, UNIMPLEMENTED_TOPIC);
  return { labels: { ...topic.labels } };
}

export function parseSubscriptionSettings(subscription: ISubscription): SubscriptionSettings {
  refuse('subscription', subscription, UNIMPLEMENTED_SUBSCRIPTION);
  return {
    ackDeadlineSeconds: parseAckDeadline(subscription.ackDeadlineSeconds ?? 0),
    messageRetentionSeconds: parseRetention(subscription.messageRetentionDuration),
    labels: { ...subscription.labels },
    expirationSeconds: parseExpiration(subscription.expirationPolicy),
    retryPolicy: parseRetryPolicy(subscription.retryPolicy),
    ...(subscription.filter && { filter: checkFilter(subscription.filter) }),
  };
}

function checkFilter(filter: string): string {
  parseFilter(filter);
  return filter;
}

export function updateTopicSettings(
  settings: TopicSettings,
  topic: ITopic,
  mask: IFieldMask | null | undefined,
): TopicSettings {
  const given = parseTopicSettings(topic);
  return merge(settings, given, mask, { labels: 'labels' }, UNIMPLEMENTED_TOPIC);
}

export function updateSubscriptionSettings(
  settings: SubscriptionSettings,
  subscription: ISubscription,
  mask: IFieldMask | null | undefined,
): SubscriptionSettings {
  const given = parseSubscriptionSettings(subscription);
  const fields = {
    ackDeadlineSeconds: 'ackDeadlineSeconds',
    messageRetentionDuration: 'messageRetentionSeconds',
    labels: 'labels',
    expirationPolicy: 'expirationSeconds',
    retryPolicy: 'retryPolicy',
  } as const;
  return merge(settings, given, mask, fields, UNIMPLEMENTED_SUBSCRIPTION);
}

export function showTopic(name: string, settings: TopicSettings): ITopic {
  return { name, labels: settings.labels, state: STATE_ACTIVE };
}

export function showSubscription(
  name: string,
  topic: string,
  settings: SubscriptionSettings,
): ISubscription {
  const { ackDeadlineSeconds, messageRetentionSeconds, labels, expirationSeconds } = settings;
  const { retryPolicy, filter } = settings;
  return {
    name,
    topic,
    pushConfig: {},
    ackDeadlineSeconds,
    messageRetentionDuration: { seconds: messageRetentionSeconds },
    labels,
    expirationPolicy: expirationSeconds === null ? {} : { ttl: { seconds: expirationSeconds } },
    ...(retryPolicy && { retryPolicy: showRetryPolicy(retryPolicy) }),
    ...(filter && { filter }),
    state: STATE_ACTIVE,
  };
}

/** `ACTIVE` of both Topic.State and Subscription.State. */
const STATE_ACTIVE = 1;

function refuse<T extends object>(kind: string, given: T, fields: readonly (keyof T)[]): void {
  for (const field of fields) {
    if (isSet(given[field])) throw unimplemented(`A ${kind} with ${String(field)}`);
  }
}

/** An empty object is not set: clients send an empty push config for a pull subscription. */
function isSet(value: unknown): boolean {
  if (value === null || value === undefined) return false;
  if (typeof value === 'object') return Object.values(value).some(isSet);
  return Boolean(value);
}

function merge<S extends object>(
  settings: S,
  given: S,
  mask: IFieldMask | null | undefined,
  fields: Record<string, keyof S>,
  unimplementedFields: readonly string[],
): S {
  const paths = mask?.paths ?? [];
  if (paths.length === 0)
    throw invalid('The update_mask in the request must be set and non-empty.');
  const updated = { ...settings };
  for (const path of paths) {
    // Masks come in camel or snake case, and a path may lead into a field (`expiration_policy.ttl`).
    const name = (path.split('.')[0] ?? '').replace(/_(.)/g, (_, letter) => letter.toUpperCase());
    const field = Object.hasOwn(fields, name) ? fields[name] : undefined;
    if (field !== undefined) updated[field] = given[field];
    // To clear such a field changes nothing; to set one was refused above.
    else if (!unimplementedFields.includes(name)) {
      throw invalid(
        `Invalid update_mask provided in the request: the field "${path}" cannot be updated.`,
      );
    }
  }
  return updated;
}

function parseAckDeadline(seconds: number): number {
  if (seconds === 0) return 10;
  if (seconds < 10 || seconds > 600) {
    throw invalid(
      `Invalid ack deadline given: (ack_deadline_seconds=${seconds}); it must be 10 to 600.`,
    );
  }
  return seconds;
}

function parseRetention(duration: IDuration | null | undefined): number {
  const seconds = secondsOf(duration) ?? DEFAULT_RETENTION_SECONDS;
  if (seconds < 10 * MINUTE || seconds > 31 * DAY) {
    throw invalid(
      `Invalid message_retention_duration (${seconds} s); it must be 10 minutes to 31 days.`,
    );
  }
  return seconds;
}

function parseExpiration(policy: protos.google.pubsub.v1.IExpirationPolicy | null | undefined) {
  if (!policy) return DEFAULT_EXPIRATION_SECONDS;
  const seconds = secondsOf(policy.ttl);
  if (seconds !== null && seconds < DAY) {
    throw invalid(`Invalid expiration_policy.ttl (${seconds} s); it must be at least 1 day.`);
  }
  return seconds;
}

function secondsOf(duration: IDuration | null | undefined): number | null {
  return duration ? Number(duration.seconds ?? 0) : null;
}
