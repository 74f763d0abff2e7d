import { conditions } from '../../subscriber/alerts/conditions.ts';
import { AlertStore } from '../../subscriber/alerts/state/alert-store.ts';
import { type LedgerLine, readLedger } from '../../subscriber/ledger/read-ledger.ts';
import { readStatus, type StreamStatus } from '../../subscriber/ledger/read-status.ts';
import type { ConsoleParts } from '../context.ts';
import type { Facts, FiringAlert, MinuteFacts, StreamFacts } from '../contract.ts';
import { problemOf } from '../problem.ts';

const minuteMs = 60_000;
const windowMs = 15 * minuteMs;
const shownMinutes = 60;
/** The edge reports every ten seconds: what is younger may still be on its way. */
const settledAfterMs = 2 * minuteMs;

/** What the ledger says. While BigQuery does not answer, it says so, with the figures from before. */
export async function readFacts(parts: ConsoleParts, before: Facts | undefined): Promise<Facts> {
  const source = { relay: parts.relay, bigquery: parts.bigquery };
  const now = Date.now();
  try {
    const status = await readStatus(source, { windowMs, now });
    const since = now - shownMinutes * minuteMs;
    // What does not add up was recounted a moment ago, by the status.
    const lines = await readLedger(source, { since, recount: false, now });
    const first = Math.floor(now / minuteMs) - shownMinutes + 1;
    return {
      at: now,
      windowMs,
      streams: status.map((one) => streamFacts(one, lines, first, now)),
      minutes: minutesOf(lines, first),
      alerts: await firingAlerts(parts),
    };
  } catch (error) {
    const empty: Facts = { at: now, windowMs, streams: [], minutes: [], alerts: [] };
    return { ...(before ?? empty), problem: problemOf(error) };
  }
}

async function firingAlerts({ relay, bigquery }: ConsoleParts): Promise<FiringAlert[]> {
  if (!relay.alerts) return [];
  const { alerts } = await new AlertStore(bigquery, relay).read();
  return [...alerts.values()]
    .filter(({ isFiring }) => isFiring)
    .map(({ condition, stream, reason, since }) => ({
      ...{ condition, title: conditions[condition].title, reason, since },
      ...(stream !== undefined && { stream }),
    }));
}

function streamFacts(
  status: StreamStatus,
  lines: readonly LedgerLine[],
  first: number,
  now: number,
): StreamFacts {
  const { outcomes, lastDeliveryAt, freshness, oldestAgeS, backlog } = status;
  const own = lines.filter(({ stream }) => stream === status.stream);
  const recent = own.filter(({ minute }) => Date.parse(minute) > now - windowMs);
  const isLate = oldestAgeS * 1000 > settledAfterMs;
  return {
    stream: status.stream,
    deliveriesPerMinute: status.deliveriesPerMinute,
    outcomes: { ...outcomes },
    rows: status.rows,
    ...(freshness && { freshness }),
    backlog,
    oldestAgeS,
    deadLetters: status.deadLetters,
    ...(lastDeliveryAt !== undefined && { lastDeliveryAt: Date.parse(lastDeliveryAt) }),
    remainder: isLate ? lateOf(own, now) : 0,
    received: outcomes.received,
    accepted: outcomes.accepted,
    filtered: outcomes.filtered,
    rejected: outcomes.rejected,
    overflow: sum(recent, (line) => line.overflow),
    notStored: outcomes.notStored,
    duplicates: outcomes.duplicates,
    perMinute: perMinute(own, first, (line) => line.received),
  };
}

/** Accepted a while ago, and not arrived. */
function lateOf(lines: readonly LedgerLine[], now: number): number {
  const late = lines.filter(({ minute }) => Date.parse(minute) + minuteMs < now - settledAfterMs);
  return sum(late, ({ remainder }) => remainder);
}

function minutesOf(lines: readonly LedgerLine[], first: number): MinuteFacts[] {
  const figure = (of: (line: LedgerLine) => number) => perMinute(lines, first, of);
  const received = figure((line) => line.received);
  const accepted = figure((line) => line.accepted);
  const filtered = figure((line) => line.filtered);
  const rejected = figure((line) => sum(Object.values(line.rejected), (count) => count));
  const written = figure((line) => line.written + line.writtenInPart);
  const deadLetters = figure((line) => line.deadLetters + line.writtenInPart);
  const remainder = figure((line) => line.remainder);
  return received.map((count, n) => ({
    minute: first + n,
    received: count,
    accepted: accepted[n] ?? 0,
    filtered: filtered[n] ?? 0,
    rejected: rejected[n] ?? 0,
    written: written[n] ?? 0,
    deadLetters: deadLetters[n] ?? 0,
    remainder: remainder[n] ?? 0,
  }));
}

function perMinute(
  lines: readonly LedgerLine[],
  first: number,
  of: (line: LedgerLine) => number,
): number[] {
  const figures = new Array<number>(shownMinutes).fill(0);
  for (const line of lines) {
    const n = Date.parse(line.minute) / minuteMs - first;
    if (n >= 0 && n < shownMinutes) figures[n] = (figures[n] ?? 0) + of(line);
  }
  return figures;
}

function sum<T>(all: readonly T[], of: (one: T) => number): number {
  return all.reduce((total, one) => total + of(one), 0);
}
