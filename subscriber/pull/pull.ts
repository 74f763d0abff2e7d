import { randomUUID } from 'node:crypto';
import { status } from '@grpc/grpc-js';
import type { Log } from '../log.ts';
import { ResponseDecoder } from './decode-response.ts';
import { LeaseBatch, type LeasedMessage } from './leased-message.ts';
import { firstLeaseSeconds, Leases } from './leases.ts';
import type { PullClient } from './pull-client.ts';
import { PullStream, type StreamTimes, streamTimes } from './pull-stream.ts';
import { RequestBatcher } from './request-batcher.ts';
import { backoffMs, isFatal, type StreamEnd } from './stream-end.ts';
import type { PulledMessage } from './subscription.ts';

interface PullLimits {
  messages: number;
  bytes: number;
}

export interface PullOptions {
  client: PullClient;
  /** The full name: `projects/…/subscriptions/…` */
  subscription: string;
  limits: PullLimits;
  /** Called for each message. It must ack or nack it in the end, and not throw. */
  onMessage(message: PulledMessage): void;
  /** Called once, when waiting would not help. */
  onFailure(end: StreamEnd): void;
  log: Log;
  /** Pub/Sub sends 10 MB/s a stream at most: https://cloud.google.com/pubsub/quotas */
  streams?: number;
  times?: Partial<StreamTimes>;
  random?: () => number;
  now?: () => number;
}

/** With more of a limit in use, no stream is opened or resumed: it would bring as much again. */
const openShare = 0.9;
/** With more of a limit in use, an idle stream may only have no room. */
const idleShare = 0.5;

interface Slot {
  stream?: PullStream | undefined;
  /** How often it was opened without success. */
  tries: number;
  reopening?: NodeJS.Timeout | undefined;
}

/**
 * Pulls a subscription: keeps streams open, extends the leases of what is held, sends acks and nacks. Pub/Sub sends
 * no more than the limits, which the streams share; where a new stream adds to what an earlier one brought, the
 * streams are paused.
 */
export class Pull {
  readonly #options: Required<PullOptions>;
  readonly #times: StreamTimes;
  readonly #leases: Leases;
  readonly #acks: RequestBatcher;
  readonly #nacks: RequestBatcher;
  readonly #slots: Slot[];
  readonly #tick: NodeJS.Timeout;
  readonly #clientId = randomUUID();
  readonly #decoder = new ResponseDecoder();
  #heldMessages = 0;
  #heldBytes = 0;
  #isPaused = false;
  /** Streams are paused, or not opened, until less is held. */
  #isHeldBack = false;
  #isStopping = false;
  #onEmpty = () => {};
  readonly #streamsEnded = Promise.withResolvers<void>();

  constructor(options: PullOptions) {
    const now = options.now ?? (() => performance.now());
    this.#options = { streams: 4, times: {}, random: Math.random, now, ...options };
    this.#times = { ...streamTimes, ...options.times };
    const { client, random } = this.#options;
    const extend = client.modifyAckDeadline;
    this.#leases = new Leases({ extend, now });
    const shared = { random, now, onDropped: this.#dropped.bind(this) };
    this.#acks = new RequestBatcher({ ...shared, send: (ids) => client.acknowledge(ids) });
    this.#nacks = new RequestBatcher({
      ...shared,
      send: (ids) => client.modifyAckDeadline(ids, 0),
    });
    this.#slots = Array.from({ length: this.#options.streams }, () => ({ tries: 0 }));
    for (const slot of this.#slots) this.#open(slot);
    this.#tick = setInterval(() => this.#check(), this.#times.checkMs);
  }

  /** How many messages are neither acked nor nacked. */
  get held(): number {
    return this.#heldMessages;
  }

  /** Takes nothing more: what Pub/Sub has sent by now and still arrives is nacked, so that others get it at once. */
  async stop(): Promise<void> {
    if (!this.#isStopping) {
      this.#isStopping = true;
      for (const slot of this.#slots) {
        clearTimeout(slot.reopening);
        slot.stream?.finish();
      }
      this.#noteStreams();
    }
    await this.#streamsEnded.promise;
  }

  /**
   * Waits until everything held is settled, and until Pub/Sub has answered each ack and nack; then closes the client.
   *
   * @param withinMs after it, what is held is left to the end of its lease
   */
  async close(withinMs: number): Promise<void> {
    const signal = AbortSignal.timeout(Math.max(0, Math.ceil(withinMs)));
    const aborted = new Promise<void>((resolve) => {
      signal.addEventListener('abort', () => resolve(), { once: true });
    });
    const empty = new Promise<void>((resolve) => {
      this.#onEmpty = resolve;
    });
    await this.stop();
    if (this.#heldMessages > 0) await Promise.race([empty, aborted]);
    await Promise.all([this.#acks.flush(signal), this.#nacks.flush(signal)]);
    clearInterval(this.#tick);
    await this.#options.client.close();
  }

  ack(message: LeasedMessage): void {
    this.#acks.add(message);
    this.#settled(message);
  }

  nack(message: LeasedMessage): void {
    this.#nacks.add(message);
    this.#settled(message);
  }

  #open(slot: Slot): void {
    const { client, subscription, limits, streams, now } = this.#options;
    const stream: PullStream = new PullStream(client.open(), {
      request: {
        subscription,
        streamAckDeadlineSeconds: firstLeaseSeconds,
        clientId: this.#clientId,
        maxOutstandingMessages: Math.ceil(limits.messages / streams),
        maxOutstandingBytes: Math.ceil(limits.bytes / streams),
        // With this version, Pub/Sub answers pings.
        protocolVersion: 1,
      },
      times: this.#times,
      now,
      onResponse: (response) => this.#take(response),
      onEnd: (end) => this.#ended(slot, stream, end),
    });
    slot.stream = stream;
  }

  #ended(slot: Slot, stream: PullStream, end: StreamEnd): void {
    slot.stream = undefined;
    if (this.#isStopping) {
      this.#noteStreams();
      return;
    }
    if (isFatal(end.code)) {
      void this.stop();
      this.#options.onFailure(end);
      return;
    }
    slot.tries = stream.hasWorked ? 0 : slot.tries + 1;
    this.#reopen(slot);
  }

  #noteStreams(): void {
    if (this.#slots.every(({ stream }) => !stream)) this.#streamsEnded.resolve();
  }

  #reopen(slot: Slot): void {
    const waitMs = backoffMs(slot.tries, this.#options.random);
    slot.reopening = setTimeout(() => {
      slot.reopening = undefined;
      if (this.#isStopping) return;
      if (this.#holdsLessThan(openShare)) this.#open(slot);
      else this.#isHeldBack = true;
    }, waitMs);
  }

  #holdsLessThan(share: number): boolean {
    const { messages, bytes } = this.#options.limits;
    return this.#heldMessages < messages * share && this.#heldBytes < bytes * share;
  }

  #take(response: Buffer): number {
    const lease = { now: this.#options.now(), seconds: firstLeaseSeconds };
    const batch = new LeaseBatch(this, lease);
    const count = this.#decoder.decode(response, batch.add);
    if (count === 0) return 0;
    this.#leases.add(batch);
    this.#heldMessages += count;
    for (const { data } of batch.messages) this.#heldBytes += data.length;
    for (const message of batch.messages) {
      if (this.#isStopping) message.nack();
      else this.#options.onMessage(message);
    }
    const { messages, bytes } = this.#options.limits;
    if (this.#heldMessages > messages || this.#heldBytes > bytes) this.#pause();
    return count;
  }

  #settled({ data }: LeasedMessage): void {
    this.#heldMessages--;
    this.#heldBytes -= data.length;
    if (this.#heldMessages === 0) this.#onEmpty();
    if (this.#isHeldBack && this.#holdsLessThan(openShare)) this.#goOn();
  }

  #pause(): void {
    if (this.#isPaused || this.#isStopping) return;
    this.#isPaused = true;
    this.#isHeldBack = true;
    for (const { stream } of this.#slots) stream?.pause();
  }

  #goOn(): void {
    this.#isPaused = false;
    this.#isHeldBack = false;
    if (this.#isStopping) return;
    for (const slot of this.#slots) {
      if (slot.stream) slot.stream.resume();
      else if (!slot.reopening) this.#reopen(slot);
    }
  }

  #check(): void {
    void this.#leases.extendDue();
    const mayBeStuck = this.#holdsLessThan(idleShare);
    for (const { stream } of this.#slots) stream?.check(mayBeStuck);
  }

  #dropped(count: number, { code, message }: StreamEnd): void {
    this.#options.log({
      severity: 'WARNING',
      message: 'Pub/Sub refused acks or nacks; it delivers their messages again',
      count,
      cause: `${status[code] ?? code}: ${message}`,
    });
  }
}
