import { messageType } from '../transport/protos.ts';
import type { Ready } from './backlog.ts';
import type { DeadLetterPolicy } from './delivery-settings.ts';

const PubsubMessage = messageType('PubsubMessage');

/** How often messages of a subscription with a dead-letter policy failed: were nacked, or their lease expired. */
export class DeliveryAttempts {
  readonly #failures = new Map<number, number>();

  /** The number of the delivery that is due now. */
  of(message: number): number {
    return (this.#failures.get(message) ?? 0) + 1;
  }

  /** Counts a failure. Returns whether the message has used up its attempts. */
  failed(message: number, { maxDeliveryAttempts }: DeadLetterPolicy): boolean {
    const failures = this.of(message);
    this.#failures.set(message, failures);
    return failures >= maxDeliveryAttempts;
  }

  /** To be called when the message is acked. */
  forget(message: number): void {
    this.#failures.delete(message);
  }

  prune(isOutstanding: (message: number) => boolean): void {
    for (const message of this.#failures.keys()) if (!isOutstanding(message)) this.forget(message);
  }
}

/**
 * The message as the dead-letter topic gets it:
 * https://cloud.google.com/pubsub/docs/handling-failures#track-delivery-attempts
 */
export function deadLetterOf(
  { payload, publishedMs }: Ready,
  subscription: string,
  attempts: number,
): Buffer {
  const message = PubsubMessage.decode(payload) as unknown as { attributes: object };
  const [, project = '', , id = ''] = subscription.split('/');
  const attributes = {
    ...message.attributes,
    CloudPubSubDeadLetterSourceDeliveryCount: String(attempts),
    CloudPubSubDeadLetterSourceSubscription: id,
    CloudPubSubDeadLetterSourceSubscriptionProject: project,
    CloudPubSubDeadLetterSourceTopicPublishTime: new Date(publishedMs).toISOString(),
  };
  return PubsubMessage.encode({ ...message, attributes }).finish() as Buffer;
}
