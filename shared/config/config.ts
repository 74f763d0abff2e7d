import type { Filter } from '../filters/condition.ts';
import type { SchemeChoice } from '../signatures/schemes.ts';
import type { ReplayWindow } from '../signatures/timestamp.ts';
import type { AlertOptions } from './alert-options.ts';
import type { EventShape } from './event-shape.ts';
import type { ExportSettings } from './export-settings.ts';
import type { HistorySettings } from './history-settings.ts';

/** `dataset.table`. */
export type TableName = `${string}.${string}`;

/** The options of every stream, whatever its source. */
export interface StreamOptions {
  /**
   * The table that the rows go to, as `dataset.table`. It is created if it is missing.
   * @example table: 'shop.orders'
   */
  table: TableName;
  /**
   * The names of the secrets (never the secrets themselves) that hold the signing secret or the endpoint key. Up to
   * four are live at once, for rotation, and for several endpoints of a sender that share one URL. The newest comes
   * first: it answers a challenge that wants a signed answer (X). By default `<STREAM>_SECRET`, or `<STREAM>_KEY`
   * where the scheme is `endpoint-key`.
   * @example secrets: ['ORDERS_SECRET_2026', 'ORDERS_SECRET_2025']
   */
  secrets?: readonly string[];
  /**
   * Only events that pass the filter become rows. By default all do.
   * @example filter: { event: '^order\\.', where: { field: '$.livemode', equals: true } }
   */
  filter?: Filter;
  /**
   * The columns that identify a row, 16 at most. They become the table's primary key, and a row replaces the row with
   * the same key: an event that is sent or replayed again changes nothing.
   * Without it, rows are appended: Pub/Sub may deliver twice, and the view `<table>_unique` shows each delivery once.
   * @example key: ['event_id']
   */
  key?: readonly string[];
  /**
   * How old the signed time of a delivery may be: `90s`, `15m`, `25h`, `3d`, or false for any age. By default the
   * window of the scheme (docs/sources.md). Only for schemes that sign a time.
   * @example replayWindow: '25h'
   */
  replayWindow?: ReplayWindow;
  /**
   * What happens to an event with a value that does not fit its column. With `null`, the default, the column is NULL
   * (or has U+FFFD in place of bytes that are not Unicode), and the delivery is also kept as a dead letter, marked as
   * written in part. With `dead-letter` the event does not become a row. A `required` column and the key always need a
   * value that fits.
   * @example invalidValues: 'dead-letter'
   */
  invalidValues?: 'null' | 'dead-letter';
  /**
   * The largest body, in bytes: 1 MiB by default, 7 MiB at most (in base64 it must fit Pub/Sub's 10 MB).
   * @example maxBodyBytes: 4 * 1024 * 1024
   */
  maxBodyBytes?: number;
  /**
   * How long the edge tries to publish before it answers 503, in milliseconds: 2,500 by default.
   * @example publishBudgetMs: 1500
   */
  publishBudgetMs?: number;
  /**
   * The addresses or CIDR blocks (IPv4 or IPv6) that deliveries may come from. By default any.
   * @example allowedAddresses: ['192.0.2.0/24', '2001:db8::/32']
   */
  allowedAddresses?: readonly string[];
  /**
   * The status for a delivery that is stored: 204 by default, or 200 where the sender asks for 200.
   * @example acceptedStatus: 200
   */
  acceptedStatus?: 200 | 204;
  /**
   * A GET is a delivery too, and its query string is the payload. Only where the scheme signs the URL, or the sender
   * shows a key.
   * @example acceptsGet: true
   */
  acceptsGet?: boolean;
  /**
   * The handshake that the sender's console asks for. Without it such a request is an ordinary delivery.
   * @example handshake: 'slack'
   */
  handshake?: GeneralHandshake;
}

/** What the `source` of a stream may be. The registry of sources has each name. */
export type SourceName = 'absmartly' | 'datanostro' | 'generic' | 'segmentstream';

/** A stream as a source's function (`datanostro({ … })`) makes it: plain data. */
export interface Stream
  extends Omit<StreamOptions, 'handshake'>,
    EventShape,
    ExportSettings,
    HistorySettings {
  source: SourceName;
  scheme: SchemeChoice;
  handshake?: HandshakeName;
  timeZone?: string;
  /** What happens to members of an event that have no column. */
  unknown?: 'keep' | 'refuse';
  /** Whether the table has a column `fields`, with the members of a form or of JSON. */
  fields?: boolean;
}

/** The options of a relay. */
export interface RelayOptions {
  /**
   * The Google Cloud project that holds the topic, the subscription and the datasets.
   * @example project: 'my-project'
   */
  project: string;
  /**
   * Where missing datasets are created: `EU` by default.
   * @example location: 'europe-west3'
   */
  location?: string;
  /**
   * The Pub/Sub topic: `tributary` by default.
   * @example topic: 'webhooks'
   */
  topic?: string;
  /**
   * The topic's subscription that the subscriber pulls from: `tributary-bigquery` by default.
   * @example subscription: 'webhooks-bigquery'
   */
  subscription?: string;
  /**
   * The table for dead letters: `tributary.dead_letters` by default. The ledger, the census and the refused deliveries
   * are in the same dataset.
   * @example deadLetters: 'webhooks.dead_letters'
   */
  deadLetters?: TableName;
  /**
   * The edge's URL as senders know it. Some senders sign it (HubSpot, Square, Twilio): then it must be exactly the URL
   * that they were given. It is never taken from the request.
   * @example publicUrl: 'https://hooks.example.com'
   */
  publicUrl?: string;
  /**
   * Who is told when a delivery becomes a dead letter, a stream falls silent, and the like: see docs/operate/alerts.md.
   * By default nobody.
   * @example alerts: { receivers: [{ url: 'ALERTS_SLACK_URL', format: 'slack' }] }
   */
  alerts?: AlertOptions;
  /**
   * Which deliveries leave a line in the edge's log: `problems`, the default, are those that were refused, not stored,
   * or stored only at a second try or in overflow. With `all` every delivery leaves one, which costs more than the
   * delivery.
   * @example log: 'all'
   */
  log?: EdgeLog;
  /**
   * What is kept, for a day, of deliveries that the edge refused. Headers are always masked.
   * @example refused: { keep: 20, bodyBytes: 512 }
   */
  refused?: RefusedOptions;
  /**
   * The streams by name. A stream answers at `/<name>`, or at `/<name>/<key>` where a key ends the path. A name is
   * lower case: a letter, then letters, digits, `-` or `_`.
   * @example streams: { orders: shopify({ table: 'shop.orders' }) }
   */
  streams: Record<string, Stream>;
}

export type EdgeLog = 'problems' | 'all';

interface RefusedOptions {
  /**
   * How many deliveries of each stream and cause are kept: 100 by default, 1,000 at most.
   * @example keep: 20
   */
  keep?: number;
  /**
   * How many bytes of the body's beginning are kept: none by default, 4,096 at most. The sender may put anything there.
   * @example bodyBytes: 512
   */
  bodyBytes?: number;
}

/** One stream of a relay, with nothing left to default. */
export interface RelayStream extends Omit<Stream, 'secrets'> {
  name: string;
  secrets: readonly string[];
  maxBodyBytes: number;
  publishBudgetMs: number;
}

/** A relay, with nothing left to default. */
export interface Relay
  extends Required<Omit<RelayOptions, 'streams' | 'publicUrl' | 'refused' | 'alerts'>> {
  /** Without a slash at its end. */
  publicUrl?: string;
  refused: Required<RefusedOptions>;
  /** As the config has them: the subscriber alone fills in their defaults. */
  alerts?: AlertOptions;
  streams: ReadonlyMap<string, RelayStream>;
}

export const handshakeNames = [
  'asana',
  'braintree',
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

/** How a sender's console checks, before the first delivery, that this endpoint belongs to its user. */
export type HandshakeName = (typeof handshakeNames)[number];

/** A handshake that works with any scheme. The others answer with the key that signs deliveries. */
type GeneralHandshake = Exclude<HandshakeName, SigningHandshake>;

/** The handshakes that a stream of this scheme can have. */
export type HandshakeFor<Scheme extends SchemeChoice> =
  | GeneralHandshake
  | Extract<Scheme, SigningHandshake>;

/** A handshake that needs the scheme of the same name. */
type SigningHandshake = 'braintree' | 'x' | 'zoom';
