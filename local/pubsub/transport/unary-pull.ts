import type { Consumer, Subscription } from '../delivery/subscription.ts';
import type { PubsubError } from '../errors.ts';
import { type Delivery, encodeDeliveries } from './encode-deliveries.ts';

/** How long a pull waits for a message: less than the 60 s of Google's clients. */
const WAIT_MS = 20_000;
const MAX_MESSAGES = 1000;
/** Well below the 20 MB limit of the clients, because ids and times add to the payloads. */
const MAX_BYTES = 8 * 1024 * 1024;

export interface PullOptions {
  readonly maxMessages: number;
  readonly returnImmediately: boolean;
  onCancelled(listener: () => void): void;
}

/** Resolves with an encoded PullResponse when a message is ready, or empty after WAIT_MS. */
export function pull(subscription: Subscription, options: PullOptions): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const finish = () => {
      clearTimeout(timer);
      subscription.detach(consumer);
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
    const consumer = new PullConsumer(
      subscription,
      Math.min(options.maxMessages, MAX_MESSAGES),
      answer,
      fail,
    );
    options.onCancelled(finish);
    subscription.attach(consumer);
    // `attach` scheduled a delivery for the next turn; this runs after it.
    if (options.returnImmediately) setImmediate(() => consumer.finishEmpty());
  });
}

class PullConsumer implements Consumer {
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

  get capacity(): { messages: number; bytes: number } {
    return { messages: this.#messages, bytes: MAX_BYTES };
  }

  deliver(deliveries: readonly Delivery[]): void {
    this.#messages = 0;
    this.#answer(deliveries);
  }

  end(): void {
    this.finishEmpty();
  }

  finishEmpty(): void {
    if (this.#messages > 0) this.deliver([]);
  }

  /** A pull has no flow control. */
  released(): void {}
}
