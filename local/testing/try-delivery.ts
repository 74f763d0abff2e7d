import type { Relay, RelayStream } from '../../shared/config/config.ts';
import {
  carriedHeader,
  type Envelope,
  readEnvelope,
  toAttributes,
  toData,
} from '../../shared/envelope.ts';
import { RelayError } from '../../shared/errors.ts';
import { codingsOf } from '../../shared/formats/coding.ts';
import { sources } from '../../shared/sources/registry.ts';
import { inflateEnvelope } from '../../subscriber/rows/inflate-body.ts';
import { type Decision, decide } from '../../worker/decide.ts';
import { type Endpoint, openEndpoint } from '../../worker/endpoint.ts';
import { isOutcome, type Outcome, toResponse } from '../../worker/outcome.ts';
import type { Delivery } from '../../worker/receive/delivery.ts';
import { answerUnsigned, answerVerified } from '../../worker/verify/challenge.ts';
import { verify, verifyKey } from '../../worker/verify/verify.ts';
import { explainRefusal, secretValue } from './explain-refusal.ts';
import type { Trial, TrialOptions, TriedRequest } from './trial.ts';
import { dropped, tryRows } from './try-rows.ts';

/**
 * What would become of a delivery: the key or signature, the handshake, the filter, and each row as the table would
 * have it, or the reason why there is none. Nothing is sent or stored.
 *
 * It runs the relay's own code: the schemes, the handshakes, the edge's decision, the envelope, the mapping and the
 * encoder. It leaves out what needs Cloudflare or Google: the sender's address (`allowedAddresses`), the limit of
 * failed attempts, the time a body may take, publishing, duplicates, the table that is really there, and of an export
 * its file.
 *
 * @throws RelayError `stream.unknown`, or `config.invalid` if the filter has a problem
 */
export async function tryDelivery(
  relay: Relay,
  streamName: string,
  request: TriedRequest,
  options: TrialOptions = {},
): Promise<Trial> {
  const stream = relay.streams.get(streamName);
  if (!stream) throw new RelayError('stream.unknown', `no stream "${streamName}"`);
  const endpoint = openEndpoint(stream);
  const delivery = arrive(relay, endpoint, request, options.now ?? Date.now());
  const trial = {
    stream: streamName,
    events: [],
    notTried: stream.allowedAddresses ? ['allowedAddresses: the address of the sender'] : [],
  };
  const authentic = await receive(delivery, endpoint, relay, options);
  const signature = options.unsigned ? 'skipped' : authentic.facts?.secret;
  const signed = { ...trial, ...(signature !== undefined && { signature }) };
  if (isOutcome(authentic)) return { ...signed, ...describe(authentic, endpoint) };

  const delivered = takeQuery(authentic, endpoint);
  if (isOutcome(delivered)) return { ...signed, ...describe(delivered, endpoint) };
  const inflated = inflate(delivered, endpoint);
  if (isOutcome(inflated)) return { ...signed, ...describe(inflated, endpoint) };
  const decision = decide(inflated, inflated.body, endpoint);
  if (!isOutcome(decision))
    return { ...signed, ...accepted(delivered, inflated, decision, endpoint) };
  const isFiltered = decision.facts?.cause === 'event-filter';
  const events = isFiltered
    ? eventsOf(inflated, endpoint).map((event) => dropped(event, stream))
    : [];
  return { ...signed, ...describe(decision, endpoint), events };
}

function arrive(
  relay: Relay,
  { stream, keyed }: Endpoint,
  { method = 'POST', url, headers = {}, body = '' }: TriedRequest,
  receivedAt: number,
): Delivery {
  const target = targetOf(url ?? `/${stream.name}`);
  const [path = '', ...query] = target.split('?');
  // The name of the stream, then the key.
  const key = keyed ? path.replace(/\/$/, '').split('/')[2] : undefined;
  const bytes = typeof body === 'string' ? new TextEncoder().encode(body) : new Uint8Array(body);
  return {
    id: newId(receivedAt),
    receivedAt,
    request: new Request('https://hooks.example.com'),
    method: method.toUpperCase(),
    headers: new Headers(headers),
    declaredBytes: bytes.byteLength,
    url: (relay.publicUrl ?? originOf(url)) + target,
    query: query.join('?'),
    ...(key !== undefined && { key: decodeURIComponent(key) }),
    body: bytes as Uint8Array<ArrayBuffer>,
    facts: {},
  };
}

/** Path and query. Below a configured URL with a path, the stream's name still comes first. */
function targetOf(url: string): string {
  const start = url.indexOf('://');
  return start < 0 ? url : url.slice(url.indexOf('/', start + 3));
}

function originOf(url = ''): string {
  return URL.parse(url)?.origin ?? '';
}

/** A UUIDv7. */
function newId(ms: number): string {
  const time = ms.toString(16).padStart(12, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}-7${crypto.randomUUID().slice(15)}`;
}

/** The steps of worker/relay.ts, in its order, as far as the handshake of a verified delivery. */
async function receive(
  arrived: Delivery,
  endpoint: Endpoint,
  relay: Relay,
  { secrets = {}, unsigned = false }: TrialOptions,
): Promise<Delivery | Outcome> {
  const { stream, handshake, methods } = endpoint;
  if (!methods.includes(arrived.method)) {
    return { outcome: 'wrong-method', allow: methods.join(', ') };
  }
  const { maxBodyBytes: maxBytes } = stream;
  if (arrived.body.byteLength > maxBytes) return { outcome: 'too-large', maxBytes };
  const secretOf = (name: string) => secretValue(secrets, name);
  const explain = (refused: Outcome) => explainRefusal(refused, arrived, endpoint, relay, secretOf);

  const keyed = unsigned ? arrived : await verifyKey(arrived, endpoint, secretOf);
  if (isOutcome(keyed)) return explain(keyed);
  const answer = handshake && (await answerUnsigned(keyed, endpoint, secretOf));
  if (answer) return answer;
  // Unsigned, as if the first secret had matched.
  const verified = unsigned
    ? { ...keyed, facts: { ...keyed.facts, secret: stream.secrets[0] ?? '' } }
    : await verify(keyed, endpoint, secretOf);
  if (isOutcome(verified)) return explain(verified);
  return (handshake && (await answerVerified(verified, endpoint, secretOf))) ?? verified;
}

/** As worker/receive/query.ts: the query of a GET is its body. */
function takeQuery(delivery: Delivery, { stream }: Endpoint): Delivery | Outcome {
  const { method, query, facts } = delivery;
  if (method === 'POST') return delivery;
  if (method === 'HEAD' || query === '')
    return { outcome: 'handshake', reply: { status: 200 }, facts };
  if (!stream.acceptsGet) return { outcome: 'wrong-method', allow: 'POST', facts };
  return { ...delivery, body: new TextEncoder().encode(query) as Uint8Array<ArrayBuffer> };
}

/** With the subscriber's reader, which reads what the edge's does. */
function inflate(delivery: Delivery, { stream }: Endpoint): Delivery | Outcome {
  const coding = delivery.method === 'POST' ? delivery.headers.get('content-encoding') : null;
  if (!coding) return delivery;
  const { facts, body } = delivery;
  if (!codingsOf(coding))
    return { outcome: 'unsupported-encoding', accepts: ['gzip', 'deflate'], facts };
  const sent = {
    stream: stream.name,
    deliveryId: '',
    receivedAt: 0,
    contentEncoding: coding,
    body,
  };
  const inflated = inflateEnvelope(sent, stream.maxBodyBytes);
  if (inflated.ok) return { ...delivery, body: new Uint8Array(inflated.envelope.body) };
  return { outcome: 'malformed', problem: inflated.reason, facts };
}

/** The events as the edge reads them. */
function eventsOf({ body, method, query, headers }: Delivery, { source, stream }: Endpoint) {
  const header = (name: string) => carriedHeader(headers, name);
  const contentType = header('content-type');
  const reading = source.read({ body, method, query, header, contentType }, stream);
  return reading.kind === 'events' ? reading.events : [];
}

type Described = Pick<Trial, 'outcome' | 'status' | 'reason' | 'events' | 'table' | 'announces'>;

function accepted(
  sent: Delivery,
  inflated: Delivery,
  decision: Decision,
  endpoint: Endpoint,
): Described {
  const { stream, acceptedStatus: status } = endpoint;
  const envelope = carry(sent, decision, stream);
  const source = sources[stream.source];
  const base = { outcome: 'accepted', status, events: [] };
  if (source.delivers === 'exports') {
    const reading = source.announcement(envelope, stream);
    if (!reading.ok) return { ...base, outcome: 'dead-letter', reason: reading.reason };
    const { path: announces, table } = reading.announcement;
    return { ...base, announces, table };
  }
  const events = tryRows(envelope, stream, source, eventsOf(inflated, endpoint));
  return { ...base, events, table: stream.table };
}

/** Through the attributes of a message, and without its Content-Encoding: as the subscriber gets it. */
function carry(delivery: Delivery, { event, headers }: Decision, stream: RelayStream): Envelope {
  const { id: deliveryId, receivedAt, method, headers: sent, body } = delivery;
  const isGet = method === 'GET';
  const contentType = isGet ? 'application/x-www-form-urlencoded' : sent.get('content-type');
  const contentEncoding = isGet ? null : sent.get('content-encoding');
  const query = isGet ? '' : delivery.query;
  const attributes = toAttributes({
    stream: stream.name,
    deliveryId,
    receivedAt,
    ...(isGet && { method }),
    ...(query && { query }),
    ...(contentType && { contentType }),
    ...(contentEncoding && { contentEncoding }),
    ...(event !== undefined && { event }),
    headers,
  });
  const reading = readEnvelope(attributes, toData({ body, query }));
  if (!reading.ok) throw new Error(reading.problem);
  const inflated = inflateEnvelope(reading.envelope, stream.maxBodyBytes);
  return inflated.ok ? inflated.envelope : reading.envelope;
}

function describe(outcome: Outcome, { bare }: Endpoint): Described {
  const { status } = toResponse(outcome, bare);
  const reason = reasonOf(outcome);
  return { outcome: outcome.outcome, status, events: [], ...(reason !== undefined && { reason }) };
}

function reasonOf(outcome: Outcome): string | undefined {
  switch (outcome.outcome) {
    case 'filtered':
      return outcome.reason;
    case 'malformed':
      return outcome.problem;
    case 'wrong-method':
      return `it takes ${outcome.allow}`;
    case 'too-large':
      return `the body exceeds ${outcome.maxBytes} bytes`;
    case 'unsupported-encoding':
      return `the Content-Encoding is none of ${outcome.accepts.join(', ')}`;
    case 'handshake':
      return `the sender's console is answered${outcome.reply.body ? `: ${outcome.reply.body}` : ''}`;
    default:
      return outcome.facts?.problem ?? outcome.facts?.cause;
  }
}
