import type { Filter } from '../filters/condition.ts';
import type { SchemeName } from '../signatures/schemes.ts';
import type { ReplayWindow } from '../signatures/timestamp.ts';
import type { EventShape } from './event-shape.ts';
import type { ExportSettings } from './export-settings.ts';
import type { HistorySettings } from './history-settings.ts';

/** What every stream may set, whatever its source. */
export interface StreamOptions {
  /** `dataset.table` that the rows go to; created when missing. */
  table: string;
  /**
   * Names of the secrets that hold the signing secret or the endpoint key. Four may be live at once, for
   * rotation and for senders' endpoints that share one URL: the newest first, for a challenge that wants an
   * answer signed (X) gets the first one's. By default `<STREAM>_SECRET`, or `<STREAM>_KEY` where the scheme is an endpoint key.
   */
  secrets?: string[];
  filter?: Filter;
  /**
   * Columns that tell one row from another, 16 at most. The table then has them as its primary key, and
   * a row replaces the one with its key: what a sender sends again, or is replayed, changes nothing.
   */
  key?: string[];
  /**
   * How old the time that a delivery is signed with may be: `90s`, `15m`, `25h`, `3d`, or false for any age. By
   * default as the scheme has it (docs/sources.md). Only where the scheme signs a time.
   */
  replayWindow?: ReplayWindow;
  /**
   * What becomes of an event with a value that does not fit its column. By default (`null`) the column is NULL,
   * or holds U+FFFD where the value was no Unicode, and the delivery is kept among the dead letters as well,
   * marked as written in part. With `dead-letter` the event becomes no row. A `required` column and the key need
   * a value that fits either way.
   */
  invalidValues?: 'null' | 'dead-letter';
  /** The largest body, in bytes: 1 MiB by default, up to 7 MiB (base64 must fit Pub/Sub's 10 MB). */
  maxBodyBytes?: number;
  /** How long the edge tries to publish before it answers 503, in milliseconds: 2,500 by default. */
  publishBudgetMs?: number;
  /** Addresses or CIDR blocks (IPv4 or IPv6) that deliveries may come from; any by default. */
  allowedAddresses?: string[];
  /** What a delivery that is stored is answered with: 204 by default, or 200 where its sender asks for no other. */
  acceptedStatus?: 200 | 204;
  /** A GET is a delivery too: its query string is the payload. Only where the URL is signed, or a key shown. */
  acceptsGet?: boolean;
  /** The handshake that the sender's console asks for; without it such requests are ordinary deliveries. */
  handshake?: HandshakeName;
}

/** What the `source` of a stream may be: the registry of sources has one of each name. */
export type SourceName = 'absmartly' | 'datanostro' | 'generic' | 'segmentstream';

/** A stream as a source's function (`datanostro({ … })`) makes it: plain data. */
export interface Stream extends StreamOptions, EventShape, ExportSettings, HistorySettings {
  source: SourceName;
  scheme: SchemeName;
  timeZone?: string;
  /** What becomes of members of an event that no column takes. */
  unknown?: 'keep' | 'refuse';
  /** Has the table a column `fields`, with what a form or JSON says? */
  fields?: boolean;
}

export interface RelayOptions {
  /** The Google Cloud project that holds the topic, the subscription and the datasets. */
  project: string;
  /** Where missing datasets are created: `EU` by default. */
  location?: string;
  topic?: string;
  subscription?: string;
  /** `dataset.table` for what can never become a row. */
  deadLetters?: string;
  /**
   * The edge as senders know it, `https://hooks.example.com`. Some sign it (HubSpot, Square, Twilio), and
   * then it must be theirs to the letter; so it is never taken from the request.
   */
  publicUrl?: string;
  streams: Record<string, Stream>;
}

/** One stream of a relay, with nothing left to default. */
export interface RelayStream extends Stream {
  name: string;
  secrets: string[];
  maxBodyBytes: number;
  publishBudgetMs: number;
}

export interface Relay extends Required<Omit<RelayOptions, 'streams' | 'publicUrl'>> {
  /** Without a slash at its end. */
  publicUrl?: string;
  streams: ReadonlyMap<string, RelayStream>;
}

export const handshakeNames = [
  'asana',
  'cloudevents',
  'discord',
  'dropbox',
  'event-grid',
  'graph',
  'meta',
  'monday',
  'probe',
  'slack',
  'twitch',
  'x',
  'xero',
  'zoom',
] as const;

/** How a sender's console proves, before the first delivery, that this endpoint is its user's. */
export type HandshakeName = (typeof handshakeNames)[number];
