import type {
  Freshness,
  StatusOutcomes,
  StreamStatus,
} from '../../subscriber/ledger/read-status.ts';
import { drawTable } from '../terminal/draw-table.ts';
import { countText } from '../terminal/progress-bar.ts';

const minuteMs = 60_000;

/** Fits 80 columns; each stream has some lines. */
export function drawStatus(
  streams: readonly StreamStatus[],
  windowMs: number,
  now = new Date(),
): string {
  const rows = streams.map((status) => [
    [status.stream || '(none)', lastOf(status, now)],
    [`${rateText(status.deliveriesPerMinute)}/min`, ...arrivals(status.outcomes)],
    results(status),
    freshnessLines(status.freshness),
    waiting(status),
  ]);
  const head = ['stream', 'deliveries', 'became', 'freshness', 'waiting'];
  const time = now.toISOString().slice(11, 19);
  const window = `the last ${Math.round(windowMs / minuteMs)} minutes, at ${time} UTC`;
  return `${window}\n${drawTable([head, ...rows])}`;
}

function lastOf({ lastDeliveryAt }: StreamStatus, now: Date): string {
  if (lastDeliveryAt === undefined) return 'never';
  const isToday = lastDeliveryAt.slice(0, 10) === now.toISOString().slice(0, 10);
  return `last ${isToday ? lastDeliveryAt.slice(11, 16) : lastDeliveryAt.slice(5, 10)}`;
}

function arrivals({ accepted, filtered, rejected, handshakes, notStored }: StatusOutcomes) {
  return named([
    [accepted, 'accepted'],
    [filtered, 'filtered'],
    [rejected + handshakes, 'refused'],
    [notStored, 'not stored'],
  ]);
}

function results({ outcomes, rows }: StreamStatus): string[] {
  return named([
    [rows, rows === 1 ? 'row' : 'rows'],
    [outcomes.writtenInPart, 'in part'],
    [outcomes.deadLetters, 'dead'],
    [outcomes.duplicates, 'duplicates'],
    [outcomes.noRow, 'without row'],
  ]);
}

function waiting({ backlog, oldestAgeS, deadLetters }: StreamStatus): string[] {
  return [
    ...named([[backlog, `backlog, ${spanText(oldestAgeS * 1000)}`]]),
    ...named([[deadLetters, deadLetters === 1 ? 'dead letter' : 'dead letters']]),
  ];
}

function freshnessLines(freshness: Freshness | undefined): string[] {
  if (!freshness) return [];
  return Object.entries(freshness).map(([name, ms]) => `${name} ${spanText(ms)}`);
}

function named(counts: readonly (readonly [number, string])[]): string[] {
  return counts.flatMap(([count, name]) => (count === 0 ? [] : [`${countText(count)} ${name}`]));
}

function rateText(rate: number): string {
  return rate === 0 || rate >= 10
    ? countText(Math.round(rate))
    : String(Number(rate.toPrecision(2)));
}

/** `120 ms`, `1.2 s`, `4 min`, `3.1 h` */
function spanText(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < minuteMs) return `${Number((ms / 1000).toPrecision(2))} s`;
  if (ms < 60 * minuteMs) return `${Math.round(ms / minuteMs)} min`;
  return `${Number((ms / 3_600_000).toPrecision(2))} h`;
}
