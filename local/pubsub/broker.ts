import type { Faults } from '../faults/faults.ts';
import { Subscription } from './delivery/subscription.ts';
import { Topic } from './delivery/topic.ts';
import { PubsubError } from './errors.ts';
import { checkName } from './resource-names.ts';
import type { SubscriptionSettings, TopicSettings } from './settings.ts';
import { CommitLog } from './storage/commit-log.ts';
import type { Store } from './storage/store.ts';

/** Often enough, because the shortest retention is 10 minutes. */
const EXPIRY_INTERVAL_MS = 10 * 60_000;

/** All topics and subscriptions, in memory and in the store. */
export class Broker {
  readonly #store: Store;
  readonly #log: CommitLog;
  readonly #topics = new Map<string, Topic>();
  readonly #subscriptions = new Map<string, Subscription>();
  readonly #expiry: NodeJS.Timeout;
  readonly #faults: Faults | undefined;

  constructor(store: Store, faults?: Faults) {
    this.#store = store;
    this.#faults = faults;
    this.#log = new CommitLog(store);
    this.#restore();
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

  /** Resolves with the message ids when the messages are on disk. */
  async publish(topic: Topic, messages: readonly Buffer[]): Promise<string[]> {
    return (await this.#log.publish(topic, messages)).map(String);
  }

  createTopic(name: string, settings: TopicSettings): Topic {
    if (this.#topics.has(name)) throw exists('Topic', name);
    const id = this.#store.insertTopic(name, JSON.stringify(settings));
    const topic = new Topic(id, name, settings);
    this.#topics.set(name, topic);
    return topic;
  }

  updateTopic(topic: Topic, settings: TopicSettings): void {
    this.#store.saveSettings('topics', topic.id, JSON.stringify(settings));
    topic.settings = settings;
  }

  /** The topic's subscriptions stay, with their backlog. */
  deleteTopic(topic: Topic): void {
    this.#log.flush();
    this.#store.deleteRow('topics', topic.id);
    this.#topics.delete(topic.name);
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
    const id = this.#store.insertSubscription(row);
    return this.#register(
      new Subscription(this.#log, { id, ...row }, settings, topic, this.#faults),
    );
  }

  updateSubscription(subscription: Subscription, settings: SubscriptionSettings): void {
    this.#store.saveSettings('subscriptions', subscription.id, JSON.stringify(settings));
    subscription.settings = settings;
  }

  deleteSubscription(subscription: Subscription): void {
    subscription.delete();
    subscription.topic?.subscriptions.delete(subscription);
    this.#subscriptions.delete(subscription.name);
  }

  /** Ends every stream, flushes the log and closes the store. */
  close(): void {
    clearInterval(this.#expiry);
    const reason = new PubsubError('UNAVAILABLE', 'The local Pub/Sub server is stopping.');
    for (const subscription of this.subscriptions) subscription.close(reason);
    this.#log.flush();
    this.#store.close();
  }

  #restore(): void {
    const topics = new Map<number, Topic>();
    for (const { id, name, settings } of this.#store.topics()) {
      const topic = new Topic(id, name, JSON.parse(settings));
      topics.set(id, topic);
      this.#topics.set(name, topic);
    }
    for (const row of this.#store.subscriptions()) {
      const topic = topics.get(row.topic) ?? null;
      const settings: SubscriptionSettings = JSON.parse(row.settings);
      this.#register(new Subscription(this.#log, row, settings, topic, this.#faults));
    }
  }

  #register(subscription: Subscription): Subscription {
    this.#subscriptions.set(subscription.name, subscription);
    subscription.topic?.subscriptions.add(subscription);
    return subscription;
  }

  #expire(): void {
    this.#log.flush();
    for (const subscription of this.subscriptions) subscription.expire(Date.now());
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
