import type { Column, TableLayout } from '../columns.ts';
import type { Stream, StreamOptions } from '../config.ts';
import type { Envelope } from '../envelope.ts';
import { RelayError } from '../error.ts';
import { formJson } from '../form-fields.ts';
import { readJsonText } from '../json-body.ts';
import { JsonText } from '../json-text.ts';
import type { TokenSchemeName } from '../signatures/schemes.ts';
import type { Mapping, RowSource } from '../source.ts';

export interface SegmentstreamOptions extends StreamOptions {
  /** What the CRM shows; by default an unguessable key ends the endpoint's path. */
  scheme?: TokenSchemeName;
  /** The zone that `date` is told in: an IANA name (`Europe/Prague`) or an offset (`+02:00`). UTC by default. */
  timeZone?: string;
  /** Adds a JSON column `fields` with what the payload says, where it is a form or a JSON object or array. */
  fields?: boolean;
}

/**
 * SegmentStream's webhook data import: whatever a CRM posts is kept raw, with the time and a unique
 * id of the hit. Nothing is signed; the endpoint's path holds an unguessable key.
 */
export function segmentstream(options: SegmentstreamOptions): Stream {
  return { source: 'segmentstream', scheme: 'endpoint-key', ...options };
}

const fieldsColumn: Column = {
  name: 'fields',
  type: 'JSON',
  description: 'What the payload says, where it is a form or JSON',
};

/** @throws RelayError `config.invalid` where there is no such time zone */
function layout(stream: Stream): TableLayout {
  calendarOf(stream.timeZone ?? 'UTC');
  return {
    columns: [
      { name: 'hit_id', type: 'STRING', description: "The relay's id of the delivery (UUIDv7)" },
      { name: 'payload', type: 'STRING', description: 'The body as it was sent' },
      { name: 'received_at', type: 'INT64', description: 'Unix milliseconds' },
      { name: 'date', type: 'DATE', description: `Of received_at, in ${stream.timeZone ?? 'UTC'}` },
      ...(stream.fields ? [fieldsColumn] : []),
    ],
    partitionBy: { column: 'date', by: 'DAY' },
    copies: { by: ['hit_id'], newest: 'received_at' },
    description: 'CRM postbacks, relayed by Tributary',
  };
}

// ignoreBOM: the body is kept as sent, a byte order mark too.
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function map(envelope: Envelope, stream: Stream): readonly Mapping[] {
  return [mapBody(envelope, stream)];
}

function mapBody(envelope: Envelope, stream: Stream): Mapping {
  let payload: string;
  try {
    payload = utf8.decode(envelope.body);
  } catch {
    return {
      ok: false,
      reason: 'the body is not UTF-8, and a STRING holds nothing else',
      column: 'payload',
    };
  }
  return {
    ok: true,
    row: {
      hit_id: envelope.deliveryId,
      payload,
      received_at: BigInt(envelope.receivedAt),
      date: dateIn(stream.timeZone ?? 'UTC', envelope.receivedAt),
      ...(stream.fields && { fields: fieldsOf(envelope, payload) }),
    },
  };
}

/** Null where it is neither: XML, or words. */
function fieldsOf({ body, contentType }: Envelope, payload: string): JsonText | null {
  if (/^\s*[[{]/.test(payload)) {
    const json = readJsonText(body);
    if (json.ok) return new JsonText(json.text);
  }
  // A query string comes without a type. curl says of whatever it posts that it is a form.
  const mayBeForm = contentType === undefined || contentType.toLowerCase().startsWith(formType);
  return mayBeForm && startsAsForm.test(payload) ? new JsonText(formJson(payload)) : null;
}

const formType = 'application/x-www-form-urlencoded';
const startsAsForm = /^[^\s=&<>{}"]+=/;

const calendars = new Map<string, Intl.DateTimeFormat>();

/** `YYYY-MM-DD` of a time in Unix milliseconds, in a zone. */
function dateIn(timeZone: string, time: number): string {
  return calendarOf(timeZone).format(time);
}

function calendarOf(timeZone: string): Intl.DateTimeFormat {
  const known = calendars.get(timeZone);
  if (known) return known;
  try {
    // Sweden writes its dates as ISO 8601 does.
    const calendar = new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short' });
    calendars.set(timeZone, calendar);
    return calendar;
  } catch (cause) {
    const message = `there is no time zone "${timeZone}"`;
    throw new RelayError('config.invalid', 'setup', message, { cause });
  }
}

export const segmentstreamSource: RowSource = {
  name: 'segmentstream',
  delivers: 'rows',
  filteredStatus: 200,
  eventFrom: () => undefined,
  headers: () => [],
  read: () => ({ kind: 'events', events: [{}] }),
  layout,
  map,
};
