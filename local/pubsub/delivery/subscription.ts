// The one place where messages are leased, acked, given back and delivered: gRPC, streams and REST
// all come here.

import type { Faults } from '../../faults/faults.ts';
import { ConnectionCut, invalid, PubsubError, scripted } from '../errors.ts';
import type { SubscriptionSettings } from '../settings.ts';
import type { Log } from '../storage/commit-log.ts';
import type { Segment } from '../storage/segment.ts';
import type { SubscriptionRow } from '../storage/store.ts';
import type { Delivery } from '../transport/encode-deliveries.ts';
import { Backlog, type Ready } from './backlog.ts';
import { type Holder, Leases } from './leases.ts';
import { Rests } from './retry-backoff.ts';
import type { Topic } from './topic.ts';

/** Somebody who takes messages: an open stream, or a pull that waits. */
export interface Consumer extends Holder {
  readonly leaseMs: number;
  /** What it may be sent now; a message is sent while both are above 0. */
  readonly room: { readonly messages: number; readonly bytes: number };
  deliver(deliveries: readonly Delivery[]): void;
  fail(error: PubsubError): void;
}

/** The most that one response carries. */
const RESPONSE_MESSAGES = 1000;
const RESPONSE_BYTES = 1024 * 1024;
const MAX_DEADLINE_SECONDS = 600;

export class Subscription {
  readonly id: number;
  readonly name: string;
  readonly #log: Log;
  readonly #backlog: Backlog;
  readonly #leases: Leases;
  readonly #rests: Rests;
  readonly #consumers: Consumer[] = [];
  #pumping = false;
  #turn = 0;
  #closed: PubsubError | null = null;
  readonly #faults: Faults | undefined;
  /** Messages whose second delivery is scripted and on its way. */
  readonly #twice = new Set<number>();
  settings: SubscriptionSettings;
  /** Null once the topic was deleted; the backlog stays. */
  topic: Topic | null;

  constructor(
    log: Log,
    row: SubscriptionRow,
    settings: SubscriptionSettings,
    topic: Topic | null,
    faults?: Faults,
  ) {
    this.#faults = faults;
    this.id = row.id;
    this.name = row.name;
    this.settings = settings;
    this.topic = topic;
    this.#log = log;
    this.#backlog = new Backlog(log, row);
    this.#leases = new Leases(row.id, (expired) => {
      for (const lease of expired) this.#takeBack(lease.key);
      this.pump();
    });
    this.#rests = new Rests((keys) => {
      for (const key of keys) this.#backlog.giveBack(key);
      this.pump();
    });
  }

  published(segment: Segment): void {
    this.#backlog.published(segment);
    this.pump();
  }

  attach(consumer: Consumer): void {
    if (this.#closed) {
      consumer.fail(this.#closed);
      return;
    }
    this.#consumers.push(consumer);
    this.pump();
  }

  /** Its leases go on until they are acked, given back or expired, as on the service. */
  detach(consumer: Consumer): void {
    const index = this.#consumers.indexOf(consumer);
    if (index >= 0) this.#consumers.splice(index, 1);
  }

  failConsumers(error: PubsubError): void {
    for (const consumer of this.#consumers.splice(0)) consumer.fail(error);
  }

  /**
   * Resolves once the acks are on disk. An id whose lease has expired still acks, as long as the
   * message is there. INVALID_ARGUMENT for a malformed id, and then none is acked.
   */
  async acknowledge(ackIds: readonly string[]): Promise<void> {
    const tickets = ackIds.map((ackId) => this.#leases.parse(ackId));
    const fault = this.#faults?.take(['ack.lost', 'ack.lost-answer', 'ack.status'], this.name);
    if (fault?.name === 'ack.lost') return;
    if (fault?.name === 'ack.status') throw scripted(fault);
    let fresh = false;
    for (const ticket of tickets) {
      if (this.#leases.isForgotten(ticket)) continue;
      const lease = this.#leases.of(ticket.key);
      if (lease) this.#leases.end(lease);
      if (!this.#backlog.ack(ticket.key)) continue;
      this.#rests.forget(ticket.key);
      fresh = true;
    }
    this.pump();
    if (fresh) await this.#log.writeAcks(this.#backlog);
    if (fault) throw new ConnectionCut();
  }

  /** 0 seconds gives a message back. An id whose lease has ended changes nothing. */
  modifyDeadlines(ackIds: readonly string[], seconds: (index: number) => number): void {
    const changes = ackIds.map((ackId, index) => ({
      ticket: this.#leases.parse(ackId),
      seconds: checkDeadline(seconds(index)),
    }));
    for (const change of changes) {
      const lease = this.#leases.current(change.ticket);
      if (!lease) continue;
      if (change.seconds > 0) {
        this.#leases.extend(lease, change.seconds * 1000);
      } else {
        this.#leases.end(lease);
        this.#takeBack(lease.key);
      }
    }
    this.pump();
  }

  /** Ends every lease, so that all that is outstanding is delivered again, without any rest. */
  endLeases(): void {
    for (const { key } of this.#leases.endAll()) this.#backlog.giveBack(key);
    this.pump();
  }

  /** As `endLeases`, and the ack ids that were given out ack nothing any more. */
  expireLeases(): void {
    this.#leases.forgetTickets();
    this.endLeases();
  }

  /** Delivers what is ready to whoever has room, in the next turn of the event loop. */
  pump(): void {
    if (this.#pumping || this.#consumers.length === 0) return;
    this.#pumping = true;
    setImmediate(() => {
      this.#pumping = false;
      this.#deliver();
    });
  }

  /** Drops what is older than the retention. */
  expire(nowMs: number): void {
    const beforeMs = nowMs - this.settings.messageRetentionSeconds * 1000;
    this.#log.store.transact(() => this.#backlog.expire(beforeMs));
    this.#rests.prune((key) => this.#backlog.holds(key));
  }

  /** The subscription was deleted: its row and backlog go, and its streams end. */
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
    this.#rests.close();
  }

  /** A message came back: it is delivered again at once, or after the rest that a policy gives it. */
  #takeBack(key: number): void {
    const { retryPolicy } = this.settings;
    if (retryPolicy) this.#rests.begin(key, retryPolicy);
    else this.#backlog.giveBack(key);
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
      }));
      consumer.deliver(deliveries);
      if (this.#faults) this.#deliverTwice(ready, this.#faults);
    }
  }

  /** A second delivery is not delivered twice in its turn. */
  #deliverTwice(ready: readonly Ready[], faults: Faults): void {
    const firsts = ready.filter(({ key }) => !this.#twice.delete(key));
    if (firsts.length === 0 || !faults.take(['deliver.twice'], this.name)) return;
    for (const { key } of firsts) {
      this.#twice.add(key);
      this.#backlog.giveBack(key);
    }
  }

  /** The open streams take turns. */
  #nextConsumer(): Consumer | null {
    const consumers = this.#consumers;
    for (let tried = 0; tried < consumers.length; tried++) {
      this.#turn = (this.#turn + 1) % consumers.length;
      const consumer = consumers[this.#turn];
      if (consumer && consumer.room.messages > 0 && consumer.room.bytes > 0) return consumer;
    }
    return null;
  }

  /** A fair part of what is ready. */
  #take(consumer: Consumer): Ready[] {
    const { room } = consumer;
    const taken: Ready[] = [];
    const first = this.#backlog.next();
    if (!first) return taken;
    taken.push(first);
    const share = Math.ceil((this.#backlog.known + 1) / this.#consumers.length);
    const most = Math.min(room.messages, RESPONSE_MESSAGES, share);
    let bytes = first.payload.length;
    while (taken.length < most && bytes < Math.min(room.bytes, RESPONSE_BYTES)) {
      const ready = this.#backlog.next();
      if (!ready) break;
      bytes += ready.payload.length;
      taken.push(ready);
    }
    return taken;
  }
}

function checkDeadline(seconds: number): number {
  if (seconds < 0 || seconds > MAX_DEADLINE_SECONDS) {
    throw invalid(`Invalid ack deadline given: (ack_deadline_seconds=${seconds}); it is 0 to 600.`);
  }
  return seconds;
}
