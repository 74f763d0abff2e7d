import { ledgerTable } from '../../shared/report/ledger.ts';
import type { RelaySource } from '../bigquery/read-cells.ts';
import { tableExists } from '../bigquery/table-exists.ts';
import type { LedgerLine } from './ledger-lines.ts';
import { freshnessQuery, lastQuery, tablePath } from './ledger-query.ts';
import { ask } from './ledger-reading.ts';
import { countOpenLetters } from './open-letters.ts';
import { type Freshness, percentilesOf } from './percentiles.ts';
import { readLedger } from './read-ledger.ts';

export type { Freshness } from './percentiles.ts';

/** What a stream does now. */
export interface StreamStatus {
  /** Empty: deliveries at paths that no stream answers. */
  stream: string;
  deliveriesPerMinute: number;
  /** Deliveries within the window. */
  outcomes: StatusOutcomes;
  /** Rows of these deliveries. */
  rows: number;
  /** From the edge until the row was written; absent while nothing was. */
  freshness?: Freshness;
  /** Deliveries of the last day that were accepted and are not settled, those in flight included. */
  backlog: number;
  /** Of the backlog, in seconds, to the minute; 0 without one. */
  oldestAgeS: number;
  /** Dead letters that were not replayed, however old. */
  deadLetters: number;
  /** The last minute with a delivery that was accepted or filtered; ISO 8601. Absent after 31 days without one. */
  lastDeliveryAt?: string;
}

/** Sums of what `LedgerLine` has; `rejected` is of all causes. */
export interface StatusOutcomes {
  received: number;
  filtered: number;
  rejected: number;
  handshakes: number;
  notStored: number;
  accepted: number;
  written: number;
  writtenInPart: number;
  duplicates: number;
  noRow: number;
  deadLetters: number;
}

export interface StatusOptions {
  /** How far back counts and freshness go. */
  windowMs: number;
  /** Unix milliseconds. */
  now?: number;
}

const minuteMs = 60_000;
const dayMs = 86_400_000;
const lastWithinMs = 31 * dayMs;

/**
 * Every stream of the config in its order, then others that the ledger has.
 *
 * @throws an error of BigQuery's client
 */
export async function readStatus(
  source: RelaySource,
  { windowMs, now = Date.now() }: StatusOptions,
): Promise<StreamStatus[]> {
  const since = now - windowMs;
  const [lines, deadLetters, freshness, last] = await Promise.all([
    readLedger(source, { since: Math.min(since, now - dayMs), openBefore: since, now }),
    countOpenLetters(source),
    readFreshness(source, since, now),
    readLast(source, now),
  ]);
  const found = [...lines.map(({ stream }) => stream), ...deadLetters.keys(), ...last.keys()];
  const others = found.filter((stream) => !source.relay.streams.has(stream)).sort();
  return [...new Set([...source.relay.streams.keys(), ...others])].map((stream) => {
    const ofStream = lines.filter((line) => line.stream === stream);
    const recent = ofStream.filter(({ minute }) => Date.parse(minute) + minuteMs > since);
    const percentiles = percentilesOf(freshness.get(stream) ?? []);
    const lastDeliveryAt = last.get(stream);
    const outcomes = sumOutcomes(recent);
    return {
      stream,
      deliveriesPerMinute: (outcomes.received * minuteMs) / windowMs,
      outcomes,
      rows: sum(recent, ({ rows }) => rows),
      ...(percentiles && { freshness: percentiles }),
      ...backlogOf(ofStream, now),
      deadLetters: deadLetters.get(stream) ?? 0,
      ...(lastDeliveryAt !== undefined && { lastDeliveryAt }),
    };
  });
}

function sumOutcomes(lines: readonly LedgerLine[]): StatusOutcomes {
  return {
    received: sum(lines, (line) => line.received),
    filtered: sum(lines, (line) => line.filtered),
    rejected: sum(lines, ({ rejected }) => sum(Object.values(rejected), (count) => count)),
    handshakes: sum(lines, (line) => line.handshakes),
    notStored: sum(lines, (line) => line.notStored),
    accepted: sum(lines, (line) => line.accepted),
    written: sum(lines, (line) => line.written),
    writtenInPart: sum(lines, (line) => line.writtenInPart),
    duplicates: sum(lines, (line) => line.duplicates),
    noRow: sum(lines, (line) => line.noRow),
    deadLetters: sum(lines, (line) => line.deadLetters),
  };
}

function backlogOf(lines: readonly LedgerLine[], now: number) {
  const open = lines.filter(({ remainder, inFlight }) => remainder + inFlight > 0);
  const oldest = Math.min(...open.map(({ minute }) => Date.parse(minute)));
  return {
    backlog: sum(open, ({ remainder, inFlight }) => remainder + inFlight),
    oldestAgeS: open.length === 0 ? 0 : Math.max(0, Math.round((now - oldest) / 1000)),
  };
}

function sum<Item>(items: readonly Item[], of: (item: Item) => number): number {
  return items.reduce((total, item) => total + of(item), 0);
}

async function readFreshness(source: RelaySource, since: number, now: number) {
  const counts = new Map<string, number[]>();
  const table = ledgerTable(source.relay);
  if (!(await tableExists(source.bigquery, table))) return counts;
  const range = { since: Math.floor(since / minuteMs) * minuteMs, until: now + dayMs };
  const query = freshnessQuery(tablePath(source.relay, table), range);
  type Bucket = { stream: string; bucket: number; deliveries: number };
  for (const { stream, bucket, deliveries } of await ask<Bucket>(source, query)) {
    const buckets = counts.get(stream) ?? [];
    while (buckets.length <= bucket) buckets.push(0);
    buckets[bucket] = deliveries;
    counts.set(stream, buckets);
  }
  return counts;
}

async function readLast(source: RelaySource, now: number): Promise<Map<string, string>> {
  const table = ledgerTable(source.relay);
  if (!(await tableExists(source.bigquery, table))) return new Map();
  const query = lastQuery(tablePath(source.relay, table), now - lastWithinMs);
  const rows = await ask<{ stream: string; minute: number }>(source, query);
  return new Map(rows.map(({ stream, minute }) => [stream, new Date(minute).toISOString()]));
}
