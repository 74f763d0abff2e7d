// All deliveries, acks and nacks of a subscription happen here, for streams, gRPC calls and REST alike.
// A message is in the backlog until it is acked. A delivery begins a lease; the lease ends with an ack,
// a nack (deadline 0) or its expiry. After a nack or an expiry the message is delivered again.

import type { Faults } from '../../faults/faults.ts';
import { invalid, PubsubError } from '../errors.ts';
import type { SubscriptionSettings } from '../settings.ts';
import type { CommitLog } from '../storage/commit-log.ts';
import type { Segment } from '../storage/segment.ts';
import type { SubscriptionRow } from '../storage/store.ts';
import type { Delivery } from '../transport/encode-deliveries.ts';
import { Backlog, type Ready } from './backlog.ts';
import { faultyAck, faultyStream, modackCounts } from './call-faults.ts';
import { DeliveryAttempts, deadLetterOf } from './dead-letters.ts';
import { parseFilter } from './filter.ts';
import { type LeaseHolder, Leases } from './leases.ts';
import { OrderedKeys } from './ordered-keys.ts';
import { RetryBackoff } from './retry-backoff.ts';
import type { Topic } from './topic.ts';

/** A client that receives messages: an open stream, or a pull that waits. */
export interface Consumer extends LeaseHolder {
  readonly leaseMs: number;
  /** What flow control allows now. Messages are sent while both numbers are positive. */
  readonly capacity: { readonly messages: number; readonly bytes: number };
  deliver(deliveries: readonly Delivery[]): void;
  /** Ends it without an error. */
  end(): void;
  fail(error: PubsubError): void;
}

/** Publishes to a topic by its name. Rejects if there is none. */
export type PublishTo = (topic: string, message: Buffer) => Promise<unknown>;

const MAX_RESPONSE_MESSAGES = 1000;
const MAX_RESPONSE_BYTES = 1024 * 1024;
const MAX_DEADLINE_SECONDS = 600;

export class Subscription {
  readonly id: number;
  readonly name: string;
  readonly #log: CommitLog;
  readonly #backlog: Backlog;
  readonly #leases: Leases;
  readonly #backoff: RetryBackoff;
  readonly #consumers: Consumer[] = [];
  #isScheduled = false;
  #lastServed = 0;
  #closed: PubsubError | null = null;
  readonly #faults: Faults | undefined;
  readonly #publish: PublishTo | undefined;
  readonly #ordered: OrderedKeys | undefined;
  readonly #attempts = new DeliveryAttempts();
  /** Whether a message passes the filter, which can't be changed. */
  readonly #passes: ((payload: Uint8Array) => boolean) | undefined;
  /** Messages that the fault `deliver.twice` has requeued. */
  readonly #duplicates = new Set<number>();
  settings: SubscriptionSettings;
  /** Null after the topic was deleted; the backlog stays. */
  topic: Topic | null;

  constructor(
    log: CommitLog,
    row: SubscriptionRow,
    settings: SubscriptionSettings,
    topic: Topic | null,
    { faults, publish }: { faults?: Faults | undefined; publish?: PublishTo } = {},
  ) {
    this.#faults = faults;
    this.#publish = publish;
    this.#ordered = settings.ordered ? new OrderedKeys() : undefined;
    this.id = row.id;
    this.name = row.name;
    this.settings = settings;
    this.#passes = settings.filter ? parseFilter(settings.filter) : undefined;
    this.topic = topic;
    this.#log = log;
    this.#backlog = new Backlog(log, row);
    this.#leases = new Leases(row.id, (expired) => {
      for (const lease of expired) this.#retryLater(lease.key);
      this.scheduleDelivery();
    });
    this.#backoff = new RetryBackoff((keys) => {
      for (const key of keys) {
        if (!this.#ordered?.release(key)) this.#backlog.requeue(key);
      }
      this.scheduleDelivery();
    });
  }

  get row(): SubscriptionRow {
    return this.#backlog.row;
  }

  /** Throws FAILED_PRECONDITION if it is detached from its topic. */
  checkAttached(): void {
    if (this.settings.detached) throw detachedError(this.name);
  }

  /** Throws FAILED_PRECONDITION if its messages are pushed: then nobody else gets them. */
  checkPulled(): void {
    if (!this.settings.push) return;
    const message = 'This method is not supported for push subscriptions';
    throw new PubsubError('FAILED_PRECONDITION', `${message} (resource=${this.name}).`);
  }

  /** Ends its streams and drops its messages. */
  detached(): void {
    this.#log.flush();
    this.#log.store.transact(() => this.#backlog.discardAll());
    this.#forgetDeliveries();
    this.#backlog.reset(this.#backlog.row);
    this.failConsumers(detachedError(this.name));
  }

  /**
   * Changes which messages are acked. The acks of all earlier deliveries are ignored from now on.
   *
   * @param move changes the backlog in the store, in a transaction
   */
  seek(move: (row: SubscriptionRow) => SubscriptionRow): void {
    this.#log.flush();
    const row = this.#log.store.transact(() => move(this.#backlog.row));
    this.#forgetDeliveries();
    this.#backlog.reset(row);
    this.scheduleDelivery();
  }

  #forgetDeliveries(): void {
    this.#leases.endAll();
    this.#leases.invalidateAckIds();
    this.#backoff.prune(() => false);
    this.#attempts.prune(() => false);
    this.#ordered?.clear();
  }

  published(segment: Segment): void {
    this.#backlog.published(segment);
    this.scheduleDelivery();
  }

  /** Whether a stream that is opened now works: the faults of streams say otherwise. */
  openStream(): { brings: boolean; answers: boolean } {
    return faultyStream(this.#faults, this.name);
  }

  attach(consumer: Consumer): void {
    if (this.#closed) {
      consumer.fail(this.#closed);
      return;
    }
    if (this.settings.detached) {
      consumer.fail(detachedError(this.name));
      return;
    }
    this.#consumers.push(consumer);
    this.scheduleDelivery();
  }

  /** As on the service, its leases continue until an ack, a nack or their expiry. */
  detach(consumer: Consumer): void {
    const index = this.#consumers.indexOf(consumer);
    if (index >= 0) this.#consumers.splice(index, 1);
  }

  failConsumers(error: PubsubError): void {
    for (const consumer of this.#consumers.splice(0)) consumer.fail(error);
  }

  endConsumers(): void {
    for (const consumer of this.#consumers.splice(0)) consumer.end();
  }

  /**
   * Resolves when the acks are on disk. An ack id whose lease has expired still acks the message, if
   * the message is outstanding; with exactly-once delivery it is refused, and returned.
   * Throws INVALID_ARGUMENT for a malformed id, before anything is acked.
   */
  async acknowledge(ackIds: readonly string[]): Promise<readonly string[]> {
    const refused = this.#endedAmong(ackIds);
    await this.#acknowledge(refused.length > 0 ? without(ackIds, refused) : ackIds);
    return refused;
  }

  async #acknowledge(ackIds: readonly string[]): Promise<void> {
    const parsedIds = ackIds.map((ackId) => this.#leases.parse(ackId));
    const { counts, answer } = faultyAck(this.#faults, this.name);
    let hasNew = false;
    for (const ackId of counts ? parsedIds : []) {
      if (this.#leases.isInvalidated(ackId)) continue;
      const lease = this.#leases.of(ackId.key);
      if (lease) this.#leases.end(lease);
      if (!this.#backlog.ack(ackId.key)) continue;
      this.#forget(ackId.key);
      hasNew = true;
    }
    this.scheduleDelivery();
    if (hasNew) await this.#log.writeAcks(this.#backlog);
    await answer();
  }

  #forget(key: number): void {
    this.#backoff.forget(key);
    if (this.settings.deadLetterPolicy) this.#attempts.forget(key);
    this.#ordered?.done(key);
  }

  /** With exactly-once delivery, the ack ids whose lease has ended. */
  #endedAmong(ackIds: readonly string[]): readonly string[] {
    if (!this.settings.exactlyOnce) return [];
    return ackIds.filter((ackId) => !this.#leases.current(this.#leases.parse(ackId)));
  }

  /**
   * 0 seconds is a nack. An ack id whose lease has ended changes nothing; with exactly-once delivery it is
   * returned.
   */
  modifyDeadlines(
    ackIds: readonly string[],
    seconds: (index: number) => number,
  ): readonly string[] {
    const refused = this.#endedAmong(ackIds);
    const changes = ackIds.map((ackId, index) => ({
      ackId: this.#leases.parse(ackId),
      seconds: checkDeadline(seconds(index)),
    }));
    for (const change of modackCounts(this.#faults, this.name) ? changes : []) {
      const lease = this.#leases.current(change.ackId);
      if (!lease) continue;
      if (change.seconds > 0) {
        this.#leases.extend(lease, change.seconds * 1000);
      } else {
        this.#leases.end(lease);
        this.#retryLater(lease.key);
      }
    }
    this.scheduleDelivery();
    return refused;
  }

  /** Ends every lease, so that all outstanding messages are delivered again without a backoff. */
  endLeases(): void {
    for (const { key } of this.#leases.endAll()) {
      if (!this.#ordered?.retry(key, false)) this.#backlog.requeue(key);
    }
    this.scheduleDelivery();
  }

  /** As `endLeases`, and all earlier ack ids are ignored from now on. */
  expireLeases(): void {
    this.#leases.invalidateAckIds();
    this.endLeases();
  }

  /** Delivers ready messages to clients with capacity, in the next turn of the event loop. */
  scheduleDelivery(): void {
    if (this.#isScheduled || this.#consumers.length === 0) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      this.#deliver();
    });
  }

  /** Drops messages that are older than the retention. */
  expire(nowMs: number): void {
    const beforeMs = nowMs - this.settings.messageRetentionSeconds * 1000;
    this.#log.store.transact(() => this.#backlog.expire(beforeMs));
    const isOutstanding = (key: number) => this.#backlog.isOutstanding(key);
    this.#backoff.prune(isOutstanding);
    this.#attempts.prune(isOutstanding);
    this.#ordered?.prune(isOutstanding);
  }

  /** Deletes the row and the backlog, and ends all streams. */
  delete(): void {
    this.#log.flush();
    this.#log.store.transact(() => {
      this.#backlog.discardAll();
      this.#log.store.deleteRow('subscriptions', this.id);
    });
    this.close(
      new PubsubError('NOT_FOUND', `Subscription does not exist (resource=${this.name}).`),
    );
  }

  close(reason: PubsubError): void {
    this.#closed = reason;
    this.failConsumers(reason);
    this.#leases.close();
    this.#backoff.close();
  }

  /** After a nack or an expired lease: delivers the message again, at once or after the policy's backoff. */
  #retryLater(key: number): void {
    const { deadLetterPolicy } = this.settings;
    if (deadLetterPolicy && this.#attempts.failed(key, deadLetterPolicy)) {
      this.#moveAway(key, deadLetterPolicy.deadLetterTopic).catch(() => this.#retry(key));
    } else this.#retry(key);
  }

  #retry(key: number): void {
    if (this.#closed) return;
    const { retryPolicy } = this.settings;
    const later = this.#ordered?.retry(key, retryPolicy !== null);
    for (const follower of later ?? []) {
      const lease = this.#leases.of(follower);
      if (lease) this.#leases.end(lease);
    }
    if (retryPolicy) this.#backoff.schedule(key, retryPolicy);
    else if (!later) this.#backlog.requeue(key);
    this.scheduleDelivery();
  }

  /** To the dead-letter topic. The ack comes after the message is on disk there, so a crash doubles it at most. */
  async #moveAway(key: number, topic: string): Promise<void> {
    const ready = this.#backlog.read(key);
    if (!ready) return this.#forget(key);
    await this.#publish?.(topic, deadLetterOf(ready, this.name, this.#attempts.of(key) - 1));
    if (!this.#backlog.ack(key)) return;
    this.#forget(key);
    await this.#log.writeAcks(this.#backlog).catch(() => {});
    this.scheduleDelivery();
  }

  #deliver(): void {
    for (;;) {
      const consumer = this.#nextConsumer();
      if (!consumer) return;
      const ready = this.#take(consumer);
      if (ready.length === 0) return;
      if (ready.length > 1 && this.#faults?.take(['deliver.out-of-order'], this.name)) {
        ready.reverse();
      }
      const deliveries = ready.map(({ key, publishedMs, payload }) => ({
        ackId: this.#leases.begin(key, payload.length, consumer, consumer.leaseMs),
        ...{ key, publishedMs, payload },
        attempt: this.settings.deadLetterPolicy ? this.#attempts.of(key) : 0,
      }));
      consumer.deliver(deliveries);
      if (this.#faults) this.#deliverTwice(ready, this.#faults);
    }
  }

  /** The fault `deliver.twice`. A duplicate is not duplicated again. */
  #deliverTwice(ready: readonly Ready[], faults: Faults): void {
    const firsts = ready.filter(({ key }) => !this.#duplicates.delete(key));
    if (firsts.length === 0 || !faults.take(['deliver.twice'], this.name)) return;
    for (const { key } of firsts) {
      this.#duplicates.add(key);
      this.#backlog.requeue(key);
    }
  }

  /** Round robin over the clients that have capacity. */
  #nextConsumer(): Consumer | null {
    const consumers = this.#consumers;
    for (let tried = 0; tried < consumers.length; tried++) {
      this.#lastServed = (this.#lastServed + 1) % consumers.length;
      const consumer = consumers[this.#lastServed];
      if (consumer && consumer.capacity.messages > 0 && consumer.capacity.bytes > 0)
        return consumer;
    }
    return null;
  }

  /** An equal share of the ready messages, within the capacity. */
  #take(consumer: Consumer): Ready[] {
    const { capacity } = consumer;
    const taken: Ready[] = [];
    this.#ordered?.beginBatch();
    const first = this.#next();
    if (!first) return taken;
    taken.push(first);
    const waiting = this.#backlog.readyCount + (this.#ordered?.waitingCount ?? 0);
    const share = Math.ceil((waiting + 1) / this.#consumers.length);
    const most = Math.min(capacity.messages, MAX_RESPONSE_MESSAGES, share);
    let bytes = first.payload.length;
    while (taken.length < most && bytes < Math.min(capacity.bytes, MAX_RESPONSE_BYTES)) {
      const ready = this.#next();
      if (!ready) break;
      bytes += ready.payload.length;
      taken.push(ready);
    }
    return taken;
  }

  #next(): Ready | null {
    if (!this.#ordered) return this.#nextPassing();
    return this.#ordered.next(
      () => this.#nextPassing(),
      (key) => this.#backlog.read(key),
    );
  }

  /** As on the service, a message that does not pass the filter is acked. */
  #nextPassing(): Ready | null {
    let isSkipped = false;
    for (;;) {
      const ready = this.#backlog.next();
      if (ready && this.#passes && !this.#passes(ready.payload)) {
        isSkipped = this.#backlog.ack(ready.key) || isSkipped;
        continue;
      }
      // If the store refuses these acks, the messages are skipped again.
      if (isSkipped) this.#log.writeAcks(this.#backlog).catch(() => {});
      return ready;
    }
  }
}

function without(ackIds: readonly string[], refused: readonly string[]): string[] {
  const gone = new Set(refused);
  return ackIds.filter((ackId) => !gone.has(ackId));
}

function detachedError(name: string): PubsubError {
  return new PubsubError(
    'FAILED_PRECONDITION',
    `Subscription is detached from its topic (resource=${name}).`,
  );
}

function checkDeadline(seconds: number): number {
  if (seconds < 0 || seconds > MAX_DEADLINE_SECONDS) {
    throw invalid(
      `Invalid ack deadline given: (ack_deadline_seconds=${seconds}); it must be 0 to 600.`,
    );
  }
  return seconds;
}
