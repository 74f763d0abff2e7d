import type { Column, TableLayout } from '../columns.ts';
import type { Stream, StreamOptions } from '../config/config.ts';
import type { EventShape } from '../config/event-shape.ts';
import type { Envelope } from '../envelope.ts';
import { RelayError } from '../errors.ts';
import type { SentBody } from '../formats/body-formats.ts';
import { formMembers, joinMembers } from '../formats/form.ts';
import {
  beginsAsJson,
  decodeDocument,
  formatOf,
  inUtf8,
  isDeclaredForm,
  readAs,
} from '../formats/read-body.ts';
import { lossTest, notText, replaced } from '../formats/replaced.ts';
import { decodeLossy } from '../formats/text.ts';
import { JsonText } from '../json/json-text.ts';
import { type Mapping, missingColumn, type ValueNote } from '../shape/map-columns.ts';
import { mapMore, moreLayout, morePlanOf } from '../shape/more-columns.ts';
import { queryReader } from '../shape/places.ts';
import type { TokenSchemeChoice } from '../signatures/schemes.ts';
import type { EdgeDelivery, EdgeSide, Reading, RowSource } from './source.ts';

export interface SegmentstreamOptions
  // Nothing is signed, and bodies are kept raw: a filter would see no name and no field.
  extends Omit<StreamOptions, 'filter' | 'replayWindow'>,
    Pick<EventShape, 'moreColumns'> {
  /**
   * How the CRM shows its secret. By default an unguessable key ends the endpoint's path.
   * @example scheme: 'basic'
   */
  scheme?: TokenSchemeChoice;
  /**
   * The time zone of the column `date`: an IANA name or an offset such as `+02:00`. UTC by default.
   * @example timeZone: 'Europe/Prague'
   */
  timeZone?: string;
  /**
   * Adds a JSON column `fields` with the payload's fields, where the payload is a form, or a JSON object or array.
   * @example fields: true
   */
  fields?: boolean;
}

/**
 * SegmentStream's webhook data import: whatever a CRM posts is kept raw, with the time and a unique id.
 * Nothing is signed; an unguessable key ends the endpoint's path.
 */
export function segmentstream(options: SegmentstreamOptions): Stream {
  return { source: 'segmentstream', scheme: 'endpoint-key', ...options };
}

const fieldsColumn: Column = {
  name: 'fields',
  type: 'JSON',
  description: 'What the payload and the query say, where they are forms or JSON',
  // A changed field would be something that nobody sent. The payload has everything.
  exact: true,
  spare: true,
};

/** @throws RelayError `config.invalid` if there is no such time zone */
function layout(stream: Stream): TableLayout {
  calendarOf(stream.timeZone ?? 'UTC');
  return {
    columns: [
      { name: 'hit_id', type: 'STRING', description: "The relay's id of the delivery (UUIDv7)" },
      { name: 'payload', type: 'STRING', description: 'The body as it was sent, or the query' },
      { name: 'received_at', type: 'INT64', description: 'Unix milliseconds' },
      { name: 'date', type: 'DATE', description: `Of received_at, in ${stream.timeZone ?? 'UTC'}` },
      ...(stream.fields ? [fieldsColumn] : []),
      ...moreLayout(stream),
    ],
    partitionBy: { column: 'date', by: 'DAY' },
    copies: { by: ['hit_id'], newest: 'received_at' },
    description: 'CRM postbacks, relayed by Tributary',
  };
}

function map(envelope: Envelope, stream: Stream): readonly Mapping[] {
  return [mapHit(envelope, stream)];
}

function mapHit(envelope: Envelope, stream: Stream): Mapping {
  const { text: payload, isExact } = decodePayload(envelope);
  const more = morePlanOf(stream);
  const fields = stream.fields || more ? hitFields(envelope) : undefined;
  const added = more && mapMore(more, envelope, fields ?? 'null');
  if (added?.ok === false) return added;
  const notes: ValueNote[] = [];
  if (!isExact) notes.push({ column: 'payload', reason: replaced });
  if (stream.fields && fields && lossTest(envelope)(fields)) {
    notes.push({ column: fieldsColumn.name, reason: replaced });
  }
  const [note] = notes;
  if (note && (stream.invalidValues === 'dead-letter' || isInKey(notes, stream))) {
    return { ok: false, reason: `${note.column} ${notText}`, column: note.column };
  }
  return {
    ok: true,
    row: {
      hit_id: envelope.deliveryId,
      payload,
      received_at: BigInt(envelope.receivedAt),
      date: dateIn(stream.timeZone ?? 'UTC', envelope.receivedAt),
      ...(stream.fields && { fields: fields === undefined ? null : new JsonText(fields) }),
      ...added?.row,
    },
    ...((note || added?.notes) && { notes: [...notes, ...(added?.notes ?? [])] }),
  };
}

/** A key must not contain U+FFFD instead of what was sent. */
function isInKey(notes: readonly ValueNote[], { key = [] }: Stream): boolean {
  return notes.some(({ column }) => key.includes(column));
}

/**
 * The body, or the query of a delivery without a body. A byte order mark stays, because it was sent. Not exact if U+FFFD
 * stands for bytes that are not text.
 */
function decodePayload(envelope: Envelope): { text: string; isExact: boolean } {
  const { body, contentType, query } = envelope;
  if (body.byteLength === 0 && query) return { text: query, isExact: true };
  const decoding = decodeDocument(body, contentType);
  return decoding.ok
    ? { text: decoding.text, isExact: true }
    : { text: decodeLossy(body, undefined), isExact: false };
}

function read(delivery: EdgeDelivery, stream: Stream): Reading {
  const more = morePlanOf(stream);
  if (more) {
    const event = hitFields(delivery) ?? 'null';
    const { header } = delivery;
    const view = { event, body: event, header, query: queryReader(delivery) };
    const field = missingColumn(view, more);
    if (field !== undefined) return { kind: 'malformed', problem: `${field} is missing`, field };
  }
  return { kind: 'events', events: [{}] };
}

const calendars = new Map<string, Intl.DateTimeFormat>();

/** `YYYY-MM-DD` of a time in Unix milliseconds, in a zone. */
function dateIn(timeZone: string, time: number): string {
  return calendarOf(timeZone).format(time);
}

function calendarOf(timeZone: string): Intl.DateTimeFormat {
  const known = calendars.get(timeZone);
  if (known) return known;
  try {
    // Swedish dates are ISO 8601 dates.
    const calendar = new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short' });
    calendars.set(timeZone, calendar);
    return calendar;
  } catch (cause) {
    const message = `there is no time zone "${timeZone}"`;
    throw new RelayError('config.invalid', message, { cause });
  }
}

/** The part that the Worker needs. */
export const segmentstreamEdge: EdgeSide = {
  name: 'segmentstream',
  filteredStatus: 200,
  eventNamePlaces: () => undefined,
  headers: (stream) => morePlanOf(stream)?.headers ?? [],
  read,
};

export const segmentstreamSource: RowSource = /* @__PURE__ */ Object.assign(
  {
    delivers: 'rows' as const,
    layout,
    map,
  },
  segmentstreamEdge,
);

const formats = ['json', 'form', 'multipart', 'text'] as const;

/** What the fields of a delivery are read from. */
type Hit = SentBody & { query?: string | undefined };

/**
 * The fields that a CRM sent, as JSON text: the members of its form or JSON body, and of the query. The body wins for a
 * name in both. Undefined if there are no fields, as in XML or plain text.
 */
function hitFields(hit: Hit): string | undefined {
  const said = bodyFields(hit);
  const query = hit.method === 'GET' ? undefined : hit.query;
  if (!query) return said;
  const joining = formMembers(query);
  if (said === undefined) return joining.size > 0 ? joining.toJson() : undefined;
  // An array has no members.
  return /^\s*\{/.test(said) ? joinMembers(said, joining) : said;
}

function bodyFields(hit: Hit): string | undefined {
  if (hit.body.byteLength === 0) return undefined;
  const sent = inUtf8(hit);
  const format = formatOf(sent, formats);
  // A number is JSON too, but has no fields.
  if (format === 'text' || (format === 'json' && !beginsAsJson(sent.body))) return undefined;
  if (format === 'form' && !mayBeForm(sent)) return undefined;
  const reading = readAs(format, sent);
  return reading.ok ? reading.text : undefined;
}

/** A query string has no Content-Type. curl declares everything that it posts as a form. */
function mayBeForm({ contentType, method }: SentBody): boolean {
  return method === 'GET' || contentType === undefined || isDeclaredForm(contentType);
}
