import type { Column, Row, TableLayout } from '../columns.ts';
import type { Stream, StreamOptions } from '../config/config.ts';
import type { EventShape } from '../config/event-shape.ts';
import type { HistorySettings } from '../config/history-settings.ts';
import type { Envelope } from '../envelope.ts';
import { filterOf } from '../filters/filter.ts';
import { readJsonStart } from '../json/json-body.ts';
import { isAbsent, isObject, knownText, memberReader, scalarText } from '../json/json-members.ts';
import { findValues } from '../json/json-path.ts';
import { JsonText } from '../json/json-text.ts';
import { isJson } from '../json/json-valid.ts';
import { type Mapping, missingColumn, type ValueNote } from '../shape/map-columns.ts';
import { mapMore, moreLayout, morePlanOf } from '../shape/more-columns.ts';
import { queryReader } from '../shape/places.ts';
import type { EdgeDelivery, EdgeSide, Reading, RowSource } from './source.ts';

export interface DatanostroOptions
  // DataNostro signs neither the URL nor a time.
  extends Omit<StreamOptions, 'acceptsGet' | 'replayWindow'>,
    HistorySettings,
    Pick<EventShape, 'moreColumns'> {
  /**
   * What happens to members of an event that have no column. With `keep` they are stored in a JSON column
   * `other_members`. With `refuse` the event becomes a dead letter. By default they are left out.
   * @example unknown: 'keep'
   */
  unknown?: 'keep' | 'refuse';
}

/**
 * DataNostro's event webhook: JSON, signed with a hex HMAC-SHA256 of the raw body in `X-DN-Signature`.
 * Columns as in the vendor's BigQuery tutorial, followed by two of the relay.
 */
export function datanostro(options: DatanostroOptions): Stream {
  return { source: 'datanostro', scheme: 'datanostro', ...options };
}

/** The member of the event that fills each column. */
const filling = [
  { column: 'event_id', member: 'id' },
  { column: 'event_name', member: 'event_name' },
  { column: 'event_time', member: 'created_at' },
  { column: 'tenant_id', member: 'tenant_id' },
  { column: 'payload', member: 'request_body' },
  { column: 'user_ip_masked', member: 'source_ip_masked' },
  { column: 'user_agent', member: 'user_agent' },
  { column: 'request_source', member: 'request_source' },
] as const;

const encoder = new TextEncoder();
const members = filling.map(({ member }) => member);
const readMembers = /* @__PURE__ */ memberReader(members);
const readAllMembers = /* @__PURE__ */ memberReader(members, true);

const othersColumn: Column = {
  name: 'other_members',
  type: 'JSON',
  description: 'Members of the event that no other column takes',
};

const columns: Column[] = [
  { name: 'event_id', type: 'STRING' },
  { name: 'event_name', type: 'STRING' },
  { name: 'event_time', type: 'TIMESTAMP', description: 'When the sender captured the event' },
  { name: 'tenant_id', type: 'STRING' },
  {
    name: 'payload',
    type: 'JSON',
    description: 'The body of the captured request, as it was sent',
  },
  { name: 'user_ip_masked', type: 'STRING' },
  { name: 'user_agent', type: 'STRING' },
  { name: 'request_source', type: 'STRING' },
  { name: 'delivery_id', type: 'STRING', description: "The relay's id of the delivery (UUIDv7)" },
  { name: 'received_at', type: 'TIMESTAMP', description: 'When the relay received the delivery' },
];

function layout(stream: Stream): TableLayout {
  return {
    columns: [
      ...columns,
      ...(stream.unknown === 'keep' ? [othersColumn] : []),
      ...moreLayout(stream),
    ],
    partitionBy: { column: 'event_time', by: 'DAY' },
    clusterBy: ['event_name'],
    copies: { by: ['delivery_id'], newest: 'received_at' },
    description: 'DataNostro events, relayed by Tributary',
  };
}

const eventName = '$.event_name';
const namePath = ['event_name'];

function read(delivery: EdgeDelivery, stream: Stream): Reading {
  const { named, fields } = filterOf(stream);
  const more = morePlanOf(stream);
  const needs = more ? [...fields, ...more.needs] : fields;
  const json = readJsonStart(delivery, named ? [namePath, ...needs] : needs);
  if (!json.ok) return { kind: 'malformed', problem: `the body is ${json.problem}` };
  if (!isObject(json.text)) {
    return { kind: 'malformed', problem: 'the body is not a JSON object' };
  }
  if (more) {
    const view = {
      event: json.text,
      body: json.text,
      header: delivery.header,
      query: queryReader(delivery),
    };
    const field = missingColumn(view, more);
    if (field !== undefined) return { kind: 'malformed', problem: `${field} is missing`, field };
  }
  // An event without a name is an event, but a filter on names drops it.
  const [raw] = findValues(json.text, namePath) ?? [];
  const name = raw?.startsWith('"') ? scalarText(raw) : undefined;
  return { kind: 'events', events: [{ name, json: json.text }] };
}

function map(envelope: Envelope, stream: Stream): readonly Mapping[] {
  return [mapEvent(envelope, stream)];
}

function mapEvent(envelope: Envelope, stream: Stream): Mapping {
  const { unknown, invalidValues, key } = stream;
  const { body, contentType } = envelope;
  const json = unknown ? readAllMembers(body, contentType) : readMembers(body, contentType);
  if (!json.ok) return { ok: false, reason: `the body is ${json.problem}` };
  const { others } = json;
  if (unknown === 'refuse' && others.length > 0) {
    return { ok: false, reason: `no column takes ${others.length} of its members` };
  }
  const row: Row = {};
  let notes: ValueNote[] | undefined;
  if (unknown === 'keep') {
    row[othersColumn.name] = others.length > 0 ? new JsonText(`{${others.join()}}`) : null;
  }
  for (const { column, member } of filling) {
    const raw = json.members[member];
    if (isAbsent(raw)) row[column] = null;
    else if (column === 'payload') row[column] = new JsonText(payloadText(raw));
    else {
      const text = knownText(raw);
      if (text === undefined) {
        const reason = 'is an object or an array';
        if (invalidValues === 'dead-letter' || key?.includes(column)) {
          return { ok: false, reason: `"${member}" ${reason}`, column };
        }
        notes ??= [];
        notes.push({ column, reason });
      }
      // An empty time is NULL; an empty text is a text.
      row[column] = (column === 'event_time' ? text || null : text) ?? null;
    }
  }
  row['delivery_id'] = envelope.deliveryId;
  row['received_at'] = new Date(envelope.receivedAt);
  const more = morePlanOf(stream);
  if (!more) return notes ? { ok: true, row, notes } : { ok: true, row };
  const added = mapMore(more, envelope, json.text);
  if (!added.ok) return added;
  const allNotes = [...(notes ?? []), ...(added.notes ?? [])];
  const whole = { ...row, ...added.row };
  return allNotes.length > 0 ? { ok: true, row: whole, notes: allNotes } : { ok: true, row: whole };
}

/**
 * The payload as JSON text. A string that contains a JSON object or array becomes that object, so that
 * `JSON_VALUE(payload, '$.items[0].sku')` works. Any other string stays a string.
 */
function payloadText(raw: string): string {
  if (!raw.startsWith('"')) return raw;
  const inner = (JSON.parse(raw) as string).trim();
  if (!inner.startsWith('{') && !inner.startsWith('[')) return raw;
  return isJson(encoder.encode(inner)) ? inner : raw;
}

/** The part that the Worker needs. */
export const datanostroEdge: EdgeSide = {
  name: 'datanostro',
  filteredStatus: 204,
  eventNamePlaces: () => eventName,
  headers: (stream) => morePlanOf(stream)?.headers ?? [],
  read,
};

export const datanostroSource: RowSource = /* @__PURE__ */ Object.assign(
  {
    delivers: 'rows' as const,
    layout,
    map,
  },
  datanostroEdge,
);
