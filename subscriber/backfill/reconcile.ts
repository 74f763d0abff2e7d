import { halves } from './backfill.ts';
import type { EventReader, EventReading } from './event-reader.ts';
import { tooManyEvents } from './fill-window.ts';
import { type HourDifference, HourReport, type ReconcileTotals } from './hour-report.ts';
import type { IdTable } from './id-table.ts';
import { type EventTable, type KnownEvent, readWindow } from './known-ids.ts';
import { splitLines } from './lines.ts';
import { holds, hourMs, type TimeWindow, widen } from './time-window.ts';

export interface ReconcileOptions {
  table: EventTable;
  reader: EventReader;
  /** The sender's export of a window. */
  open: (window: TimeWindow) => AsyncIterable<Uint8Array>;
  windows: readonly TimeWindow[];
  ids: IdTable;
  maxIds: number;
  /** How many ids of each kind are kept for each hour. */
  idsPerHour: number;
  onProgress?: (window: TimeWindow, lines: number) => void;
  signal?: AbortSignal | undefined;
}

export interface Reconciliation {
  totals: ReconcileTotals;
  /** Those where something differs, in order. */
  hours: HourDifference[];
  /** Where something is missing, in order: what a repair has to fill. */
  gaps: TimeWindow[];
}

/** In the id table: how often the table has it, whether the sender has, and what is but looked up. */
const countMask = 0x3fff_ffff;
const sentBit = 0x8000_0000;
const aroundBit = 0x4000_0000;

/**
 * Compares the sender's own export with the table, by id. Memory is bounded: the ids of one window at a
 * time, and of the differences so many as are asked for.
 *
 * @throws RelayError `history.*`, `bigquery.*`
 */
export async function reconcile(options: ReconcileOptions): Promise<Reconciliation> {
  const report = new HourReport(options.idsPerHour);
  const left = [...options.windows].reverse();
  for (let window = left.pop(); window; window = left.pop()) {
    // A window that proves too large must leave nothing behind.
    const part = new HourReport(options.idsPerHour);
    try {
      await compareWindow(window, part, options);
      report.add(part);
    } catch (error) {
      left.push(...halves(window, error).reverse());
    }
  }
  return report.result();
}

async function compareWindow(
  window: TimeWindow,
  report: HourReport,
  options: ReconcileOptions,
): Promise<void> {
  const { ids, maxIds, table, signal } = options;
  ids.clear();
  for await (const page of readWindow(table, widen(window, hourMs))) {
    signal?.throwIfAborted();
    for (const event of page) noteRow(event, window, report, ids);
    if (ids.size > maxIds) throw tooManyEvents(window, maxIds);
  }
  await readSent(window, report, options);
  if (!ids.lacksSomewhere(sentBit | aroundBit)) return;
  for await (const page of readWindow(table, window)) {
    for (const { id, timeMs } of page) {
      if (isOf(window, timeMs) && (ids.get(id) & sentBit) === 0) report.count('extra', id, timeMs);
    }
  }
}

/** Rows around the window, and those without a time, belong to none: they are only looked up. */
function noteRow(
  { id, timeMs }: KnownEvent,
  window: TimeWindow,
  report: HourReport,
  ids: IdTable,
): void {
  const found = ids.get(id);
  if (!isOf(window, timeMs)) {
    ids.set(id, (found | aroundBit) >>> 0);
    return;
  }
  ids.set(id, found + 1);
  report.totals.rows++;
  if ((found & countMask) > 0) report.count('duplicate', id, timeMs);
}

function isOf(window: TimeWindow, timeMs: number | undefined): timeMs is number {
  return timeMs !== undefined && holds(window, timeMs);
}

async function readSent(
  window: TimeWindow,
  report: HourReport,
  { ids, maxIds, open, reader, onProgress, signal }: ReconcileOptions,
): Promise<void> {
  let lineCount = 0;
  for await (const lines of splitLines(open(window))) {
    signal?.throwIfAborted();
    for (const line of lines) {
      if (line.problem !== undefined) report.totals.unusable++;
      else
        for (const event of reader.read(line)) compareEvent(event, window, report, { ids, reader });
    }
    if (ids.size > maxIds) throw tooManyEvents(window, maxIds);
    lineCount += lines.length;
    onProgress?.(window, lineCount);
  }
}

function compareEvent(
  event: EventReading,
  window: TimeWindow,
  report: HourReport,
  { ids, reader }: Pick<ReconcileOptions, 'ids' | 'reader'>,
): void {
  if (event.kind === 'filtered') {
    report.totals.filtered++;
    return;
  }
  if (event.kind === 'rejected') {
    report.totals.unusable++;
    return;
  }
  const { id, timeMs, row } = event;
  if (timeMs !== undefined && !holds(window, timeMs)) return;
  const found = ids.get(id);
  if ((found & sentBit) !== 0) return;
  // An event that no table takes is a dead letter: it can't be missed.
  if (found === 0 && !reader.encoder.encode(row).ok) {
    report.totals.unusable++;
    return;
  }
  // >>> 0: the bit is the sign of what JavaScript makes of it.
  ids.set(id, (found | sentBit) >>> 0);
  report.totals.sent++;
  if (found === 0) {
    report.count('missing', id, timeMs);
    report.addGap(timeMs === undefined ? window : hourOf(timeMs, window));
  }
}

function hourOf(timeMs: number, { from, to }: TimeWindow): TimeWindow {
  const hour = Math.floor(timeMs / hourMs) * hourMs;
  return { from: Math.max(from, hour), to: Math.min(to, hour + hourMs) };
}
