/** What the console's server and its page say to each other. Times are Unix milliseconds. */

export interface SessionInfo {
  role: 'operator' | 'reader';
  /** Whether there is a token, and so a way to log out. */
  isLocked: boolean;
  csrf: string;
  endsAt?: number;
  project: string;
  version: string;
  features: { query: boolean; replay: boolean; payloads: boolean; samples: boolean };
  streams: StreamInfo[];
}

export interface StreamInfo {
  name: string;
  source: string;
  scheme: string;
  table: string;
  delivers: 'rows' | 'exports';
  url: string;
  secrets: readonly string[];
  key?: readonly string[];
  /** The filter of the config, as JSON. */
  filter?: string;
  /** The beginning of the filter: of events by name. */
  eventPattern?: string;
  events?: readonly string[];
  filtersPayload: boolean;
}

export interface Problem {
  code: string;
  detail: string;
}

/** What this subscriber knows by itself, once a second. */
export interface Pulse {
  at: number;
  pulled: number;
  inFlight: { messages: number; bytes: number; fullness: number };
  oldestReceivedAt?: number;
  tables: { stream: string; rowsWritten?: number; isRefused: boolean }[];
  deadLetters: number;
  /** Settled since the last pulse, the oldest first. */
  deliveries: Delivery[];
  /** How many deliveries the page did not get, because there were too many at once. */
  skipped: number;
  /** Rows of each append request, the last ones. */
  batches: number[];
  replays: ReplayRun[];
}

/** A delivery that this subscriber has written, or stored as a dead letter. It holds no payload. */
export interface Delivery {
  /** Counts up. */
  n: number;
  /** Unix milliseconds: when it was settled, and when the edge received it. */
  at: number;
  receivedAt?: number;
  stream: string;
  deliveryId: string;
  event?: string;
  /** Which of the stream's secrets matched, where the edge says so. */
  secret?: string;
  replay?: string;
  kind: 'written' | 'written in part' | 'dead letter';
}

/** What the tables say of the last minutes. */
export interface Facts {
  at: number;
  /** Of the whole answer: absent while BigQuery does not answer. */
  problem?: Problem;
  windowMs: number;
  streams: StreamFacts[];
  /** The last hour by minute, of all streams together. */
  minutes: MinuteFacts[];
  /** The alerts that fire; none where the config has no alerts. */
  alerts: FiringAlert[];
}

export interface FiringAlert {
  condition: string;
  title: string;
  /** Absent: the relay as a whole. */
  stream?: string;
  reason: string;
  /** Unix milliseconds. */
  since: number;
}

export interface StreamFacts {
  stream: string;
  deliveriesPerMinute: number;
  outcomes: Record<string, number>;
  rows: number;
  freshness?: { p50: number; p95: number; p99: number };
  backlog: number;
  oldestAgeS?: number;
  deadLetters: number;
  lastDeliveryAt?: number;
  /** Accepted and neither written, nor a dead letter, nor in flight. */
  remainder: number;
  received: number;
  accepted: number;
  filtered: number;
  rejected: number;
  overflow: number;
  notStored: number;
  duplicates: number;
  /** Deliveries of each of the last 60 minutes. */
  perMinute: number[];
}

export interface MinuteFacts {
  minute: number;
  received: number;
  accepted: number;
  filtered: number;
  rejected: number;
  written: number;
  deadLetters: number;
  remainder: number;
}

export interface Letter {
  messageId: string;
  deliveryId: string | null;
  stream: string | null;
  receivedAt: string | null;
  storedAt: string;
  reason: string;
  column: string | null;
  writtenInPart: boolean;
  bytes: number;
  replays: number;
  lastResult: string | null;
}

export interface LetterList {
  letters: Letter[];
  /** There are more than are sent. */
  isCut: boolean;
}

export interface WholeLetterInfo extends Letter {
  attributes: Record<string, string>;
  /** As text, where it is text; else as hexadecimal digits. Absent where payloads are masked. */
  body?: string;
  bodyKind?: 'json' | 'text' | 'binary';
  /** The body is longer than what was sent. */
  isCut: boolean;
  /** Where the column's value stands in the JSON body; null is any index. */
  marks?: (string | number | null)[][];
  /** What a replay would give under the config that this subscriber runs with. */
  trial?: Trial;
}

interface Trial {
  kind: 'row' | 'row in part' | 'export' | 'dead letter' | 'no stream';
  rows: number;
  reason?: string;
}

export interface TrialGroup {
  stream: string | null;
  kind: Trial['kind'];
  reason?: string;
  count: number;
  example: string;
}

/** Which letters: those with these message ids, or all that the filter finds. */
export interface Selection {
  ids?: string[];
  stream?: string;
  reason?: string;
  since?: number;
  until?: number;
  /** Also those that were replayed. */
  all?: boolean;
  /** Another stream to replay them into. */
  as?: string;
}

export interface ReplayRun {
  id: string;
  startedAt: number;
  endedAt?: number;
  state: 'running' | 'done' | 'stopped' | 'failed';
  selected: number;
  published: number;
  results: Record<string, number>;
  /** Left out: replayed already, or by another run. */
  skipped: number;
  problem?: Problem;
}

export interface RefusedList {
  /** The last ones of each stream and cause. */
  refused: RefusedInfo[];
  /** All of a day, as the ledger counts them. */
  counts: { stream: string; outcome: string; cause?: string; deliveries: number }[];
}

export interface RefusedInfo {
  stream: string;
  at: number;
  deliveryId?: string;
  outcome: string;
  cause?: string;
  method: string;
  path: string;
  headers: Record<string, string>;
  bytes?: number;
  /** Its beginning, as text. */
  body?: string;
  hint?: string;
}

export interface CensusLine {
  event: string | null;
  cause: string;
  dropped: number;
  firstAt: number;
  lastAt: number;
  /** Whether the filter that is tried would keep it; absent without one, or where the name does not decide. */
  isKept?: boolean;
}

export interface ExportInfo {
  /** Path of the export, without its query. */
  export: string;
  stream?: string;
  table?: string;
  at: number;
  state: 'under way' | 'loaded' | 'waiting' | 'failed';
  message: string;
  files: ExportFile[];
}

export interface ExportFile {
  file: string;
  rows?: number;
  bytes?: number;
  of?: number;
  state: string;
  job?: string;
}

/** A load job of BigQuery, whichever replica started it. */
export interface LoadJob {
  id: string;
  state: string;
  table: string;
  rows?: number;
  bytes?: number;
  startedAt?: number;
  endedAt?: number;
  error?: string;
}

interface Field {
  name: string;
  type: string;
}

export interface Rows {
  fields: Field[];
  /** NULL is null. Long cells are cut: `isCut` says so. */
  rows: (string | null)[][];
  /** Row and column of each cell that was cut. */
  cut: [row: number, column: number][];
}

export interface TableInfo {
  name: string;
  columns: Field[];
  kind: 'TABLE' | 'VIEW';
}

export interface SavedQueryInfo {
  name: string;
  about: string;
  sql: string;
  parameters: { name: string; type: string; default?: string }[];
}

export interface QueryCheck {
  bytes?: number;
  problem?: Problem;
}

export interface QueryRunInfo extends Partial<Rows> {
  id: string;
  state: 'running' | 'done' | 'failed' | 'cancelled';
  startedAt: number;
  ms: number;
  totalRows?: number;
  bytes?: number;
  next?: string;
  problem?: Problem;
}

export interface SampleInfo {
  body: string;
  contentType: string;
  headers: Record<string, string>;
}

export interface SampleAnswer {
  status: number;
  outcome?: string;
  deliveryId?: string;
  text: string;
  ms: number;
}
