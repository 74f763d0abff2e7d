import type { EventReader, EventReading } from '../events/event-reader.ts';
import { historyLines } from '../fetch/history-lines.ts';
import type { Line } from '../lines/lines.ts';
import type { IdTable } from '../table/id-table.ts';
import { type EventTable, findKnown, type KnownEvent, readWindow } from '../table/known-ids.ts';
import { contains, hourMs, type TimeWindow, tooManyEvents, widen } from '../time-window.ts';
import type { Duplicates } from './duplicates.ts';
import { HourReport } from './hour-report.ts';

export interface CompareOptions {
  table: EventTable;
  reader: EventReader;
  /** The sender's export of a window. */
  open: (window: TimeWindow) => AsyncIterable<Uint8Array>;
  /** Cleared for each window. */
  ids: IdTable;
  maxIds: number;
  /** How many ids of each kind are kept per hour. */
  idsPerHour: number;
  /** Whether one of them is extra is only known after all windows. */
  duplicates: Duplicates;
  onProgress?: (window: TimeWindow, lines: number) => void;
  signal?: AbortSignal | undefined;
}

/** In the id table: the window has a row with this id; the sender has it; a row around the window has it. */
const rowBit = 1;
const sentBit = 2;
const aroundBit = 4;

const maxLookUpIds = 20_000;

/**
 * Finds what is missing and extra in one window, and where its gaps are.
 *
 * @throws RelayError `window.too-many-events`, `history.*`, `bigquery.*`
 */
export async function compareWindow(
  window: TimeWindow,
  options: CompareOptions,
): Promise<HourReport> {
  const { ids, maxIds, table, signal } = options;
  ids.clear();
  const report = new HourReport(options.idsPerHour);
  const comparison = new Comparison(window, report, options);
  for await (const page of readWindow(table, widen(window, hourMs))) {
    signal?.throwIfAborted();
    for (const event of page) comparison.noteRow(event);
    if (ids.size > maxIds) throw tooManyEvents(window, maxIds);
  }
  await readSent(window, comparison, options);
  if (!ids.hasIdWithout(sentBit | aroundBit)) return report;
  for await (const page of readWindow(table, window)) {
    for (const event of page) comparison.noteIfExtra(event);
  }
  return report;
}

async function readSent(
  window: TimeWindow,
  comparison: Comparison,
  { ids, maxIds, open, reader, onProgress, signal }: CompareOptions,
): Promise<void> {
  let lineCount = 0;
  for await (const lines of historyLines(open(window), window, reader)) {
    signal?.throwIfAborted();
    for (const line of lines) comparison.noteSent(line);
    if (ids.size > maxIds) throw tooManyEvents(window, maxIds);
    if (comparison.uncertainCount >= maxLookUpIds) await comparison.lookUp();
    lineCount += lines.length;
    onProgress?.(window, lineCount);
  }
  await comparison.lookUp();
}

class Comparison {
  readonly #window: TimeWindow;
  readonly #report: HourReport;
  readonly #options: CompareOptions;
  /** If rows can be replaced, an event that is not in the window may have a row with a later time. */
  #uncertain: KnownEvent[] = [];

  constructor(window: TimeWindow, report: HourReport, options: CompareOptions) {
    this.#window = window;
    this.#report = report;
    this.#options = options;
  }

  get uncertainCount(): number {
    return this.#uncertain.length;
  }

  /** Rows around the window and rows without a time belong to no window: they only show that an event exists. */
  noteRow({ id, timeMs }: KnownEvent): void {
    const isOwn = this.#owns(timeMs);
    if (isOwn) this.#report.totals.rows++;
    this.#note(id, isOwn ? rowBit : aroundBit);
  }

  noteSent(line: Line): void {
    const { totals } = this.#report;
    if (line.problem !== undefined) {
      totals.unusable++;
      return;
    }
    for (const event of this.#options.reader.read(line)) {
      if (event.kind === 'row') this.#noteEvent(event);
      else if (event.kind === 'filtered') totals.filtered++;
      else totals.unusable++;
    }
  }

  noteIfExtra({ id, timeMs }: KnownEvent): void {
    const { ids, duplicates } = this.#options;
    if (!this.#owns(timeMs) || (ids.get(id) & sentBit) !== 0 || duplicates.has(id)) return;
    this.#report.count('extra', id, timeMs);
  }

  async lookUp(): Promise<void> {
    const events = this.#uncertain;
    if (events.length === 0) return;
    this.#uncertain = [];
    const known = await findKnown(
      this.#options.table,
      events.map(({ id }) => id),
    );
    for (const event of events) if (!known.has(event.id)) this.#noteMissing(event);
  }

  #noteEvent(event: Extract<EventReading, { kind: 'row' }>): void {
    const { ids, duplicates, reader } = this.#options;
    const { id, timeMs } = event;
    if (timeMs !== undefined && !contains(this.#window, timeMs)) {
      this.#report.totals.outside++;
      return;
    }
    const found = ids.get(id);
    if ((found & sentBit) !== 0) return;
    // An event that can't become a row is a dead letter, so it is not missing.
    if (found === 0 && !reader.encode(event).ok) {
      this.#report.totals.unusable++;
      return;
    }
    this.#note(id, sentBit);
    duplicates.noteSent(id);
    this.#report.totals.sent++;
    if (found !== 0) return;
    if (reader.stream.key) this.#uncertain.push({ id, ...(timeMs !== undefined && { timeMs }) });
    else this.#noteMissing(event);
  }

  #noteMissing({ id, timeMs }: KnownEvent): void {
    this.#report.count('missing', id, timeMs);
    this.#report.addGap(timeMs === undefined ? this.#window : hourOf(timeMs, this.#window));
  }

  #note(id: string, bit: number): void {
    const { ids } = this.#options;
    ids.set(id, ids.get(id) | bit);
  }

  #owns(timeMs: number | undefined): timeMs is number {
    return timeMs !== undefined && contains(this.#window, timeMs);
  }
}

function hourOf(timeMs: number, { from, to }: TimeWindow): TimeWindow {
  const hour = Math.floor(timeMs / hourMs) * hourMs;
  return { from: Math.max(from, hour), to: Math.min(to, hour + hourMs) };
}
