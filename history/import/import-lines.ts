import { RelayError } from '../../shared/error.ts';
import type { WriteClient } from '../../subscriber/bigquery/client.ts';
import type { EventReader, EventReading } from '../events/event-reader.ts';
import { keptLine, type Line } from '../lines/lines.ts';
import type { RejectedRecords } from '../lines/rejected-records.ts';
import { retryWork } from '../retry-work.ts';
import { type EventTable, findKnown } from '../table/known-ids.ts';
import { hourMs, type TimeWindow, widen } from '../time-window.ts';
import { openRowWrite } from '../write/open-row-write.ts';

/** Every event is in one of the last five. */
export interface ImportCounts {
  lines: number;
  written: number;
  /** Rows already, from the webhook, an earlier run, or an earlier part of the file. */
  present: number;
  /** Of the same id as another one that is near. */
  repeated: number;
  filtered: number;
  rejected: number;
}

export function noImportCounts(): ImportCounts {
  return { lines: 0, written: 0, present: 0, repeated: 0, filtered: 0, rejected: 0 };
}

export interface ImportDependencies {
  /** The file's, for messages. */
  name: string;
  table: EventTable;
  reader: EventReader;
  /** Absent: nothing is written, and `written` says what would be. */
  client?: WriteClient | undefined;
  rejectedRecords: RejectedRecords;
  /** Counted on, also when the import ends with an error. */
  counts: ImportCounts;
  onProgress?: (counts: Readonly<ImportCounts>) => void;
  signal?: AbortSignal | undefined;
}

/** An event that waits to be looked up. */
interface Candidate {
  row: Uint8Array;
  timeMs?: number;
  line: Line;
}

/** BigQuery takes requests of 10 MB: so many ids of 200 characters fit. */
const chunkEvents = 20_000;
const chunkBytes = 16_000_000;
const dayMs = 24 * hourMs;

/**
 * Writes those events of a file that are not rows yet, some thousands at once: all of them or none, unless the
 * table has a key. What ends it may be mended, and the same file be imported again.
 *
 * @throws RelayError `import.*`, `delimited.*`, `bigquery.*`, `line.rejected`; what was read before is written
 */
export async function importLines(
  lines: AsyncIterable<Line[]>,
  dependencies: ImportDependencies,
): Promise<void> {
  const run = new Import(dependencies);
  try {
    for await (const some of lines) {
      for (const line of some) run.take(line);
      if (run.isFull) await run.flush();
      dependencies.signal?.throwIfAborted();
    }
  } catch (error) {
    // The file has a fault: what it held before is good.
    if (isFileFault(error)) await run.flush();
    throw error;
  }
  await run.flush();
}

/** Is it the file that is at fault, and not a place where its rows go? */
export function isFileFault(error: unknown): error is RelayError {
  return error instanceof RelayError && /^(?:import|delimited|export)\./.test(error.code);
}

class Import {
  readonly counts: ImportCounts;
  readonly #dependencies: ImportDependencies;
  /** By id. */
  #candidates = new Map<string, Candidate>();
  #bytes = 0;

  constructor(dependencies: ImportDependencies) {
    this.#dependencies = dependencies;
    this.counts = dependencies.counts;
  }

  get isFull(): boolean {
    return this.#candidates.size >= chunkEvents || this.#bytes >= chunkBytes;
  }

  take(line: Line): void {
    this.counts.lines++;
    if (line.problem !== undefined) {
      this.#reject(line, line.problem);
      return;
    }
    for (const event of this.#dependencies.reader.read(line)) this.#takeEvent(line, event);
  }

  /** Ends with every event so far in the table, or rejected. */
  async flush(): Promise<void> {
    const { rejectedRecords, onProgress, signal } = this.#dependencies;
    // A bad line stays bad however often the others are tried.
    rejectedRecords.confirm();
    const { rejected } = this.counts;
    const undo = () => {
      rejectedRecords.rollBack();
      this.counts.rejected = rejected;
    };
    await retryWork(() => this.#flushOnce(), { undo, signal });
    rejectedRecords.confirm();
    this.#candidates = new Map();
    this.#bytes = 0;
    onProgress?.(this.counts);
  }

  #takeEvent(line: Line, event: EventReading): void {
    if (event.kind === 'rejected') this.#reject(line, event.reason, event.column);
    else if (event.kind === 'filtered') this.counts.filtered++;
    else this.#takeRow(line, event);
  }

  #takeRow(line: Line, event: Extract<EventReading, { kind: 'row' }>): void {
    const { id, timeMs } = event;
    const { reader } = this.#dependencies;
    const { stream } = reader;
    const before = this.#candidates.get(id);
    const isLater = stream.key !== undefined && (timeMs ?? 0) >= (before?.timeMs ?? 0);
    if (before && !isLater) {
      this.counts.repeated++;
      return;
    }
    const encoded = reader.encode(event);
    if (!encoded.ok) {
      this.#reject(line, encoded.reason, encoded.column);
      return;
    }
    if (before) this.counts.repeated++;
    const time = timeMs !== undefined && { timeMs };
    this.#candidates.set(id, { row: encoded.row, ...time, line: keptLine(line) });
    this.#bytes += encoded.row.length;
  }

  async #flushOnce(): Promise<void> {
    if (this.#candidates.size === 0) return;
    const { table, client, reader, signal } = this.#dependencies;
    const missing = await this.#findMissing();
    let refused = 0;
    const refuse = (line: Line, reason: string) => {
      refused++;
      this.#reject(line, reason);
    };
    const write = client && openRowWrite<Line>(client, table, reader, refuse, signal);
    try {
      for (const { row, line } of missing) if (write?.add(row, line)) await write.waitForCapacity();
      await write?.commit();
    } finally {
      write?.abandon();
    }
    this.counts.present += this.#candidates.size - missing.length;
    this.counts.written += missing.length - refused;
  }

  /** Those that are no rows yet; where rows may be replaced, also those that are later than their row. */
  async #findMissing(): Promise<Candidate[]> {
    const { table, reader } = this.#dependencies;
    const candidates = [...this.#candidates];
    const ids = candidates.map(([id]) => id);
    const known = await findKnown(table, ids, spanOf(this.#candidates.values()));
    const hasStates = reader.stream.key !== undefined;
    const isThere = (id: string, { timeMs = 0 }: Candidate) =>
      known.has(id) && !(hasStates && timeMs > (known.get(id) ?? Number.POSITIVE_INFINITY));
    return candidates.flatMap(([id, candidate]) => (isThere(id, candidate) ? [] : [candidate]));
  }

  #reject(line: Line, reason: string, column?: string): void {
    const { rejectedRecords, name } = this.#dependencies;
    this.counts.rejected++;
    rejectedRecords.add({ of: name, line: line.number, reason, ...(column && { column }) }, line);
  }
}

/**
 * Where the same events would be in the table, a day more on both sides: a file may tell their times with
 * fewer digits, or in a zone that it doesn't name. Undefined where one of them has no time.
 */
function spanOf(candidates: Iterable<Candidate>): TimeWindow | undefined {
  let from = Number.POSITIVE_INFINITY;
  let to = Number.NEGATIVE_INFINITY;
  for (const { timeMs } of candidates) {
    if (timeMs === undefined) return undefined;
    from = Math.min(from, timeMs);
    to = Math.max(to, timeMs);
  }
  return widen({ from, to: to + 1 }, dayMs);
}
