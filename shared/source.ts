import type { Row, TableLayout } from './columns.ts';
import type { Stream } from './config.ts';
import type { Envelope } from './envelope.ts';

/** What the edge learns from a delivery whose key or signature already held. */
export type Reading =
  | { kind: 'event'; event?: string }
  /** A delivery of another kind than this stream is for: acknowledged, not relayed. */
  | { kind: 'ignored'; event?: string; reason: string }
  | { kind: 'malformed'; problem: string; field?: string };

/** A row, or why the event can never become one; `column` is the path of what is wrong. */
export type Mapping = { ok: true; row: Row } | { ok: false; reason: string; column?: string };

/** An export that a webhook announced: a file of rows, to be fetched from the sender. */
export interface Announcement {
  /** Path and query below the sender's configured API URL, beginning with one slash. */
  path: string;
  /** `dataset.table` that the files are loaded into. */
  table: string;
}

export type AnnouncementReading =
  | { ok: true; announcement: Announcement }
  | { ok: false; reason: string; column?: string };

interface EdgeSide {
  readonly name: string;
  /** What the sender's own console expects for an event that the filter drops. */
  readonly filteredStatus: 200 | 204;
  /** Parses only as far as the filter and the answer need. */
  read(body: Uint8Array, stream: Stream): Reading;
}

/** A source whose deliveries become rows. */
export interface RowSource extends EdgeSide {
  readonly delivers: 'rows';
  layout(stream: Stream): TableLayout;
  map(envelope: Envelope, stream: Stream): Mapping;
}

/** A source whose deliveries announce files of rows. */
export interface ExportSource extends EdgeSide {
  readonly delivers: 'exports';
  announcement(envelope: Envelope, stream: Stream): AnnouncementReading;
}

export type Source = RowSource | ExportSource;
