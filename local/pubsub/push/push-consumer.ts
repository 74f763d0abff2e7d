import type { PushSettings } from '../delivery/delivery-settings.ts';
import type { Consumer, Subscription } from '../delivery/subscription.ts';
import type { Delivery } from '../transport/encode-deliveries.ts';
import { pushRequest } from './push-request.ts';
import type { PushTokens } from './push-tokens.ts';

const MAX_MESSAGES = 100;
const MAX_BYTES = 16 * 1024 * 1024;
const FIRST_BACKOFF_MS = 100;
const MAX_BACKOFF_MS = 60_000;
/** https://cloud.google.com/pubsub/docs/push#receive_push: these statuses are acks. */
const ACKS: readonly number[] = [102, 200, 201, 202, 204];

/** Sends a subscription's messages to its endpoint: an ack for an answer of success, else a nack. */
export class PushConsumer implements Consumer {
  readonly #subscription: Subscription;
  readonly #push: PushSettings;
  readonly #tokens: PushTokens;
  readonly #stopped = new AbortController();
  #messages = 0;
  #bytes = 0;
  /** After failures, a pause for all messages, which doubles. */
  #backoffMs = 0;
  #pause: NodeJS.Timeout | undefined;

  constructor(subscription: Subscription, push: PushSettings, tokens: PushTokens) {
    this.#subscription = subscription;
    this.#push = push;
    this.#tokens = tokens;
    subscription.attach(this);
  }

  get leaseMs(): number {
    return this.#subscription.settings.ackDeadlineSeconds * 1000;
  }

  get capacity(): { messages: number; bytes: number } {
    if (this.#pause) return { messages: 0, bytes: 0 };
    // While the endpoint fails, one message at a time tries it.
    const most = this.#backoffMs > 0 ? 1 : MAX_MESSAGES;
    return { messages: most - this.#messages, bytes: MAX_BYTES - this.#bytes };
  }

  deliver(deliveries: readonly Delivery[]): void {
    this.#messages += deliveries.length;
    for (const delivery of deliveries) {
      this.#bytes += delivery.payload.length;
      void this.#send(delivery);
    }
  }

  released(bytes: number): void {
    this.#messages--;
    this.#bytes -= bytes;
  }

  /** A fault that ends streams does not end a push. */
  end(): void {
    if (!this.#stopped.signal.aborted) this.#subscription.attach(this);
  }

  fail(): void {
    this.stop();
  }

  stop(): void {
    this.#stopped.abort();
    clearTimeout(this.#pause);
    this.#subscription.detach(this);
  }

  async #send(delivery: Delivery): Promise<void> {
    const isTaken = await this.#post(delivery).catch(() => false);
    if (isTaken) {
      this.#backoffMs = 0;
      // If the store refuses the ack, the lease expires and the message comes again.
      await this.#subscription.acknowledge([delivery.ackId]).catch(() => {});
      return;
    }
    if (this.#stopped.signal.aborted) return;
    this.#rest();
    try {
      this.#subscription.modifyDeadlines([delivery.ackId], () => 0);
    } catch {
      // A scripted fault: the lease expires instead.
    }
  }

  async #post(delivery: Delivery): Promise<boolean> {
    const { endpoint, oidc } = this.#push;
    const { headers, body } = pushRequest(delivery, this.#subscription.name, this.#push);
    const token = oidc && (await this.#tokens.of(oidc));
    const response = await fetch(endpoint, {
      method: 'POST',
      headers: {
        'user-agent': 'CloudPubSub-Google',
        ...headers,
        ...(token && { authorization: `Bearer ${token}` }),
      },
      body: typeof body === 'string' ? body : new Uint8Array(body),
      redirect: 'manual',
      signal: AbortSignal.any([this.#stopped.signal, AbortSignal.timeout(this.leaseMs)]),
    });
    await response.body?.cancel();
    return ACKS.includes(response.status);
  }

  #rest(): void {
    if (this.#pause) return;
    this.#backoffMs = Math.min(MAX_BACKOFF_MS, this.#backoffMs * 2 || FIRST_BACKOFF_MS);
    this.#pause = setTimeout(() => {
      this.#pause = undefined;
      this.#subscription.scheduleDelivery();
    }, this.#backoffMs).unref();
  }
}
