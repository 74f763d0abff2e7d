import type { Subscription } from '@google-cloud/pubsub';
import { status } from '@grpc/grpc-js';
import { endOf } from '../pull/stream-end.ts';
import { within } from '../within.ts';
import { deletedTopic } from './tail-subscription.ts';

/** Why a tail can't go on. */
export type TailFailure = {
  why: 'deleted' | 'taken over' | 'no permission' | 'no topic' | 'unreachable' | 'failed';
  problem: string;
};

export interface WatchOptions {
  holder: string;
  everyMs: number;
  /** Pub/Sub's client tries for ever, and says nothing. */
  giveUpAfterMs: number;
  now: () => number;
  /** Called when Pub/Sub stops to answer, and when it answers again. */
  onConnection(state: 'lost' | 'back'): void;
  onFailure(failure: TailFailure): void;
}

const answerWithinMs = 5000;

/**
 * Asks Pub/Sub again and again whether the subscription is there and still ours. The client's stream alone would not
 * tell: it is opened again in silence, for as long as that takes.
 */
export class SubscriptionWatch {
  readonly #subscription: Subscription;
  readonly #options: WatchOptions;
  readonly #timer: NodeJS.Timeout;
  #isAsking = false;
  #wasReadable = false;
  #failures = 0;
  #lostAt: number | undefined;

  constructor(subscription: Subscription, options: WatchOptions) {
    this.#subscription = subscription;
    this.#options = options;
    this.#timer = setInterval(() => void this.#ask(), options.everyMs);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  async #ask(): Promise<void> {
    if (this.#isAsking) return;
    this.#isAsking = true;
    try {
      const call = this.#subscription.getMetadata({ timeout: answerWithinMs, retry: null });
      const [{ labels, topic }] = await within(answerWithinMs, call);
      this.#wasReadable = true;
      this.#answered();
      if (topic === deletedTopic) this.#fail('no topic', 'the topic was deleted');
      else if (labels?.['holder'] !== this.#options.holder) {
        this.#fail('taken over', 'another tail of the same name has started');
      }
    } catch (error) {
      this.#refused(error as Error);
    } finally {
      this.#isAsking = false;
    }
  }

  #refused(error: Error): void {
    const { code } = endOf(error);
    if (code === status.NOT_FOUND) this.#fail('deleted', 'somebody deleted the subscription');
    else if (code !== status.PERMISSION_DENIED) this.#unanswered(error);
    // Who may pull need not be allowed to look at the subscription.
    else if (this.#wasReadable) this.#fail('no permission', error.message);
  }

  #unanswered(error: Error): void {
    const { now, giveUpAfterMs, onConnection } = this.#options;
    this.#failures++;
    this.#lostAt ??= now();
    // One unanswered question may be chance.
    if (this.#failures === 2) onConnection('lost');
    if (now() - this.#lostAt < giveUpAfterMs) return;
    const minutes = Math.round((now() - this.#lostAt) / 60_000);
    this.#fail('unreachable', `Pub/Sub has not answered for ${minutes} minutes: ${error.message}`);
  }

  #answered(): void {
    if (this.#failures >= 2) this.#options.onConnection('back');
    this.#failures = 0;
    this.#lostAt = undefined;
  }

  #fail(why: TailFailure['why'], problem: string): void {
    this.stop();
    this.#options.onFailure({ why, problem });
  }
}
