import type { Faults } from '../faults/faults.ts';
import { Subscription } from './delivery/subscription.ts';
import { Topic } from './delivery/topic.ts';
import { PubsubError } from './errors.ts';
import { Pushers } from './push/pushers.ts';
import type { HolderRow } from './replay/holders.ts';
import { Retention } from './replay/retention.ts';
import { checkName, DELETED_TOPIC } from './resource-names.ts';
import type { SubscriptionSettings, TopicSettings } from './settings.ts';
import { CommitLog } from './storage/commit-log.ts';
import type { Store, SubscriptionRow } from './storage/store.ts';

/** Often enough, because the shortest retention is 10 minutes. */
const EXPIRY_INTERVAL_MS = 10 * 60_000;

/** All topics and subscriptions, in memory and in the store. */
export class Broker {
  readonly store: Store;
  readonly retention: Retention;
  readonly pushers: Pushers;
  readonly #log: CommitLog;
  readonly #topics = new Map<string, Topic>();
  readonly #topicsById = new Map<number, Topic>();
  readonly #subscriptions = new Map<string, Subscription>();
  readonly #expiry: NodeJS.Timeout;
  readonly #faults: Faults | undefined;
  readonly #deletedListeners: ((name: string) => void)[] = [];

  constructor(store: Store, faults?: Faults) {
    this.store = store;
    this.#faults = faults;
    this.#log = new CommitLog(store);
    this.pushers = new Pushers(store);
    this.#restore();
    this.retention = new Retention(this.#log, (id) => this.#topicsById.get(id));
    for (const topic of this.topics) this.#keepTopic(topic);
    for (const subscription of this.subscriptions) this.#keepAcked(subscription);
    this.#expire();
    this.#expiry = setInterval(() => this.#expire(), EXPIRY_INTERVAL_MS).unref();
  }

  get topics(): readonly Topic[] {
    return [...this.#topics.values()];
  }

  get subscriptions(): readonly Subscription[] {
    return [...this.#subscriptions.values()];
  }

  /** Throws INVALID_ARGUMENT for a bad name, NOT_FOUND for an unknown one. */
  topic(name: string | null | undefined): Topic {
    const topic = this.#topics.get(name ?? '');
    if (topic) return topic;
    throw notFound('Topic', checkName('topics', name));
  }

  /** Throws INVALID_ARGUMENT for a bad name, NOT_FOUND for an unknown one. */
  subscription(name: string | null | undefined): Subscription {
    const subscription = this.#subscriptions.get(name ?? '');
    if (subscription) return subscription;
    throw notFound('Subscription', checkName('subscriptions', name));
  }

  /** Throws INVALID_ARGUMENT for a bad name, NOT_FOUND for an unknown one. */
  snapshot(name: string | null | undefined): HolderRow {
    const snapshot = this.retention.snapshot(name ?? '');
    if (snapshot) return snapshot;
    throw notFound('Snapshot', checkName('snapshots', name));
  }

  createSnapshot(name: string, from: Subscription, labels: Record<string, string>): HolderRow {
    if (this.retention.snapshot(name)) throw exists('Snapshot', name);
    from.checkAttached();
    return this.retention.createSnapshot(name, from, labels);
  }

  topicNameOf({ topic }: HolderRow): string {
    return this.#topicsById.get(topic)?.name ?? DELETED_TOPIC;
  }

  /** Whether it is the name of a topic, a subscription, a snapshot or a schema. */
  exists(name: string): boolean {
    return (
      this.#topics.has(name) ||
      this.#subscriptions.has(name) ||
      this.retention.snapshot(name) !== undefined ||
      this.store.documents('schema').has(name)
    );
  }

  /** Calls the listener with the name of each topic and subscription that is deleted. */
  onDeleted(listener: (name: string) => void): void {
    this.#deletedListeners.push(listener);
  }

  /** Resolves with the message ids when the messages are on disk. */
  async publish(topic: Topic, messages: readonly Buffer[]): Promise<string[]> {
    return (await this.#log.publish(topic, messages)).map(String);
  }

  createTopic(name: string, settings: TopicSettings): Topic {
    if (this.#topics.has(name)) throw exists('Topic', name);
    const id = this.store.insertTopic(name, JSON.stringify(settings));
    const topic = new Topic(id, name, settings);
    this.#addTopic(topic);
    this.#keepTopic(topic);
    return topic;
  }

  updateTopic(topic: Topic, settings: TopicSettings): void {
    this.store.saveSettings('topics', topic.id, JSON.stringify(settings));
    topic.settings = settings;
    this.#keepTopic(topic);
  }

  /** The topic's subscriptions stay, with their backlog. */
  deleteTopic(topic: Topic): void {
    this.#log.flush();
    this.store.deleteRow('topics', topic.id);
    this.retention.keep('topic', { ...topic, topic: topic.id, start: 0 }, false);
    this.#topics.delete(topic.name);
    this.#topicsById.delete(topic.id);
    this.#deleted(topic.name);
    for (const subscription of topic.subscriptions) subscription.topic = null;
    topic.subscriptions.clear();
  }

  createSubscription(name: string, topic: Topic, settings: SubscriptionSettings): Subscription {
    if (this.#subscriptions.has(name)) throw exists('Subscription', name);
    const row = {
      name,
      topic: topic.id,
      start: this.#log.last,
      settings: JSON.stringify(settings),
    };
    const id = this.store.insertSubscription(row);
    const subscription = this.#register({ id, ...row }, settings, topic);
    this.#keepAcked(subscription);
    return subscription;
  }

  updateSubscription(subscription: Subscription, settings: SubscriptionSettings): void {
    this.store.saveSettings('subscriptions', subscription.id, JSON.stringify(settings));
    subscription.settings = settings;
    this.#keepAcked(subscription);
    this.pushers.follow(subscription);
  }

  /** It loses its messages, and gets no more of them. */
  detachSubscription(subscription: Subscription): void {
    this.#log.flush();
    const settings = { ...subscription.settings, detached: true, retainAcked: false };
    this.updateSubscription(subscription, settings);
    subscription.topic?.subscriptions.delete(subscription);
    subscription.detached();
  }

  deleteSubscription(subscription: Subscription): void {
    this.pushers.follow(subscription, true);
    subscription.delete();
    this.retention.keep('acked', subscription.row, false);
    this.#deleted(subscription.name);
    subscription.topic?.subscriptions.delete(subscription);
    this.#subscriptions.delete(subscription.name);
  }

  /** Ends every stream, flushes the log and closes the store. */
  close(): void {
    clearInterval(this.#expiry);
    this.pushers.stop();
    const reason = new PubsubError('UNAVAILABLE', 'The local Pub/Sub server is stopping.');
    for (const subscription of this.subscriptions) subscription.close(reason);
    this.#log.flush();
    this.store.close();
  }

  #restore(): void {
    for (const { id, name, settings } of this.store.topics()) {
      this.#addTopic(new Topic(id, name, JSON.parse(settings)));
    }
    for (const row of this.store.subscriptions()) {
      const topic = this.#topicsById.get(row.topic) ?? null;
      this.#register(row, JSON.parse(row.settings), topic);
    }
  }

  #register(
    row: SubscriptionRow,
    settings: SubscriptionSettings,
    topic: Topic | null,
  ): Subscription {
    const subscription = new Subscription(this.#log, row, settings, topic, {
      faults: this.#faults,
      publish: async (name, message) => this.publish(this.topic(name), [message]),
    });
    this.#subscriptions.set(subscription.name, subscription);
    if (!settings.detached) topic?.subscriptions.add(subscription);
    this.pushers.follow(subscription);
    return subscription;
  }

  #addTopic(topic: Topic): void {
    this.#topics.set(topic.name, topic);
    this.#topicsById.set(topic.id, topic);
  }

  #deleted(name: string): void {
    for (const listener of this.#deletedListeners) listener(name);
  }

  #keepTopic({ id, name, settings }: Topic): void {
    const isKept = settings.messageRetentionSeconds !== undefined;
    this.retention.keep('topic', { name, topic: id, start: this.#log.last }, isKept);
  }

  /** What is acked and still stored for another reason counts as retained too. */
  #keepAcked({ row, settings }: Subscription): void {
    this.retention.keep('acked', row, settings.retainAcked ?? false);
  }

  #expire(): void {
    this.#log.flush();
    const now = Date.now();
    for (const subscription of this.subscriptions) subscription.expire(now);
    this.retention.expire(now, ({ kind, name }) => {
      const owner = (kind === 'topic' ? this.#topics : this.#subscriptions).get(name);
      const seconds = owner?.settings.messageRetentionSeconds;
      return seconds === undefined ? null : seconds * 1000;
    });
  }
}

function notFound(kind: string, name: string): PubsubError {
  return new PubsubError('NOT_FOUND', `${kind} not found (resource=${name}).`);
}

function exists(kind: string, name: string): PubsubError {
  return new PubsubError(
    'ALREADY_EXISTS',
    `${kind} already exists in the project (resource=${name}).`,
  );
}
