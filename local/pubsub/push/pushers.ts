import type { PushSettings } from '../delivery/delivery-settings.ts';
import type { Subscription } from '../delivery/subscription.ts';
import type { Store } from '../storage/store.ts';
import { PushConsumer } from './push-consumer.ts';
import { PushTokens } from './push-tokens.ts';

/** The pushes of all subscriptions that have an endpoint. */
export class Pushers {
  readonly tokens: PushTokens;
  readonly #running = new Map<string, { push: PushSettings; consumer: PushConsumer }>();

  constructor(store: Store) {
    this.tokens = new PushTokens(store);
  }

  /** To be called when a subscription is new, changed or (`isGone`) deleted. */
  follow(subscription: Subscription, isGone = false): void {
    const { name, settings } = subscription;
    const push = isGone || settings.detached ? undefined : settings.push;
    const running = this.#running.get(name);
    if (JSON.stringify(push) === JSON.stringify(running?.push)) return;
    running?.consumer.stop();
    this.#running.delete(name);
    if (!push) return;
    const consumer = new PushConsumer(subscription, push, this.tokens);
    this.#running.set(name, { push, consumer });
  }

  stop(): void {
    for (const { consumer } of this.#running.values()) consumer.stop();
  }
}
