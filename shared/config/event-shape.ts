import type { ColumnType } from '../columns.ts';
import type { BodyFormat } from '../formats/body-formats.ts';

/**
 * Where a value stands in a delivery:
 * - `$.a.b[0]`: a path of the event's JSON; `$` is the event
 * - `body:$.a.b`: a path of the whole body, where the event is one of its items (`each`)
 * - `header:x-name`: a header of the request; longer than 1,024 bytes it counts as missing
 * - `query:name`: of the URL's query; of a name that comes several times, an array of its values
 * - `event:id`, `event:name`, `event:time`, `event:index`: what `id`, `event` and `time` gave, and the
 *   event's place among the delivery's events
 * - `delivery:id`, `delivery:received_at`, `delivery:content_type`
 *
 * Several, with ` | ` between them, are alternatives: the first that is there counts. null is not there.
 */
export type ValuePlace = string;

/** One value, or several that are joined by dots (`Issue.create`); without the first there is none. */
export type JoinedPlaces = ValuePlace | readonly ValuePlace[];

/**
 * What a bare number says as a time; whatever the unit, dates in text are taken too. By `iso`, the default, a
 * number is seconds, or milliseconds where it is large.
 */
export type TimeUnit = 's' | 'ms' | 'us' | 'ns' | 'iso';

export interface ColumnShape {
  /** Any type but RECORD and BYTES. */
  type: ColumnType;
  from: ValuePlace;
  /** For a TIMESTAMP that is sent as a number. */
  unit?: TimeUnit;
  /**
   * Without it a delivery of one event is answered 400, and an event among several is a dead letter; so is an
   * event whose value does not fit. In other columns that is NULL, and the delivery is kept as well.
   */
  required?: boolean;
  description?: string;
}

/** How the deliveries of a sender hold their events, and what each event becomes. */
export interface EventShape {
  /**
   * The formats that its bodies may have; all but `text` by default. A form is an object whose members are texts,
   * or arrays of them; of a file in a multipart form there are its name, type and size; a text is a JSON string.
   */
  body?: BodyFormat | readonly BodyFormat[];
  /**
   * The array whose items are the events: `$`, `$.events`; or `lines`, for lines of JSON. Without it the body is
   * the one event, and with `$` or `lines` a body that is no array.
   */
  each?: string;
  /** The event's name. */
  event?: JoinedPlaces;
  /** The sender's id of the event; by default the delivery's, with the event's index where it has several. */
  id?: JoinedPlaces;
  /** When it happened. */
  time?: ValuePlace | { from: ValuePlace; unit: TimeUnit };
  /** The table's columns, by name: all of them. By default `defaultColumns` and `moreColumns`. */
  columns?: Readonly<Record<string, ColumnShape>>;
  moreColumns?: Readonly<Record<string, ColumnShape>>;
}

/** What a table holds where a stream declares no columns. */
export const defaultColumns = {
  event_id: { type: 'STRING', from: 'event:id', description: "The sender's id of the event" },
  event_name: { type: 'STRING', from: 'event:name' },
  event_time: { type: 'TIMESTAMP', from: 'event:time', description: 'When it happened' },
  payload: { type: 'JSON', from: '$', description: 'The event, as it was sent' },
  delivery_id: {
    type: 'STRING',
    from: 'delivery:id',
    description: "The relay's id of the delivery (UUIDv7)",
  },
  received_at: {
    type: 'TIMESTAMP',
    from: 'delivery:received_at',
    description: 'When the relay received the delivery',
  },
} as const satisfies Readonly<Record<string, ColumnShape>>;
