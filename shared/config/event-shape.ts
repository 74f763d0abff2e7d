import type { ColumnType } from '../columns.ts';
import type { BodyFormat } from '../formats/body-formats.ts';

type SinglePlace =
  | `$${string}`
  | `body:$${string}`
  | `header:${string}`
  | `query:${string}`
  | `event:${'id' | 'name' | 'time' | 'index'}`
  | `delivery:${'id' | 'received_at' | 'content_type'}`;

/**
 * Where a value stands in a delivery:
 * - `$.a.b[0]`: a path in the event's JSON; `$` is the event
 * - `body:$.a.b`: a path in the whole body, where the event is one of its items (`each`)
 * - `header:x-name`: a header of the request; one longer than 1,024 bytes counts as missing
 * - `query:name`: a parameter of the URL's query; an array where the name occurs several times
 * - `event:id`, `event:name`, `event:time`, `event:index`: what `id`, `event` and `time` gave, and the
 *   event's position in the delivery
 * - `delivery:id`, `delivery:received_at`, `delivery:content_type`
 *
 * Alternatives are separated by ` | `: the first that has a value counts. null is no value.
 */
export type ValuePlace = SinglePlace | `${SinglePlace} | ${string}`;

/** One value, or several joined by dots (`Issue.create`). If the first is missing, there is no value. */
export type JoinedPlaces = ValuePlace | readonly ValuePlace[];

/**
 * The unit of a time that is sent as a bare number. Dates written as text are read with any unit. With `iso`, the
 * default, a number is in seconds, or in milliseconds if it is large.
 */
export type TimeUnit = 's' | 'ms' | 'us' | 'ns' | 'iso';

interface ColumnOptions {
  /**
   * Where the column's value stands.
   * @example from: '$.items[0].sku'
   */
  from: ValuePlace;
  /**
   * Every row needs a value here that fits the type. If it is missing, a delivery of one event is answered 400. An
   * event among several becomes a dead letter, and so does an event whose value does not fit. In other columns such
   * a value is NULL, and the delivery is also kept as a dead letter.
   * @example required: true
   */
  required?: boolean;
  /**
   * The column's description in BigQuery, 1,024 characters at most.
   * @example description: 'The first item of the order'
   */
  description?: string;
}

/** A column of any type except TIMESTAMP, RECORD and BYTES. */
interface PlainColumn extends ColumnOptions {
  /**
   * The column's type in BigQuery: any except RECORD and BYTES.
   * @example type: 'NUMERIC'
   */
  type: Exclude<ColumnType, 'TIMESTAMP' | 'RECORD' | 'BYTES'>;
  /** Only a TIMESTAMP has a unit. */
  unit?: never;
}

interface TimestampColumn extends ColumnOptions {
  type: 'TIMESTAMP';
  /**
   * The unit of a bare number: `s`, `ms`, `us`, `ns`, or `iso`, the default (seconds, or milliseconds if it is large).
   * Dates written as text are read with any unit.
   * @example unit: 'ms'
   */
  unit?: TimeUnit;
}

/** One column: its type, and where its value stands. */
export type ColumnShape = PlainColumn | TimestampColumn;

/** Columns by name. */
export type ColumnShapes = Readonly<Record<string, ColumnShape>>;

/** How a sender's deliveries hold their events, and what each event becomes. */
export interface EventShape {
  /**
   * The formats that a body may have: all except `text` by default. A form becomes an object of texts (an array where
   * a name occurs several times). A file in a multipart form is its name, type and size. A text becomes a JSON string.
   * @example body: ['json', 'form']
   */
  body?: BodyFormat | readonly BodyFormat[];
  /**
   * The array whose items are the events, such as `$` or `$.events`; or `lines`, for lines of JSON. Without it the
   * body is the one event. With `$` or `lines`, a body that is not an array is one event too.
   * @example each: '$.events'
   */
  each?: `$${string}` | 'lines';
  /**
   * The event's name, which filters see.
   * @example event: ['$.resource', '$.action']
   */
  event?: JoinedPlaces;
  /**
   * The sender's id of the event. By default the delivery's id, followed by the event's index if there are several.
   * @example id: '$.event_id | $.id'
   */
  id?: JoinedPlaces;
  /**
   * When the event happened. `unit` is the unit of a bare number.
   * @example time: { from: '$.created', unit: 's' }
   */
  time?: ValuePlace | { from: ValuePlace; unit: TimeUnit };
  /**
   * All columns of the table. By default the columns of docs/sources.md, and those of `moreColumns`. Each has a `type`,
   * and says with `from` where its value stands; `unit`, `required` and `description` are optional.
   * @example
   * columns: {
   *   event_id: { type: 'STRING', from: 'event:id', required: true },
   *   sku: { type: 'STRING', from: '$.items[0].sku', description: 'The first item of the order' },
   *   paid_at: { type: 'TIMESTAMP', from: '$.paid_at', unit: 'ms' },
   * }
   */
  columns?: ColumnShapes;
  /**
   * Columns in addition to those that the table has anyway.
   * @example moreColumns: { total: { type: 'NUMERIC', from: '$.total_price' } }
   */
  moreColumns?: ColumnShapes;
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
} as const satisfies ColumnShapes;
