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
import { stableDeliveryId } from './stable-delivery-id.ts';

/** What a line of history says. */
export type EventReading =
  | {
      kind: 'row';
      id: string;
      timeMs?: number;
      row: Row;
      /** Of a table with a key. */
      sequence?: string;
      /** It may be a row already, without this value; a line is never written in part, as it can be mended. */
      unfit?: ValueNote;
    }
  /** The edge would not have relayed it. */
  | { kind: 'filtered' }
  | { kind: 'rejected'; reason: string; column?: string };

const noHeader = () => undefined;

/** Reads lines as if each were the body of a delivery that the edge has just taken. */
export class EventReader {
  readonly stream: RelayStream;
  readonly layout: TableLayout;
  readonly columns: EventColumns;
  readonly encoder: RowEncoder;
  readonly #source: RowSource;
  readonly #receivedAt: number;
  readonly #contentType: string;
  /** The stream as it would be if it took every event. */
  readonly #lenient: RelayStream;

  /**
   * @param receivedAt Unix milliseconds: the same for every row of a run
   * @throws RelayError `stream.no-rows` for one that is filled with files, `stream.no-id`
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

  /** Members of an event, at its top, that a JSON column is filled with. */
  jsonMembers(): ReadonlySet<string> {
    const members = planOf(this.stream).columns.flatMap(({ type, from }) =>
      type === 'JSON' ? from.flatMap(memberOf) : [],
    );
    return new Set(members);
  }

  /**
   * Does the line say which event it is, or when it happened, whatever the filter says of it? An error in the place
   * of events (`{"error": …}`) does not.
   */
  isEvent({ bytes, problem }: Line): boolean {
    if (problem !== undefined) return false;
    const mappings = this.#source.map(this.#envelope(bytes), this.#lenient);
    return mappings.some((mapping) => mapping.ok && this.#isTold(mapping.row));
  }

  /** A line may hold several events, where the stream's deliveries do. */
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

  /** Has it an id or a time? Where the table has no times, its own id is enough. */
  #isTold(row: Row): boolean {
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
    // An error in the place of an event (`{"detail": …}`) must not become a row of NULLs.
    if (!this.#isTold(row)) {
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

  /** As its table takes it whole, or what does not fit. */
  encode({ row, sequence, unfit }: Extract<EventReading, { kind: 'row' }>) {
    return unfit ? { ok: false as const, ...unfit } : this.encoder.encode(row, sequence);
  }

  /** Microseconds since 1970. A time that can't be read is the encoder's to refuse. */
  #timeOf(row: Row): Instant | undefined {
    const value = this.columns.time === undefined ? null : (row[this.columns.time] ?? null);
    const time = typeof value === 'string' ? readTimestamp(value) : undefined;
    return typeof time === 'string' ? undefined : time;
  }
}

/** The member that a place is, where it is one at the top of the event. */
function memberOf(place: Place): string[] {
  if (place.of !== 'event' || place.path.length !== 1) return [];
  return [String(place.path[0])];
}

/** Does the sender say which event it is? */
function hasId(row: Row, { ids, told }: EventColumns): boolean {
  const own = told === 'by all' ? ids : ids.slice(0, 1);
  return own.some((column) => (row[column] ?? null) !== null);
}
