import type { TableLayout } from '../columns.ts';
import type { HandshakeFor, Stream, StreamOptions } from '../config/config.ts';
import type { EventShape } from '../config/event-shape.ts';
import type { Envelope } from '../envelope.ts';
import { lossTest } from '../formats/replaced.ts';
import { scalarText } from '../json/json-members.ts';
import { type Cell, cellOf, timeCell } from '../shape/cell.ts';
import { readEvents, readEventsStart, withQuery } from '../shape/events.ts';
import { type Mapping, mapColumns, missingColumn } from '../shape/map-columns.ts';
import {
  type EventContext,
  type Facts,
  queryReader,
  readJoined,
  readRaw,
} from '../shape/places.ts';
import { type Plan, planOf } from '../shape/plan.ts';
import type { SchemeChoice } from '../signatures/schemes.ts';
import type { EdgeDelivery, EdgeSide, Reading, RowSource } from './source.ts';

export interface GenericOptions<Scheme extends SchemeChoice = SchemeChoice>
  extends Omit<StreamOptions, 'handshake'>,
    EventShape {
  /**
   * How the sender proves who it is: a name of the table in docs/sources.md, or a scheme of one's own, which `hmac`,
   * `ed25519`, `ecdsa`, `rsa`, `jwt` and `token` make. By default an unguessable key ends the endpoint's path.
   * @example scheme: 'standard-webhooks'
   */
  scheme?: Scheme;
  /**
   * The handshake that the sender's console asks for. `braintree`, `x` and `zoom` need the scheme of that name.
   * @example handshake: 'graph'
   */
  handshake?: HandshakeFor<NoInfer<Scheme>>;
}

/** Any sender of JSON or forms. presets/ has the options of many senders. */
export function generic<const Scheme extends SchemeChoice = 'endpoint-key'>(
  options: GenericOptions<Scheme>,
): Stream {
  return { source: 'generic', scheme: 'endpoint-key', ...options };
}

function layout(stream: Stream): TableLayout {
  const plan = planOf(stream);
  const { columns } = plan;
  const reads = (fact: string) => columnOf(plan, fact);
  const received = reads('delivery:received_at');
  const by = identityOf(plan);
  const named = reads('event:name');
  return {
    columns: columns.map(({ name, type, description, required }) => ({
      name,
      type,
      ...(isSpare(name, stream) && { spare: true }),
      ...(description !== undefined && { description }),
      ...(required && { required }),
    })),
    // By the relay's clock: a sender's clock may be wrong, and BigQuery refuses partitions far from today.
    ...(received?.type === 'TIMESTAMP' && {
      partitionBy: { column: received.name, by: 'DAY' as const },
    }),
    ...(named?.type === 'STRING' && { clusterBy: [named.name] }),
    ...(by.length > 0 && { copies: { by, ...(received && { newest: received.name }) } }),
    description: 'Events, relayed by Tributary',
  };
}

/** Whether a column only repeats part of `payload`. */
function isSpare(name: string, { columns, moreColumns }: Stream): boolean {
  return columns === undefined && moreColumns !== undefined && Object.hasOwn(moreColumns, name);
}

/** The column that has a fact. */
function columnOf({ columns }: Plan, fact: string): Plan['columns'][number] | undefined {
  return columns.find(({ from: [place] }) => place?.of === 'fact' && place.fact === fact);
}

/** The columns that are equal only in duplicates of one row; none if the config has no such columns. */
function identityOf(plan: Plan): string[] {
  const facts = plan.each ? ['delivery:id', 'event:index'] : ['delivery:id'];
  const columns = facts.map((fact) => columnOf(plan, fact)?.name);
  return columns.every((name) => name !== undefined) ? columns : [];
}

function read(sent: EdgeDelivery, stream: Stream): Reading {
  const plan = planOf(stream);
  const delivery = withQuery(sent, plan);
  const reading = readEventsStart(delivery, plan);
  if (!reading.ok) return { kind: 'malformed', problem: reading.problem };
  const { events } = reading;
  if (events.length === 0) return { kind: 'ignored', reason: 'Ignored: it holds no event' };
  const { header } = delivery;
  const query = queryReader(delivery);
  const views = events.map((event) => ({
    event,
    body: reading.body,
    sent: reading.sent,
    header,
    query,
  }));
  const [only] = views;
  // If there are several events, the others may be good: the subscriber reports the bad ones.
  const field = only && views.length === 1 ? missingColumn(only, plan) : undefined;
  if (field !== undefined) return { kind: 'malformed', problem: `${field} is missing`, field };
  return {
    kind: 'events',
    events: views.map((view) => ({ name: readJoined(plan.event, view), json: view.event })),
    ...(reading.whole && reading.sent === undefined && { text: reading.body }),
  };
}

function map(envelope: Envelope, stream: Stream, text?: string): readonly Mapping[] {
  return [...mapAll(envelope, planOf(stream), text)];
}

function mapEach(envelope: Envelope, stream: Stream): Iterable<Mapping> | undefined {
  const plan = planOf(stream);
  return plan.each ? mapAll(envelope, plan) : undefined;
}

function* mapAll(stored: Envelope, plan: Plan, text?: string): Iterable<Mapping> {
  const envelope = withQuery(stored, plan);
  const reading = readEvents(envelope, plan, text);
  if (!reading.ok) {
    yield { ok: false, reason: reading.problem };
    return;
  }
  const header = (name: string) => envelope.headers?.[name];
  const query = queryReader(envelope);
  const isLossy = lossTest(envelope);
  const { events, body, sent } = reading;
  for (const [index, event] of events.entries()) {
    const view = { event, body, sent, header, query, isLossy };
    const name = readJoined(plan.event, view);
    // A single event passed the filter at the edge, perhaps an older filter: what was accepted is stored.
    if (events.length > 1 && !plan.filter.passes({ name, json: event })) continue;
    const mapping = mapEvent(view, name, index, envelope, plan);
    yield plan.each ? { event: index, ...mapping } : mapping;
  }
}

function mapEvent(
  view: EventContext,
  name: string | undefined,
  index: number,
  envelope: Envelope,
  plan: Plan,
): Mapping {
  const own = plan.each ? `${envelope.deliveryId}-${index}` : envelope.deliveryId;
  const facts: Facts = {
    // Not an empty id: with a key, such events would replace one another.
    'event:id': readJoined(plan.id, view) || own,
    'event:index': String(index),
    'delivery:id': envelope.deliveryId,
    'delivery:received_at': new Date(envelope.receivedAt).toISOString(),
  };
  if (name !== undefined) facts['event:name'] = name;
  if (envelope.contentType !== undefined) facts['delivery:content_type'] = envelope.contentType;
  const context = { ...view, facts };
  const time = readTime(plan, context);
  if (time?.ok) facts['event:time'] = String(time.value);
  return mapColumns(context, plan, time?.ok === false ? time : undefined);
}

/** When the event happened; undefined if the sender does not say. */
function readTime({ time, timeUnit }: Plan, view: EventContext): Cell | undefined {
  const raw = readRaw(time, view);
  if (raw === undefined) return undefined;
  const text = scalarText(raw);
  return text === undefined ? cellOf(raw, 'TIMESTAMP', timeUnit) : timeCell(text, timeUnit);
}

/** The part that the Worker needs. */
export const genericEdge: EdgeSide = {
  name: 'generic',
  filteredStatus: 200,
  eventNamePlaces: ({ event }) => event,
  headers: (stream) => planOf(stream).headers,
  read,
};

export const genericSource: RowSource = /* @__PURE__ */ Object.assign(
  {
    delivers: 'rows' as const,
    layout,
    map,
    mapEach,
  },
  genericEdge,
);
