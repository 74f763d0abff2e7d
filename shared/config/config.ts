import { checkConfig } from '#config-check';
import type { Filter } from '../filters/condition.ts';
import type { EventShape } from '../shape/shape.ts';
import type { ReplayWindow } from '../signatures/replay-window.ts';
import type { SchemeName } from '../signatures/schemes.ts';
import type { SourceName } from '../sources/registry.ts';
import type { ExportSettings } from './export-settings.ts';
import type { HandshakeName } from './handshake-names.ts';
import type { HistorySettings } from './history-settings.ts';
import { defaultSecret } from './secret-names.ts';

export { secretPrefix } from './secret-names.ts';

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

/**
 * The streams that this relay serves, with the defaults filled in. In Node every problem is reported at
 * once, with its path; wrangler asks Node before it bundles (`tributary check`), so that the Worker need not
 * carry the checks, nor make them whenever an isolate starts.
 *
 * @throws RelayError `config.invalid`
 */
export function defineRelay(options: RelayOptions): Relay {
  checkConfig(options);
  const streams = Object.entries(options.streams).map(([name, stream]) => resolve(name, stream));
  const {
    project,
    location = 'EU',
    topic = 'tributary',
    subscription = 'tributary-bigquery',
    deadLetters = 'tributary.dead_letters',
    publicUrl,
  } = options;
  return {
    ...(publicUrl && { publicUrl: publicUrl.replace(/\/+$/, '') }),
    project,
    location,
    topic,
    subscription,
    deadLetters,
    streams: new Map(streams.map((stream) => [stream.name, stream])),
  };
}

function resolve(name: string, stream: Stream): RelayStream {
  return {
    maxBodyBytes: 1024 * 1024,
    publishBudgetMs: 2500,
    secrets: [defaultSecret(name, stream.scheme)],
    ...stream,
    name,
  };
}
