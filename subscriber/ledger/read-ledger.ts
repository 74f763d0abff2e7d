import { ledgerTable } from '../../shared/report/ledger.ts';
import type { RelaySource } from '../bigquery/read-cells.ts';
import { tableExists } from '../bigquery/table-exists.ts';
import { replaysTable } from '../dead-letters/replay-results.ts';
import {
  addSum,
  countsOf,
  type LedgerCounts,
  type LedgerLine,
  type LedgerSum,
  settledOf,
  toLine,
} from './ledger-lines.ts';
import { inFlightQuery, sumsQuery, type TimeRange, tablePath } from './ledger-query.ts';
import { ask } from './ledger-reading.ts';
import { recount } from './recount.ts';
import { replaysQuery } from './recount-query.ts';
import { gaugeLivesMs } from './settled/in-flight-gauge.ts';

export type { LedgerLine } from './ledger-lines.ts';

export interface LedgerOptions {
  /** Unix milliseconds: the minutes that begin then or later, and before `until`, which is now by default. */
  since: number;
  until?: number;
  stream?: string;
  /** Of earlier minutes only those that do not add up. */
  openBefore?: number;
  /** Whether minutes that do not add up are counted in the tables; true by default. */
  recount?: boolean;
  /** Unix milliseconds. */
  now?: number;
}

const minuteMs = 60_000;
/** The edge reports every ten seconds, and the subscriber every five: a younger minute need not add up. */
const recountAfterMs = 60_000;
/** The clock of the edge may be ahead. */
const clockSkewMs = 600_000;

/**
 * What became of the deliveries of each stream and minute, the oldest first. Empty while there is no ledger.
 *
 * @throws an error of BigQuery's client
 */
export async function readLedger(
  source: RelaySource,
  options: LedgerOptions,
): Promise<LedgerLine[]> {
  const { stream, recount: mayRecount = true, now = Date.now() } = options;
  const table = ledgerTable(source.relay);
  if (!(await tableExists(source.bigquery, table))) return [];
  const range = {
    since: Math.floor(options.since / minuteMs) * minuteMs,
    until: options.until ?? now + clockSkewMs,
  };
  const counts = await readCounts(source, tablePath(source.relay, table), range, {
    now,
    openBefore: options.openBefore,
  });
  const wanted = counts.filter((one) => stream === undefined || one.stream === stream);
  if (mayRecount) {
    await markReplayed(source, wanted, range);
    await recountEach(source, wanted, now);
  }
  return wanted.sort(inOrder).map(toLine).filter(hasCounts);
}

async function readCounts(
  source: RelaySource,
  table: string,
  range: TimeRange,
  { now, openBefore }: { now: number; openBefore: number | undefined },
): Promise<LedgerCounts[]> {
  const [sums, gauges] = await Promise.all([
    ask<LedgerSum>(source, sumsQuery(table, range, openBefore)),
    ask<{ minute: number; stream: string; deliveries: number }>(
      source,
      inFlightQuery(table, range, now - gaugeLivesMs),
    ),
  ]);
  const counts = new Map<string, LedgerCounts>();
  const find = (minute: number, stream: string) => {
    const key = `${minute} ${stream}`;
    const found = counts.get(key) ?? countsOf(minute, stream);
    counts.set(key, found);
    return found;
  };
  for (const sum of sums) addSum(find(sum.minute, sum.stream), sum);
  for (const { minute, stream, deliveries } of gauges) {
    if (deliveries > 0) find(minute, stream).inFlight = deliveries;
  }
  return [...counts.values()];
}

async function markReplayed(
  source: RelaySource,
  counts: readonly LedgerCounts[],
  range: TimeRange,
): Promise<void> {
  const { relay } = source;
  const tables = [relay.deadLetters, replaysTable(relay)];
  const exist = await Promise.all(tables.map((name) => tableExists(source.bigquery, name)));
  if (exist.includes(false)) return;
  type Replayed = { minute: number; stream: string; replayed_at: number };
  const found = await ask<Replayed>(source, replaysQuery(relay, range));
  const times = new Map(found.map((row) => [`${row.minute} ${row.stream}`, row.replayed_at]));
  for (const one of counts) one.replayedAt = times.get(`${one.minute} ${one.stream}`) ?? 0;
}

async function recountEach(
  source: RelaySource,
  counts: readonly LedgerCounts[],
  now: number,
): Promise<void> {
  const streams = new Map<string, LedgerCounts[]>();
  for (const one of counts) {
    if (!needsRecount(one, now)) continue;
    streams.set(one.stream, [...(streams.get(one.stream) ?? []), one]);
  }
  for (const [stream, minutes] of streams) await recount(source, stream, minutes, now);
}

function needsRecount(counts: LedgerCounts, now: number): boolean {
  const { minute, stream, accepted, inFlight, recountAt, reportedAt, replayedAt } = counts;
  if (stream === '' || minute + minuteMs + recountAfterMs > now) return false;
  const settled = settledOf(counts);
  // A replay that adds up all the same may have been counted twice, or not at all.
  const wasAdjusted = counts.wasAdjusted || replayedAt > recountAt;
  const addsUp = settled + inFlight === accepted && !wasAdjusted;
  // What the tables say beyond the edge's counts stays so, unless something was reported since.
  return !addsUp && (settled + inFlight < accepted || wasAdjusted || reportedAt > recountAt);
}

function inOrder(a: LedgerCounts, b: LedgerCounts): number {
  return a.minute - b.minute || (a.stream < b.stream ? -1 : 1);
}

function hasCounts(line: LedgerLine): boolean {
  return line.received > 0 || line.inFlight > 0;
}
