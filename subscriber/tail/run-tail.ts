import { randomBytes } from 'node:crypto';
import {
  Duration,
  type Message,
  type PubSub,
  type Subscription,
  SubscriptionCloseBehaviors,
} from '@google-cloud/pubsub';
import { status } from '@grpc/grpc-js';
import type { Relay } from '../../shared/config/config.ts';
import { RecentIds } from '../pull/redeliveries.ts';
import { endOf } from '../pull/stream-end.ts';
import { readTailEvent, type TailEvent } from './tail-event.ts';
import { openTailSubscription, removeTailSubscription } from './tail-subscription.ts';
import { SubscriptionWatch, type TailFailure } from './watch-subscription.ts';

/** What the tail says about itself. */
export type TailNotice =
  | { kind: 'opened'; subscription: string; isResumed: boolean }
  /** How many deliveries came while the tail was off; all of them have been shown. */
  | { kind: 'caught up'; deliveries: number }
  | { kind: 'connection'; state: 'lost' | 'back' };

export interface TailOptions {
  pubsub: PubSub;
  relay: Relay;
  /** The end of the subscription's name. */
  name: string;
  /** Only of this stream. */
  stream?: string;
  /** The message is acked once this has resolved. Until then its event counts against the limits. */
  onEvent(event: TailEvent): Promise<void>;
  onNotice(notice: TailNotice): void;
  /** Ends the tail. */
  signal: AbortSignal;
  /** Whether the subscription stays when the signal ends the tail. */
  keeps?: () => boolean;
  watchEveryMs?: number;
  giveUpAfterMs?: number;
  now?: () => number;
}

export interface TailEnd {
  subscription: string;
  /** Absent if the signal ended it. */
  failure?: TailFailure;
  /** Messages that had come, and were not shown. */
  unshown: number;
  isRemoved: boolean;
  /** Why it could not be removed. */
  problem?: string;
}

/** What is pulled and not shown yet: the rest waits in Pub/Sub. */
const limits = { maxMessages: 500, maxBytes: 16 * 1024 * 1024, allowExcessMessages: false };
const rememberedIds = 10_000;
/** Without a message for so long, nothing more is left of what came while the tail was off. */
const caughtUpAfterMs = 2000;

/**
 * Follows the relay's topic by a subscription of its own, until the signal ends it or it can't go on. The subscription
 * is removed at the end, except where a later tail of the same name can go on with it.
 *
 * @throws RelayError of openTailSubscription
 */
export async function runTail(options: TailOptions): Promise<TailEnd> {
  const { pubsub, relay, name, stream, signal, onNotice, keeps = () => false } = options;
  const holder = randomBytes(4).toString('hex');
  const opened = await openTailSubscription(pubsub, relay, {
    name,
    holder,
    ...(stream !== undefined && { stream }),
  });
  onNotice({ kind: 'opened', subscription: opened.name, isResumed: opened.isResumed });
  const pull = new TailPull(pubsub, opened.name, opened.isResumed, options);
  const failure = await pull.untilEnded(holder, signal);
  const unshown = await pull.close();
  const isLeft = failure ? failure.why !== 'no topic' : keeps();
  if (failure?.why === 'deleted') {
    return { subscription: opened.name, failure, unshown, isRemoved: true };
  }
  const problem = isLeft ? undefined : await removeTailSubscription(pubsub, opened.name);
  return {
    subscription: opened.name,
    ...(failure && { failure }),
    unshown,
    isRemoved: !isLeft && problem === undefined,
    ...(problem !== undefined && { problem }),
  };
}

class TailPull {
  readonly #options: TailOptions;
  readonly #subscription: Subscription;
  readonly #shown = new RecentIds(rememberedIds);
  /** By message id. A message that comes twice at a time is shown once. */
  readonly #open = new Map<string, Promise<void>>();
  readonly #startedAt: number;
  readonly #now: () => number;
  #late = 0;
  #caughtUp: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(pubsub: PubSub, name: string, isResumed: boolean, options: TailOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
    this.#startedAt = isResumed ? this.#now() : Number.NEGATIVE_INFINITY;
    if (isResumed) this.#waitForLate();
    this.#subscription = pubsub.subscription(name, {
      flowControl: limits,
      // One stream keeps the order in which Pub/Sub delivers.
      streamingOptions: { maxStreams: 1 },
      // By default the lease of what a slow terminal has not shown ends after an hour.
      maxExtensionTime: Duration.from({ hours: 24 }),
      closeOptions: { behavior: SubscriptionCloseBehaviors.NackImmediately },
    });
  }

  /** Resolves with the reason why it can't go on; undefined when the signal ends it. */
  async untilEnded(holder: string, signal: AbortSignal): Promise<TailFailure | undefined> {
    const { promise, resolve } = Promise.withResolvers<TailFailure | undefined>();
    const { watchEveryMs = 10_000, giveUpAfterMs = 600_000, onNotice } = this.#options;
    const watch = new SubscriptionWatch(this.#subscription, {
      holder,
      everyMs: watchEveryMs,
      giveUpAfterMs,
      now: this.#now,
      onConnection: (state) => onNotice({ kind: 'connection', state }),
      onFailure: resolve,
    });
    const abort = () => resolve(undefined);
    signal.addEventListener('abort', abort, { once: true });
    if (signal.aborted) abort();
    this.#subscription.on('error', (error) => resolve(failureOf(error)));
    this.#subscription.on('message', (message: Message) => this.#take(message));
    const failure = await promise;
    watch.stop();
    signal.removeEventListener('abort', abort);
    return failure;
  }

  /** @returns how many messages had come and were not shown */
  async close(): Promise<number> {
    this.#isClosed = true;
    const unshown = this.#open.size;
    if (this.#caughtUp) this.#sayCaughtUp();
    // Its own errors do not matter any more.
    this.#subscription.on('error', () => {});
    await this.#subscription.close().catch(() => {});
    return unshown;
  }

  #take(message: Message): void {
    if (this.#isClosed) return;
    if (this.#shown.has(message.id)) {
      message.ack();
      return;
    }
    let open = this.#open.get(message.id);
    if (!open) {
      open = this.#show(message).finally(() => this.#open.delete(message.id));
      this.#open.set(message.id, open);
    }
    open.then(
      () => message.ack(),
      () => message.nack(),
    );
  }

  async #show(message: Message): Promise<void> {
    const { stream, onEvent } = this.#options;
    const isLate = message.publishTime.getTime() < this.#startedAt;
    const event = readTailEvent(message, { stream, now: this.#now(), isLate });
    if (isLate) {
      if (event?.kind === 'delivery') this.#late++;
      this.#waitForLate();
    } else if (this.#caughtUp) this.#sayCaughtUp();
    if (event) await onEvent(event);
    this.#shown.add(message.id);
  }

  #waitForLate(): void {
    clearTimeout(this.#caughtUp);
    this.#caughtUp = setTimeout(() => this.#sayCaughtUp(), caughtUpAfterMs);
  }

  #sayCaughtUp(): void {
    clearTimeout(this.#caughtUp);
    this.#caughtUp = undefined;
    this.#options.onNotice({ kind: 'caught up', deliveries: this.#late });
    this.#late = 0;
  }
}

/** An error after which the client does not open the stream again. */
function failureOf(error: Error): TailFailure {
  switch (endOf(error).code) {
    case status.NOT_FOUND:
      return { why: 'deleted', problem: 'somebody deleted the subscription' };
    case status.PERMISSION_DENIED:
    case status.UNAUTHENTICATED:
      return { why: 'no permission', problem: error.message };
    default:
      return { why: 'failed', problem: error.message };
  }
}
