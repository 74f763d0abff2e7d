import { decide } from './decide.ts';
import type { Delivery } from './delivery.ts';
import type { Endpoint } from './endpoint.ts';
import type { Handled } from './handled.ts';
import { toMessage } from './message.ts';
import type { Bindings } from './optional-bindings.ts';
import type { Destination } from './publish.ts';
import { store } from './store.ts';

/** The last steps of a delivery whose key or signature held; `secret` is the index of the one that matched. */
export async function filterAndStore(
  delivery: Delivery,
  endpoint: Endpoint,
  env: Bindings,
  openDestination: () => Destination,
  secret: number,
): Promise<Handled> {
  const { stream } = endpoint;
  const decision = decide(delivery, endpoint);
  if (!decision.relay) {
    const { outcome, cause, dropped } = decision;
    return { outcome, facts: { secret, cause }, ...(dropped && { dropped }) };
  }

  const message = toMessage(stream.name, delivery, decision);
  const { stored, facts } = await store(message, env, openDestination(), stream.publishBudgetMs);
  return {
    outcome: stored
      ? { outcome: 'accepted', deliveryId: delivery.id, status: endpoint.acceptedStatus }
      : { outcome: 'not-stored' },
    facts: { secret, ...facts },
    ...(stored && decision.dropped && { dropped: decision.dropped }),
  };
}
