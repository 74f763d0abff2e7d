import type { WriteClient } from '../../subscriber/bigquery/client.ts';
import type { EventReader, EventReading } from '../events/event-reader.ts';
import { historyLines } from '../fetch/history-lines.ts';
import { keptLine, type Line } from '../lines/lines.ts';
import type { RejectedRecords } from '../lines/rejected-records.ts';
import { retryWork } from '../retry-work.ts';
import type { IdTable } from '../table/id-table.ts';
import { type EventTable, readWindow } from '../table/known-ids.ts';
import {
  contains,
  describeWindow,
  hourMs,
  type TimeWindow,
  tooManyEvents,
  widen,
} from '../time-window.ts';
import { openRowWrite } from '../write/open-row-write.ts';
import type { RowWrite } from '../write/row-write.ts';
import { WindowStates } from './window-states.ts';

/** The contents of a window's export. Every event is counted in one of the last six. */
export interface WindowCounts {
  lines: number;
  written: number;
  /** Already in the table, from the webhook or an earlier run. */
  present: number;
  /** Sent more than once in the same export. */
  repeated: number;
  filtered: number;
  /** Not in this window by its time: it is in its own window or in the table. */
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
  /** If absent, nothing is written, and `written` counts what would be. */
  client?: WriteClient | undefined;
  rejectedRecords: RejectedRecords;
  /** Cleared for each window. */
  ids: IdTable;
  /** A window with more events is split. Each takes some 25 bytes of memory. */
  maxIds: number;
  onProgress?: ((counts: Readonly<WindowCounts>) => void) | undefined;
  signal?: AbortSignal | undefined;
}

/**
 * The sender may select the events of its export by another clock than that of the event's time. Then an event near
 * a window's edge comes only with the neighbour window. Such an event is written up to `edgeMs` outside the
 * window. That is less than the rows read around it, because a time in the webhook may have more or fewer digits.
 */
const aroundMs = hourMs;
const edgeMs = aroundMs - 60_000;

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
 * Writes the events of a window that are not in the table yet: all at once or none; one by one into a table with a
 * key. After a transient error it starts again with the ids that are in the table by then.
 *
 * @throws RelayError `window.too-many-events`, `history.*`, `bigquery.*`, `line.rejected`
 */
export async function fillWindow(
  window: TimeWindow,
  dependencies: FillDependencies,
): Promise<WindowCounts> {
  const { rejectedRecords, signal } = dependencies;
  const undo = () => rejectedRecords.rollBack();
  const counts = await retryWork(() => fillOnce(window, dependencies), { undo, signal });
  rejectedRecords.confirm();
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
      if (isFull) await fill.waitForCapacity();
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

  /** True when the caller has to wait for capacity. */
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

  async waitForCapacity(): Promise<void> {
    await this.#write?.waitForCapacity();
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
    const state = this.#states.stateOf(event);
    if (timeMs !== undefined && !contains(this.#window, timeMs)) {
      if (state !== 'new' || !this.#isAtEdge(timeMs)) {
        this.counts.outside++;
        return false;
      }
    } else if (state !== 'new') {
      this.counts[state]++;
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

  /** Only if it is written: otherwise its own window would count it again. */
  #isAtEdge(timeMs: number): boolean {
    const { range, client } = this.#dependencies;
    const isNear = contains(widen(this.#window, edgeMs), timeMs);
    return client !== undefined && isNear && contains(range, timeMs);
  }

  #reject(line: Line, reason: string, column?: string): void {
    this.counts.rejected++;
    const of = describeWindow(this.#window);
    const record = { of, line: line.number, reason, ...(column && { column }) };
    this.#dependencies.rejectedRecords.add(record, line);
  }
}
