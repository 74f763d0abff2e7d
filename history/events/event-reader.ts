import { hash } from 'node:crypto';
import { keyedLayout, type Row, type TableLayout } from '../../shared/columns.ts';
import type { RelayStream } from '../../shared/config/config.ts';
import type { Envelope } from '../../shared/envelope.ts';
import { RelayError } from '../../shared/errors.ts';
import { filterOf } from '../../shared/filters/filter.ts';
import { takesNoJson } from '../../shared/formats/body-formats.ts';
import type { Mapping, ValueNote } from '../../shared/shape/map-columns.ts';
import type { Place } from '../../shared/shape/places.ts';
import { planOf } from '../../shared/shape/plan.ts';
import { sources } from '../../shared/sources/registry.ts';
import type { RowSource } from '../../shared/sources/source.ts';
import type { Instant } from '../../subscriber/bigquery/encode/civil-time.ts';
import { createEncoder, type RowEncoder } from '../../subscriber/bigquery/encode/encode.ts';
import { readTimestamp } from '../../subscriber/bigquery/encode/time-text.ts';
import type { Line } from '../lines/lines.ts';
import { type EventColumns, eventColumns, idOf } from './event-columns.ts';
import { historySequence } from './history-sequence.ts';

/** What one event of a line is. */
export type EventReading =
  | {
      kind: 'row';
      id: string;
      timeMs?: number;
      row: Row;
      /** If the table has a key. */
      sequence?: string;
      /** A value that does not fit. The line can be corrected, so its events are never written in part. */
      unfit?: ValueNote;
    }
  /** The edge would have dropped it. */
  | { kind: 'filtered' }
  | { kind: 'rejected'; reason: string; column?: string };

const noHeader = () => undefined;

/** Reads each line as if it were the body of a delivery that the edge has just accepted. */
export class EventReader {
  readonly stream: RelayStream;
  readonly layout: TableLayout;
  readonly columns: EventColumns;
  readonly encoder: RowEncoder;
  readonly #source: RowSource;
  readonly #receivedAt: number;
  readonly #contentType: string;
  /** The stream without its filter and its rejections. */
  readonly #lenient: RelayStream;

  /**
   * @param receivedAt Unix milliseconds: the same for every row of a run
   * @throws RelayError `stream.no-rows` if exports fill its table; `stream.no-id`
   */
  constructor(stream: RelayStream, receivedAt: number) {
    const source = sources[stream.source];
    if (source.delivers !== 'rows') {
      throw new RelayError('stream.no-rows', `"${stream.name}" is filled with exports`);
    }
    this.stream = stream;
    const { unknown: _, filter: __, ...lenient } = stream;
    this.#lenient = { ...lenient, invalidValues: 'null' };
    this.layout = keyedLayout(source.layout(stream), stream);
    this.columns = eventColumns(stream, this.layout);
    this.encoder = createEncoder(this.layout, Date.now);
    this.#source = source;
    this.#receivedAt = receivedAt;
    this.#contentType = takesNoJson(stream)
      ? 'application/x-www-form-urlencoded'
      : 'application/json';
  }

  /** The top-level members of an event that fill a JSON column. */
  jsonMembers(): ReadonlySet<string> {
    const members = planOf(this.stream).columns.flatMap(({ type, from }) =>
      type === 'JSON' ? from.flatMap(memberOf) : [],
    );
    return new Set(members);
  }

  /**
   * Does the line have an event with an id or a time, whether or not the filter accepts it? An error in place of
   * events (`{"error": …}`) has neither.
   */
  isEvent({ bytes, problem }: Line): boolean {
    if (problem !== undefined) return false;
    const mappings = this.#source.map(this.#envelope(bytes), this.#lenient);
    return mappings.some((mapping) => mapping.ok && this.#isIdentified(mapping.row));
  }

  /** Several events if the stream's deliveries can have several. */
  read({ bytes, number }: Line): EventReading[] {
    const reading = this.#source.read(
      { body: bytes, header: noHeader, contentType: this.#contentType },
      this.stream,
    );
    if (reading.kind === 'malformed') return [{ kind: 'rejected', reason: reading.problem }];
    if (reading.kind === 'ignored') return [{ kind: 'filtered' }];
    const { passes } = filterOf(this.stream);
    if (!reading.events.some(passes)) return [{ kind: 'filtered' }];
    const envelope = this.#envelope(bytes);
    const mappings = this.#source.map(envelope, this.stream, reading.text);
    return mappings.map((mapping) => this.#judge(mapping, number));
  }

  #envelope(bytes: Uint8Array): Envelope {
    return {
      stream: this.stream.name,
      deliveryId: stableDeliveryId(this.stream.name, bytes),
      receivedAt: this.#receivedAt,
      contentType: this.#contentType,
      body: bytes,
    };
  }

  /** Does it have an id or a time? A table without times accepts every row. */
  #isIdentified(row: Row): boolean {
    const { columns } = this;
    return columns.time === undefined || this.#timeOf(row) !== undefined || hasId(row, columns);
  }

  #judge(mapping: Mapping, line: number): EventReading {
    if (!mapping.ok) {
      const { reason, column } = mapping;
      return { kind: 'rejected', reason, ...(column !== undefined && { column }) };
    }
    const { row, notes: [unfit] = [] } = mapping;
    const time = this.#timeOf(row);
    // An error in place of an event (`{"detail": …}`) must not become a row of NULLs.
    if (!this.#isIdentified(row)) {
      return { kind: 'rejected', reason: 'it has neither an id nor a time' };
    }
    const timeMs = time === undefined ? undefined : Math.floor(Number(time) / 1000);
    const place = { timeMs, line, event: mapping.event };
    return {
      kind: 'row',
      id: idOf(row, this.columns),
      ...(timeMs !== undefined && { timeMs }),
      row,
      ...(this.stream.key && { sequence: historySequence(place, this.#receivedAt) }),
      ...(unfit && { unfit }),
    };
  }

  /** The complete row in the table's encoding, or what does not fit. */
  encode({ row, sequence, unfit }: Extract<EventReading, { kind: 'row' }>) {
    return unfit ? { ok: false as const, ...unfit } : this.encoder.encode(row, sequence);
  }

  /** Microseconds since 1970. If a time can't be read, the encoder rejects it. */
  #timeOf(row: Row): Instant | undefined {
    const value = this.columns.time === undefined ? null : (row[this.columns.time] ?? null);
    const time = typeof value === 'string' ? readTimestamp(value) : undefined;
    return typeof time === 'string' ? undefined : time;
  }
}

/** The name of a place that is a top-level member of the event. */
function memberOf(place: Place): string[] {
  if (place.of !== 'event' || place.path.length !== 1) return [];
  return [String(place.path[0])];
}

/** Does the row have an id of the sender? */
function hasId(row: Row, { ids, identifiedBy }: EventColumns): boolean {
  const own = identifiedBy === 'all' ? ids : ids.slice(0, 1);
  return own.some((column) => (row[column] ?? null) !== null);
}

/**
 * The `delivery_id` of an event that was never delivered: a UUIDv8 (RFC 9562, section 5.8) from the SHA-256 of the
 * stream's name and the line. The same line has the same id in every run. The version distinguishes such rows
 * from those that came through the edge (UUIDv7).
 */
export function stableDeliveryId(stream: string, line: Uint8Array): string {
  const hex = hash('sha256', `${stream}/${hash('sha256', line, 'hex')}`, 'hex');
  const variant = ((Number.parseInt(hex[16] ?? '', 16) & 0x3) | 0x8).toString(16);
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `8${hex.slice(13, 16)}`,
    `${variant}${hex.slice(17, 20)}`,
    hex.slice(20, 32),
  ].join('-');
}
