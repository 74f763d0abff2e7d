import { decide } from './decide.ts';
import type { Delivery } from './delivery.ts';
import type { Endpoint } from './endpoint.ts';
import type { Handled } from './handled.ts';
import { type Inflation, inflate } from './inflate.ts';
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
  const coding = delivery.method === 'POST' ? delivery.headers.get('content-encoding') : null;
  const inflation = coding
    ? await inflate(delivery.body, coding, stream.maxBodyBytes)
    : ({ ok: true, body: delivery.body } as const);
  if (!inflation.ok) return notInflated(inflation.cause, endpoint, secret);
  const { body } = inflation;
  const decision = decide(body === delivery.body ? delivery : { ...delivery, body }, endpoint);
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

/** The sender's fault, each of them. */
function notInflated(
  cause: Extract<Inflation, { ok: false }>['cause'],
  { stream, bare }: Endpoint,
  secret: number,
): Handled {
  const facts = { secret, cause: `coding-${cause}` };
  switch (cause) {
    case 'unsupported':
      return { outcome: { outcome: 'unsupported-encoding', accepts: accepted }, facts };
    case 'too-large':
      return { outcome: { outcome: 'too-large', maxBytes: stream.maxBodyBytes }, facts };
    case 'broken': {
      const problem = 'the body is not what its Content-Encoding says, or is cut';
      return { outcome: { outcome: 'malformed', problem, ...(bare && { bare }) }, facts };
    }
  }
}

const accepted = ['gzip', 'deflate'];
