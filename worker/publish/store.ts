import type { RelayStream } from '../../shared/config/config.ts';
import { type Envelope, toAttributes, toData } from '../../shared/envelope.ts';
import type { Decision } from '../decide.ts';
import type { Endpoint } from '../endpoint.ts';
import type { Bindings } from '../env.ts';
import type { Facts, Outcome } from '../outcome.ts';
import { keep } from '../overflow/overflow.ts';
import type { Delivery } from '../receive/delivery.ts';
import { randomHex } from '../receive/delivery-id.ts';
import { factsOf } from '../report/log.ts';
import { type Message, toMessageText } from './message.ts';
import { type Destination, publish } from './publish.ts';

/** Stores a delivery durably: in Pub/Sub, else in overflow. If both fail, the sender must send it again. */
export async function store(
  delivery: Delivery,
  decision: Decision,
  { stream, acceptedStatus: status }: Endpoint,
  env: Bindings,
  destination: Destination,
): Promise<Outcome> {
  const message = toMessage(stream, delivery, decision);
  const { ok, ...published } = await tryToPublish(message, destination, stream.publishBudgetMs);
  const { id: deliveryId } = delivery;
  const { dropped } = decision;
  const accepted = {
    outcome: 'accepted',
    deliveryId,
    status,
    ...(dropped && { dropped }),
  } as const;
  const facts = { ...delivery.facts, ...published };
  if (ok) return { ...accepted, facts };

  const { kept, cause } = await keep(message, env);
  if (kept) return { ...accepted, facts: { ...facts, overflow: kept } };
  return { outcome: 'not-stored', facts: { ...facts, ...(cause && { overflow: cause }) } };
}

/** Catches what prevents publishing, such as a broken service account: overflow can still keep the delivery. */
async function tryToPublish(
  message: Message,
  destination: Destination,
  budgetMs: number,
): Promise<Facts & { ok: boolean }> {
  try {
    return await publish([toMessageText(message)], destination, budgetMs);
  } catch (error) {
    return { ok: false, ...factsOf(error) };
  }
}

/** The content type of a query string: the payload of a GET. */
const queryContentType = 'application/x-www-form-urlencoded';

/** The envelope of a delivery. */
export function toMessage(
  { name, secrets }: Pick<RelayStream, 'name' | 'secrets'>,
  delivery: Delivery,
  { event, headers }: Decision,
): Message {
  const { id, receivedAt, method, headers: sent, body } = delivery;
  const isGet = method === 'GET';
  // Complete or left out: with half of a boundary or a charset, the subscriber would read the body differently.
  const contentType = isGet ? queryContentType : sent.get('content-type');
  const contentEncoding = isGet ? undefined : sent.get('content-encoding');
  const query = isGet ? '' : delivery.query;
  const attributes = toAttributes({
    stream: name,
    deliveryId: id,
    receivedAt,
    ...traceOf(sent.get('traceparent')),
    ...(method !== 'POST' && { method }),
    ...(secrets.length > 1 && delivery.facts.secret && { secret: delivery.facts.secret }),
    ...(query && { query }),
    ...(contentType && { contentType }),
    ...(contentEncoding && { contentEncoding }),
    // protobuf can't carry a lone surrogate: Pub/Sub would refuse the delivery every time.
    ...(event?.isWellFormed() && { event }),
    headers,
  });
  return { attributes, data: toData({ body, query }) };
}

/** W3C Trace Context, section 3.2: version, trace id, parent id, flags. Later versions may append. */
const traceparentForm =
  /^(?!ff)([0-9a-f]{2})-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;

/**
 * The trace of a delivery: the sender's if its `traceparent` is well-formed, else a new one. The edge is a span of it,
 * and the parent of what the subscriber does.
 */
function traceOf(header: string | null): Pick<Envelope, 'traceparent' | 'parentSpanId'> {
  const span = randomHex(16);
  const [, version, trace, parent, flags, rest] =
    (header !== null && traceparentForm.exec(header)) || [];
  // Section 3.2.4: of a later version, only the fields of version 00 are passed on.
  if (trace && parent && !(version === '00' && rest)) {
    return { traceparent: `00-${trace}-${span}-${flags}`, parentSpanId: parent };
  }
  // Flag 00: nothing was sampled here.
  return { traceparent: `00-${randomHex(32)}-${span}-00` };
}
