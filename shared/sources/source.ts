import type { TableLayout } from '../columns.ts';
import type { Stream } from '../config/config.ts';
import type { JoinedPlaces } from '../config/event-shape.ts';
import type { Envelope } from '../envelope.ts';
import type { FilteredEvent } from '../filters/filter.ts';
import type { SentBody } from '../formats/body-formats.ts';
import type { Mapping } from '../shape/map-columns.ts';

/** What the edge learns from a delivery after its key or signature was verified. */
export type Reading =
  /**
   * At least one event. The delivery passes the filter if any event does; the subscriber drops the others. `text` is
   * the whole body as JSON, if all of it was read.
   */
  | { kind: 'events'; events: readonly FilteredEvent[]; text?: string }
  /** A delivery of a kind that the stream does not take: acknowledged, not relayed. */
  | { kind: 'ignored'; event?: string; reason: string }
  | { kind: 'malformed'; problem: string; field?: string };

/** A delivery at the edge. `header` gives a header's value if the envelope can carry it. */
export interface EdgeDelivery extends SentBody {
  header: (name: string) => string | undefined;
  /** The URL's query as it was sent, without the question mark. */
  query?: string | undefined;
}

/** An export that a webhook announced: a file of rows, to be fetched from the sender. */
export interface Announcement {
  /** Path and query below the sender's configured API URL, beginning with one slash. */
  path: string;
  /** `dataset.table` that the files are loaded into. */
  table: string;
  /** The id of its experiment, if the stream has an `exportFilter`. */
  experimentId?: string;
}

export type AnnouncementReading =
  | { ok: true; announcement: Announcement }
  | { ok: false; reason: string; column?: string };

/** A source as the edge knows it. */
export interface EdgeSide {
  readonly name: string;
  /** The status that the sender's console expects for an event that the filter drops. */
  readonly filteredStatus: 200 | 204;
  /** Where an event's name stands, which filters see; undefined if events have no name. */
  eventNamePlaces(stream: Stream): JoinedPlaces | undefined;
  /** Lower-case names of the headers that the subscriber needs. */
  headers(stream: Stream): readonly string[];
  /** Parses only as far as the filter and the answer need. */
  read(delivery: EdgeDelivery, stream: Stream): Reading;
}

/** A source whose deliveries become rows. */
export interface RowSource extends EdgeSide {
  readonly delivers: 'rows';
  layout(stream: Stream): TableLayout;
  /**
   * One mapping for each event that passes the stream's filter, or one for a delivery that can't be read.
   *
   * @param text of the body, as `read` returned it: then it is not parsed again
   */
  map(envelope: Envelope, stream: Stream, text?: string): readonly Mapping[];
  /**
   * The same, lazily, for a stream whose deliveries may have many events. Undefined for other streams.
   */
  mapEach?(envelope: Envelope, stream: Stream): Iterable<Mapping> | undefined;
}

/** A source whose deliveries announce files of rows. */
export interface ExportSource extends EdgeSide {
  readonly delivers: 'exports';
  announcement(envelope: Envelope, stream: Stream): AnnouncementReading;
}

export type Source = RowSource | ExportSource;
