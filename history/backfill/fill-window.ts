import { RelayError } from '../../shared/errors.ts';
import type { WriteClient } from '../../subscriber/bigquery/client.ts';
import type { EventReader, EventReading } from '../events/event-reader.ts';
import { historyLines } from '../fetch/history-lines.ts';
import { keptLine, type Line } from '../lines/lines.ts';
import type { Rejects } from '../lines/rejected-records.ts';
import { tryAgain } from '../retry-work.ts';
import type { IdTable } from '../table/id-table.ts';
import { type EventTable, readWindow } from '../table/known-ids.ts';
import { describeWindow, holds, hourMs, type TimeWindow, widen } from '../time-window.ts';
import { openRowWrite, type RowWrite } from '../write/row-write.ts';
import { WindowStates } from './window-states.ts';

/** What a window's export held. Every event is in one of the last six. */
export interface WindowCounts {
  lines: number;
  written: number;
  /** Rows already, from the webhook or an earlier run. */
  present: number;
  /** Sent more than once in the same export. */
  repeated: number;
  filtered: number;
  /** Of another time than was asked for: its own window has it, or the table. */
  outside: number;
  rejected: number;
}

export interface FillDependencies {
  table: EventTable;
  reader: EventReader;
  /** Of all windows. */
  range: TimeWindow;
  /** The sender's export of a window. */
  open: (window: TimeWindow) => AsyncIterable<Uint8Array>;
  /** Absent: nothing is written, and `written` says what would be. */
  client?: WriteClient | undefined;
  rejects: Rejects;
  /** Emptied for each window. */
  ids: IdTable;
  /** A window with more events than this is cut in two: some 25 bytes of memory each. */
  maxIds: number;
  onProgress?: ((counts: Readonly<WindowCounts>) => void) | undefined;
  signal?: AbortSignal | undefined;
}

/**
 * The sender may cut its export by another clock than that of the event's time, so that an event near a
 * window's edge comes with the neighbour alone. Within the rows that are known: by less, as what came by the
 * webhook may tell the same time with more digits, or fewer.
 */
const aroundMs = hourMs;
const edgeMs = aroundMs - 60_000;

/** Too many to keep their ids: nothing of the window is written. */
export function tooManyEvents(window: TimeWindow, max: number): RelayError {
  const problem = `${describeWindow(window)} has more than ${max} events`;
  return new RelayError('window.too-many-events', problem);
}

export function noCounts(): WindowCounts {
  return {
    lines: 0,
    written: 0,
    present: 0,
    repeated: 0,
    filtered: 0,
    outside: 0,
    rejected: 0,
  };
}

/**
 * Writes those events of a window that are not rows yet: all of them at once, or none; into a table with a
 * key one after the other. What breaks off is begun again, with the ids as the table then has them.
 *
 * @throws RelayError `window.too-many-events`, `history.*`, `bigquery.*`, `line.rejected`
 */
export async function fillWindow(
  window: TimeWindow,
  dependencies: FillDependencies,
): Promise<WindowCounts> {
  const { rejects, signal } = dependencies;
  const undo = () => rejects.forget();
  const counts = await tryAgain(() => fillOnce(window, dependencies), { undo, signal });
  rejects.keep();
  return counts;
}

async function fillOnce(window: TimeWindow, dependencies: FillDependencies): Promise<WindowCounts> {
  const { ids, table, reader, open, maxIds, onProgress, signal } = dependencies;
  const around = widen(window, aroundMs);
  const states = new WindowStates(ids, around.from, reader.stream.key !== undefined);
  for await (const page of readWindow(table, around)) {
    for (const event of page) states.noteRow(event);
    if (ids.size > maxIds) throw tooManyEvents(window, maxIds);
  }
  const fill = new Fill(window, states, dependencies);
  try {
    for await (const lines of historyLines(open(window), window, reader)) {
      let isFull = false;
      for (const line of lines) isFull = fill.take(line) || isFull;
      if (ids.size > maxIds) throw tooManyEvents(window, maxIds);
      if (isFull) await fill.room();
      onProgress?.(fill.counts);
      signal?.throwIfAborted();
    }
    return await fill.commit();
  } finally {
    fill.abandon();
  }
}

/** One try at one window. */
class Fill {
  readonly counts = noCounts();
  readonly #window: TimeWindow;
  readonly #states: WindowStates;
  readonly #dependencies: FillDependencies;
  readonly #write: RowWrite<Line> | undefined;

  constructor(window: TimeWindow, states: WindowStates, dependencies: FillDependencies) {
    this.#window = window;
    this.#states = states;
    this.#dependencies = dependencies;
    const { client, table, reader, signal } = dependencies;
    this.#write =
      client &&
      openRowWrite<Line>(
        client,
        table,
        reader,
        (line, reason) => {
          this.counts.written--;
          this.#reject(line, reason);
        },
        signal,
      );
  }

  /** True when `room` is to be waited for. */
  take(line: Line): boolean {
    this.counts.lines++;
    if (line.problem !== undefined) {
      this.#reject(line, line.problem);
      return false;
    }
    let isFull = false;
    for (const event of this.#dependencies.reader.read(line)) {
      if (event.kind === 'rejected') this.#reject(line, event.reason, event.column);
      else if (event.kind === 'filtered') this.counts.filtered++;
      else isFull = this.#takeRow(line, event) || isFull;
    }
    return isFull;
  }

  async room(): Promise<void> {
    await this.#write?.room();
  }

  async commit(): Promise<WindowCounts> {
    await this.#write?.commit();
    return this.counts;
  }

  abandon(): void {
    this.#write?.abandon();
  }

  #takeRow(line: Line, event: Extract<EventReading, { kind: 'row' }>): boolean {
    const { id, timeMs } = event;
    const standing = this.#states.standingOf(event);
    if (timeMs !== undefined && !holds(this.#window, timeMs)) {
      if (standing !== 'news' || !this.#isAtEdge(timeMs)) {
        this.counts.outside++;
        return false;
      }
    } else if (standing !== 'news') {
      this.counts[standing]++;
      return false;
    }
    const encoded = this.#dependencies.reader.encode(event);
    if (!encoded.ok) {
      this.#reject(line, encoded.reason, encoded.column);
      return false;
    }
    this.#states.noteSent({ id, ...(timeMs !== undefined && { timeMs }) });
    this.counts.written++;
    return this.#write?.add(encoded.row, keptLine(line)) ?? false;
  }

  /** What is not written the window that it belongs to would count once more. */
  #isAtEdge(timeMs: number): boolean {
    const { range, client } = this.#dependencies;
    const isNear = holds(widen(this.#window, edgeMs), timeMs);
    return client !== undefined && isNear && holds(range, timeMs);
  }

  #reject(line: Line, reason: string, column?: string): void {
    this.counts.rejected++;
    const of = describeWindow(this.#window);
    const reject = { of, line: line.number, reason, ...(column && { column }) };
    this.#dependencies.rejects.add(reject, line);
  }
}
