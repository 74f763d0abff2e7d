// The settings of topics and subscriptions: parsed from the API's form, and shown in it again.

import type { protos } from '@google-cloud/pubsub';
import {
  type DeadLetterPolicy,
  type PushSettings,
  parseDeadLetterPolicy,
  parsePush,
  showPush,
} from './delivery/delivery-settings.ts';
import { parseFilter } from './delivery/filter.ts';
import { parseRetryPolicy, type RetryPolicy, showRetryPolicy } from './delivery/retry-policy.ts';
import { checkRetention, DAY, secondsOf } from './durations.ts';
import { invalid, unimplemented } from './errors.ts';
import { parseSchemaSettings, type SchemaSettings } from './schemas/schema-settings.ts';

type ITopic = protos.google.pubsub.v1.ITopic;
type ISubscription = protos.google.pubsub.v1.ISubscription;
type IFieldMask = protos.google.protobuf.IFieldMask;

export interface TopicSettings {
  readonly labels: Record<string, string>;
  /** Absent: the topic keeps no messages beside its subscriptions. */
  readonly messageRetentionSeconds?: number | undefined;
  readonly schema?: SchemaSettings | undefined;
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
  readonly retainAcked?: boolean | undefined;
  readonly ordered?: boolean | undefined;
  readonly exactlyOnce?: boolean | undefined;
  readonly deadLetterPolicy?: DeadLetterPolicy | undefined;
  readonly push?: PushSettings | undefined;
  /** Gets no more messages from its topic. */
  readonly detached?: boolean | undefined;
}

const DEFAULT_RETENTION_SECONDS = 7 * DAY;
const DEFAULT_EXPIRATION_SECONDS = 31 * DAY;

const UNIMPLEMENTED_TOPIC = [
  'kmsKeyName',
  'ingestionDataSourceSettings',
  'messageTransforms',
] as const satisfies readonly (keyof ITopic)[];
const UNIMPLEMENTED_SUBSCRIPTION = [
  'bigqueryConfig',
  'cloudStorageConfig',
  'bigtableConfig',
  'messageTransforms',
] as const satisfies readonly (keyof ISubscription)[];

export function parseTopicSettings(topic: ITopic): TopicSettings {
  refuse('topic', topic, UNIMPLEMENTED_TOPIC);
  const retention = secondsOf(topic.messageRetentionDuration);
  return {
    labels: checkLabels(topic.labels),
    ...(retention !== null && { messageRetentionSeconds: checkRetention(retention) }),
    ...(topic.schemaSettings && { schema: parseSchemaSettings(topic.schemaSettings) }),
  };
}

export function parseSubscriptionSettings(subscription: ISubscription): SubscriptionSettings {
  refuse('subscription', subscription, UNIMPLEMENTED_SUBSCRIPTION);
  const push = parsePush(subscription.pushConfig);
  const deadLetterPolicy = parseDeadLetterPolicy(subscription.deadLetterPolicy);
  const retention = secondsOf(subscription.messageRetentionDuration) ?? DEFAULT_RETENTION_SECONDS;
  const settings: SubscriptionSettings = {
    ackDeadlineSeconds: parseAckDeadline(subscription.ackDeadlineSeconds ?? 0),
    messageRetentionSeconds: checkRetention(retention),
    labels: checkLabels(subscription.labels),
    expirationSeconds: parseExpiration(subscription.expirationPolicy),
    retryPolicy: parseRetryPolicy(subscription.retryPolicy),
    ...(subscription.filter && { filter: checkFilter(subscription.filter) }),
    ...(subscription.retainAckedMessages && { retainAcked: true }),
    ...(subscription.enableMessageOrdering && { ordered: true }),
    ...(subscription.enableExactlyOnceDelivery && { exactlyOnce: true }),
    ...(deadLetterPolicy && { deadLetterPolicy }),
    ...(push && { push }),
  };
  return checkTogether(settings);
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
  const fields = {
    labels: 'labels',
    messageRetentionDuration: 'messageRetentionSeconds',
    schemaSettings: 'schema',
  } as const;
  return merge(settings, given, mask, fields, [...UNIMPLEMENTED_TOPIC, 'messageStoragePolicy']);
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
    retainAckedMessages: 'retainAcked',
    enableExactlyOnceDelivery: 'exactlyOnce',
    deadLetterPolicy: 'deadLetterPolicy',
    pushConfig: 'push',
  } as const;
  return checkTogether(merge(settings, given, mask, fields, UNIMPLEMENTED_SUBSCRIPTION));
}

export function showTopic(name: string, settings: TopicSettings): ITopic {
  const { labels, messageRetentionSeconds: seconds, schema } = settings;
  return {
    name,
    labels,
    ...(seconds && { messageRetentionDuration: { seconds } }),
    ...(schema && { schemaSettings: schema }),
    state: STATE_ACTIVE,
  };
}

export function showSubscription(
  name: string,
  topic: string,
  settings: SubscriptionSettings,
): ISubscription {
  const { ackDeadlineSeconds, messageRetentionSeconds, labels, expirationSeconds } = settings;
  const { retryPolicy, filter, retainAcked, ordered, exactlyOnce, detached } = settings;
  const { deadLetterPolicy } = settings;
  return {
    name,
    topic,
    pushConfig: showPush(settings.push),
    ackDeadlineSeconds,
    messageRetentionDuration: { seconds: messageRetentionSeconds },
    labels,
    expirationPolicy: expirationSeconds === null ? {} : { ttl: { seconds: expirationSeconds } },
    ...(retryPolicy && { retryPolicy: showRetryPolicy(retryPolicy) }),
    ...(filter && { filter }),
    ...(retainAcked && { retainAckedMessages: true }),
    ...(ordered && { enableMessageOrdering: true }),
    ...(exactlyOnce && { enableExactlyOnceDelivery: true }),
    ...(deadLetterPolicy && { deadLetterPolicy }),
    ...(detached && { detached: true }),
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

function checkTogether(settings: SubscriptionSettings): SubscriptionSettings {
  if (settings.push && settings.exactlyOnce) {
    throw invalid('Exactly-once delivery is not supported for push subscriptions.');
  }
  return settings;
}

/** The fields of a mask in camel case, each with its path as given. Throws INVALID_ARGUMENT without any. */
export function maskedFields(mask: IFieldMask | null | undefined): [string, string][] {
  const paths = mask?.paths ?? [];
  if (paths.length === 0)
    throw invalid('The update_mask in the request must be set and non-empty.');
  // Masks come in camel or snake case, and a path may lead into a field (`expiration_policy.ttl`).
  return paths.map((path) => [
    (path.split('.')[0] ?? '').replace(/_(.)/g, (_, letter) => letter.toUpperCase()),
    path,
  ]);
}

function merge<S extends object>(
  settings: S,
  given: S,
  mask: IFieldMask | null | undefined,
  fields: Record<string, keyof S>,
  unimplementedFields: readonly string[],
): S {
  const updated = { ...settings };
  for (const [name, path] of maskedFields(mask)) {
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

const LABEL_KEY = /^[\p{Ll}\p{Lo}][\p{Ll}\p{Lo}\p{N}_-]{0,62}$/u;
const LABEL_VALUE = /^[\p{Ll}\p{Lo}\p{N}_-]{0,63}$/u;
const MAX_LABELS = 64;

/** https://cloud.google.com/pubsub/docs/create-topic#labels */
export function checkLabels(labels: Record<string, string> | null | undefined) {
  const entries = Object.entries(labels ?? {});
  if (entries.length > MAX_LABELS) {
    throw invalid(`There are ${entries.length} labels; the maximum is ${MAX_LABELS}.`);
  }
  for (const [key, value] of entries) {
    if (LABEL_KEY.test(key) && LABEL_VALUE.test(value)) continue;
    throw invalid(
      `Invalid label "${key}": keys and values have at most 63 lower-case letters, digits, "_" and "-", and a key begins with a letter.`,
    );
  }
  return Object.fromEntries(entries);
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

function parseExpiration(policy: protos.google.pubsub.v1.IExpirationPolicy | null | undefined) {
  if (!policy) return DEFAULT_EXPIRATION_SECONDS;
  const seconds = secondsOf(policy.ttl);
  if (seconds !== null && seconds < DAY) {
    throw invalid(`Invalid expiration_policy.ttl (${seconds} s); it must be at least 1 day.`);
  }
  return seconds;
}
