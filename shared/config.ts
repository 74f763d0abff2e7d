import * as v from 'valibot';
import { parseBlock } from './addresses.ts';
import { unsignedFilters } from './coverage.ts';
import { RelayError } from './error.ts';
import { type ExportSettings, exportEntries } from './export-settings.ts';
import type { Filter, Problem } from './filters/condition.ts';
import { filterOf } from './filters/filter.ts';
import { type HistorySettings, historyEntries } from './history-settings.ts';
import { keyProblems } from './key.ts';
import { planOf } from './shape/plan.ts';
import type { EventShape } from './shape/shape.ts';
import { type SchemeName, schemes } from './signatures/schemes.ts';
import { signsUrl } from './signatures/template.ts';
import { type SourceName, sources } from './sources/registry.ts';

/** What every stream may set, whatever its source. */
export interface StreamOptions {
  /** `dataset.table` that the rows go to; created when missing. */
  table: string;
  /**
   * Names of the secrets that hold the signing secret or the endpoint key. Two may be live at once,
   * for rotation. By default `<STREAM>_SECRET`, or `<STREAM>_KEY` where the scheme is an endpoint key.
   */
  secrets?: string[];
  filter?: Filter;
  /**
   * Columns that tell one row from another, 16 at most. The table then has them as its primary key, and
   * a row replaces the one with its key: what a sender sends again, or is replayed, changes nothing.
   */
  key?: string[];
  /** The largest body, in bytes: 1 MiB by default, up to 7 MiB (base64 must fit Pub/Sub's 10 MB). */
  maxBodyBytes?: number;
  /** How long the edge tries to publish before it answers 503, in milliseconds: 2,500 by default. */
  publishBudgetMs?: number;
  /** Addresses or CIDR blocks (IPv4 or IPv6) that deliveries may come from; any by default. */
  allowedAddresses?: string[];
  /** The handshake that the sender's console asks for; without it such requests are ordinary deliveries. */
  handshake?: HandshakeName;
}

/** How a sender's console proves, before the first delivery, that this endpoint is its user's. */
export type HandshakeName = (typeof handshakeNames)[number];

const handshakeNames = [
  'asana',
  'discord',
  'dropbox',
  'graph',
  'meta',
  'monday',
  'slack',
  'twitch',
  'x',
  'xero',
  'zoom',
] as const;

/** A stream as a source's function (`datanostro({ … })`) makes it: plain data. */
export interface Stream extends StreamOptions, EventShape, ExportSettings, HistorySettings {
  source: SourceName;
  scheme: SchemeName;
  timeZone?: string;
  /** A GET is a delivery too: its query string is the payload. */
  acceptsGet?: boolean;
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

const mebibyte = 1024 * 1024;

const TableName = v.pipe(
  v.string(),
  v.regex(/^\w{1,1024}\.[\w-]{1,1024}$/, 'must be "dataset.table"'),
);

const ResourceName = v.pipe(
  v.string(),
  v.regex(
    /^(?!goog)[A-Za-z][\w.~+%-]{2,254}$/,
    'must be 3 to 255 letters, digits or - . _ ~ + %, begin with a letter and not with "goog"',
  ),
);

const StreamName = v.pipe(
  v.string(),
  v.regex(/^[a-z][a-z0-9_-]{0,62}$/, 'must be lower case: a letter, then letters, digits, - or _'),
);

const SecretName = v.pipe(
  v.string(),
  v.regex(/^[A-Z][A-Z0-9_]*$/, 'must name a secret, as in UPPER_CASE; never the secret itself'),
);

// Its form alone: to ask Intl takes longer than the rest of the Worker's start. The subscriber asks.
const TimeZone = v.pipe(
  v.string(),
  v.regex(
    /^([+-]\d\d:\d\d|[A-Za-z][\w+-]*(\/[\w+-]+)*)$/,
    'must be an IANA time zone or an offset such as +02:00',
  ),
);

const AddressBlock = v.pipe(
  v.string(),
  v.check(
    (text) => parseBlock(text) !== undefined,
    'must be an address or a CIDR block, such as 192.0.2.0/24',
  ),
);

const From = v.union(
  [v.string(), v.array(v.string())],
  'must be a place such as $.type, or a list',
);
const Unit = v.picklist(['s', 'ms', 'iso']);

// What the texts say is checked when they are compiled.
const Columns = v.record(
  v.string(),
  v.strictObject({
    type: v.string(),
    from: v.string(),
    unit: v.optional(Unit),
    required: v.optional(v.boolean()),
    description: v.optional(v.string()),
  }),
);

const StreamSchema = v.strictObject({
  source: v.picklist(Object.keys(sources)),
  scheme: v.picklist(Object.keys(schemes)),
  body: v.optional(v.picklist(['json', 'form'])),
  each: v.optional(v.string()),
  event: v.optional(From),
  id: v.optional(From),
  time: v.optional(v.union([v.string(), v.strictObject({ from: v.string(), unit: Unit })])),
  columns: v.optional(Columns),
  moreColumns: v.optional(Columns),
  table: TableName,
  secrets: v.optional(v.pipe(v.array(SecretName), v.minLength(1), v.maxLength(2))),
  // Checked by its compiler, which tells the place of each problem.
  filter: v.optional(v.looseObject({})),
  key: v.optional(v.pipe(v.array(v.string()), v.minLength(1), v.maxLength(16))),
  maxBodyBytes: v.optional(
    v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(7 * mebibyte)),
  ),
  publishBudgetMs: v.optional(v.pipe(v.number(), v.integer(), v.minValue(100), v.maxValue(25_000))),
  allowedAddresses: v.optional(v.pipe(v.array(AddressBlock), v.minLength(1))),
  handshake: v.optional(v.picklist(handshakeNames)),
  timeZone: v.optional(TimeZone),
  acceptsGet: v.optional(v.boolean()),
  ...exportEntries,
  ...historyEntries,
});

const RelaySchema = v.strictObject({
  project: v.pipe(
    v.string(),
    v.regex(/^[a-z][a-z0-9-]{4,28}[a-z0-9]$/, 'must be the id of a Google Cloud project'),
  ),
  location: v.optional(v.string(), 'EU'),
  topic: v.optional(ResourceName, 'tributary'),
  subscription: v.optional(ResourceName, 'tributary-bigquery'),
  deadLetters: v.optional(TableName, 'tributary.dead_letters'),
  publicUrl: v.optional(v.pipe(v.string(), v.url('must be a URL'))),
  streams: v.record(StreamName, StreamSchema),
});

/**
 * Checks the streams that this relay serves and fills in the defaults. Every problem is reported at
 * once, with its path.
 *
 * @throws RelayError `config.invalid`
 */
export function defineRelay(options: RelayOptions): Relay {
  const parsed = v.safeParse(RelaySchema, options);
  const problems = (parsed.issues ?? []).map(
    (issue) => `  ${v.getDotPath(issue) ?? ''} ${issue.message}`,
  );
  const misread = new Set(parsed.issues?.map((issue) => issue.path?.[1]?.key));
  problems.push(...disagreements(options, (name) => !misread.has(name)));
  if (!parsed.success || problems.length > 0) {
    throw new RelayError(
      'config.invalid',
      'setup',
      `tributary.config.ts has ${problems.length === 1 ? 'a problem' : `${problems.length} problems`}:\n${problems.join('\n')}`,
    );
  }
  const streams = Object.entries(options.streams).map(([name, stream]) => resolve(name, stream));
  const { project, location, topic, subscription, deadLetters, publicUrl } = parsed.output;
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

/**
 * Handshakes whose challenge is answered with the key that signs deliveries. With any other scheme than
 * the one whose signed text no challenge can be, they would sign a forger's deliveries for him.
 */
const challengeSchemes: { [Name in HandshakeName]?: SchemeName } = { x: 'x', zoom: 'zoom' };

/** Settings that are right one by one, but not together. */
function disagreements(
  { publicUrl, streams }: RelayOptions,
  isWellFormed: (streamName: string) => boolean,
): string[] {
  return Object.entries(streams ?? {}).flatMap(([name, stream]) => {
    const { scheme, handshake } = stream;
    const problems = (isWellFormed(name) ? streamProblems(stream) : []).map(
      ({ path, message }) => `  streams.${name}.${path} ${message}`,
    );
    if (publicUrl === undefined && Object.hasOwn(schemes, scheme) && signsUrl(schemes[scheme])) {
      problems.push(`  publicUrl must be set: the senders of the stream "${name}" sign it`);
    }
    const due = handshake && challengeSchemes[handshake];
    if (due !== undefined && scheme !== due) {
      problems.push(`  streams.${name}.handshake "${handshake}" needs the scheme "${due}"`);
    }
    return problems;
  });
}

/** What only the compilers of the shape and of the filter can tell. */
function streamProblems(stream: Stream): Problem[] {
  const eventFrom = sources[stream.source].eventFrom(stream);
  return [
    ...(stream.source === 'generic' ? planOf(stream).problems : []),
    ...filterOf(stream).problems,
    ...unsignedFilters(stream, schemes[stream.scheme], eventFrom),
    ...keyProblems(stream),
  ];
}

function resolve(name: string, stream: Stream): RelayStream {
  const prefix = secretPrefix(name);
  return {
    maxBodyBytes: mebibyte,
    publishBudgetMs: 2500,
    secrets: [stream.scheme === 'endpoint-key' ? `${prefix}_KEY` : `${prefix}_SECRET`],
    ...stream,
    name,
  };
}

/** `crm-eu` → `CRM_EU`: what the names of a stream's secrets and settings begin with. */
export function secretPrefix(streamName: string): string {
  return streamName.toUpperCase().replaceAll('-', '_');
}
