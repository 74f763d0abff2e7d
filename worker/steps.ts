import { readBody } from './body.ts';
import { decide } from './decide.ts';
import { type Arrival, receive } from './delivery.ts';
import type { Endpoint } from './endpoint.ts';
import type { Facts } from './log.ts';
import { toMessage } from './message.ts';
import type { Bindings } from './optional-bindings.ts';
import type { Outcome } from './outcome.ts';
import type { Destination } from './publish.ts';
import { store } from './store.ts';
import { verify } from './verify.ts';

/** The outcome, and what the log is told beside it. */
export type Handled = { outcome: Outcome; facts: Facts };

/** The steps of a delivery. Their order must not change: nothing is parsed before it is verified. */
export async function takeSteps(
  arrival: Arrival,
  endpoint: Endpoint,
  env: Bindings,
  destination: Destination,
): Promise<Handled> {
  const { stream } = endpoint;
  const read = await readBody(arrival.request.body, stream.maxBodyBytes);
  if (!read.ok) return unread(read.cause, stream.maxBodyBytes);
  const bytes = read.bytes.byteLength;
  const delivery = receive(arrival, read.bytes);

  const verification = await verify(delivery, endpoint, env);
  if (!verification.ok) {
    const { ok: _, ours, ...facts } = verification;
    return {
      outcome: { outcome: ours ? 'not-stored' : 'unauthorized' },
      facts: { bytes, ...facts },
    };
  }
  const { secret } = verification;

  const decision = decide(delivery, endpoint);
  if (!decision.relay) {
    const { outcome, cause } = decision;
    return { outcome, facts: { bytes, secret, cause } };
  }

  const message = toMessage(stream.name, delivery, decision);
  const { stored, facts } = await store(message, env, destination, stream.publishBudgetMs);
  return {
    outcome: stored ? { outcome: 'accepted', deliveryId: delivery.id } : { outcome: 'not-stored' },
    facts: { bytes, secret, ...facts },
  };
}

/** A body that breaks off has no sender left to answer; if one is, it should send again. */
function unread(cause: 'too-large' | 'broken', maxBytes: number): Handled {
  if (cause === 'too-large') return { outcome: { outcome: cause, maxBytes }, facts: {} };
  return { outcome: { outcome: 'not-stored' }, facts: { cause: 'body-broken' } };
}
