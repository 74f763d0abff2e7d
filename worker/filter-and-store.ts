import { type Decision, decide } from './decide.ts';
import type { Endpoint } from './endpoint.ts';
import type { Handled } from './handled.ts';
import type { Bindings } from './optional-bindings.ts';
import { toMessage } from './publish/message.ts';
import type { Destination } from './publish/publish.ts';
import { store } from './publish/store.ts';
import type { Delivery } from './receive/delivery.ts';
import { type Inflation, inflate } from './receive/inflate.ts';

/** What the steps share. `secret` is the index of the one that matched. */
interface Verified {
  delivery: Delivery;
  endpoint: Endpoint;
  env: Bindings;
  openDestination: () => Destination;
  secret: number;
}

/**
 * The last steps of a delivery whose key or signature held. No promise where there is nothing to wait for: most
 * deliveries are not coded, and many are filtered.
 */
export function filterAndStore(
  delivery: Delivery,
  endpoint: Endpoint,
  env: Bindings,
  openDestination: () => Destination,
  secret: number,
): Handled | Promise<Handled> {
  const verified = { delivery, endpoint, env, openDestination, secret };
  const coding = delivery.method === 'POST' ? delivery.headers.get('content-encoding') : null;
  return coding ? inflateAndStore(coding, verified) : decideAndStore(delivery, verified);
}

async function inflateAndStore(coding: string, verified: Verified): Promise<Handled> {
  const { delivery, endpoint, secret } = verified;
  const inflation = await inflate(delivery.body, coding, endpoint.stream.maxBodyBytes);
  if (!inflation.ok) return notInflated(inflation.cause, endpoint, secret);
  return await decideAndStore({ ...delivery, body: inflation.body }, verified);
}

/** @param seen the delivery as the source and the filter see it */
function decideAndStore(seen: Delivery, verified: Verified): Handled | Promise<Handled> {
  const decision = decide(seen, verified.endpoint);
  if (decision.relay) return storeIt(decision, verified);
  const { outcome, cause, dropped } = decision;
  return { outcome, facts: { secret: verified.secret, cause }, ...(dropped && { dropped }) };
}

/** The delivery as it came, coded or not. */
async function storeIt(
  decision: Extract<Decision, { relay: true }>,
  { delivery, endpoint, env, openDestination, secret }: Verified,
): Promise<Handled> {
  const { stream, acceptedStatus: status } = endpoint;
  const message = toMessage(stream.name, delivery, decision);
  const { stored, facts } = await store(message, env, openDestination(), stream.publishBudgetMs);
  return {
    outcome: stored
      ? { outcome: 'accepted', deliveryId: delivery.id, status }
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
