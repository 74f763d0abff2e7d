import type { Consumer, Subscription } from '../delivery/subscription.ts';
import type { PubsubError } from '../errors.ts';
import { type Delivery, encodeDeliveries } from './encode-deliveries.ts';

/** "A bounded amount of time" for a pull with nothing to deliver; under the clients' 60 s. */
const WAIT_MS = 20_000;
const MAX_MESSAGES = 1000;
/** Under the 20 MB that clients take in one response, whatever the messages' ids add. */
const MAX_BYTES = 8 * 1024 * 1024;

export interface PullOptions {
  readonly maxMessages: number;
  readonly returnImmediately: boolean;
  onCancelled(listener: () => void): void;
}

/** One pull: resolves with an encoded PullResponse once there is a message, or after a while. */
export function pull(subscription: Subscription, options: PullOptions): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const finish = () => {
      clearTimeout(timer);
      subscription.detach(waiter);
    };
    const answer = (deliveries: readonly Delivery[]) => {
      finish();
      resolve(encodeDeliveries(deliveries));
    };
    const fail = (error: PubsubError) => {
      finish();
      reject(error);
    };
    const timer = setTimeout(() => answer([]), WAIT_MS);
    const waiter = new Waiter(
      subscription,
      Math.min(options.maxMessages, MAX_MESSAGES),
      answer,
      fail,
    );
    options.onCancelled(finish);
    subscription.attach(waiter);
    // Attaching scheduled a delivery for the same turn, so that this comes after it.
    if (options.returnImmediately) setImmediate(() => waiter.giveUp());
  });
}

class Waiter implements Consumer {
  readonly leaseMs: number;
  readonly fail: (error: PubsubError) => void;
  readonly #answer: (deliveries: readonly Delivery[]) => void;
  #messages: number;

  constructor(
    subscription: Subscription,
    messages: number,
    answer: (deliveries: readonly Delivery[]) => void,
    fail: (error: PubsubError) => void,
  ) {
    this.leaseMs = subscription.settings.ackDeadlineSeconds * 1000;
    this.#messages = messages;
    this.#answer = answer;
    this.fail = fail;
  }

  get room(): { messages: number; bytes: number } {
    return { messages: this.#messages, bytes: MAX_BYTES };
  }

  deliver(deliveries: readonly Delivery[]): void {
    this.#messages = 0;
    this.#answer(deliveries);
  }

  giveUp(): void {
    if (this.#messages > 0) this.deliver([]);
  }

  /** A pull has no flow control. */
  released(): void {}
}
