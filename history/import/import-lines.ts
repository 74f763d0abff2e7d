import { RelayError } from '../../shared/errors.ts';
import type { WriteClient } from '../../subscriber/bigquery/client.ts';
import type { EventReader, EventReading } from '../events/event-reader.ts';
import { keptLine, type Line } from '../lines/lines.ts';
import type { RejectedRecord, RejectedRecords } from '../lines/rejected-records.ts';
import { retryWork } from '../retry-work.ts';
import { type EventTable, findKnown } from '../table/known-ids.ts';
import { hourMs, type TimeWindow, widen } from '../time-window.ts';
import { openRowWrite } from '../write/open-row-write.ts';

/** Every event is counted in one of the last five. */
export interface ImportCounts {
  lines: number;
  written: number;
  /** Already in the table, from the webhook, an earlier run, or an earlier part of the file. */
  present: number;
  /** With the same id as another event of the same batch. */
  repeated: number;
  filtered: number;
  rejected: number;
}

export function noImportCounts(): ImportCounts {
  return { lines: 0, written: 0, present: 0, repeated: 0, filtered: 0, rejected: 0 };
}

export interface ImportDependencies {
  /** Of the file, for messages. */
  name: string;
  table: EventTable;
  reader: EventReader;
  /** If absent, nothing is written, and `written` counts what would be. */
  client?: WriteClient | undefined;
  rejectedRecords: RejectedRecords;
  /** Updated, also when the import ends with an error. */
  counts: ImportCounts;
  onProgress?: (counts: Readonly<ImportCounts>) => void;
  signal?: AbortSignal | undefined;
}

/** An event that has to be looked up in the table. */
interface Candidate {
  row: Uint8Array;
  timeMs?: number;
  line: Line;
}

/** By id. */
type Candidates = Map<string, Candidate>;

/** A row that BigQuery rejected. */
interface RefusedRow {
  line: Line;
  reason: string;
}

/** So many ids of 200 characters fit into a request to BigQuery, which may have 10 MB. */
const batchEvents = 20_000;
const batchBytes = 16_000_000;
const dayMs = 24 * hourMs;

/**
 * Writes the events of a file that are not in the table yet, in batches of some thousands: all of a batch or none,
 * unless the table has a key. One batch is written while the next is read. After an error the same file can be
 * imported again.
 *
 * @throws RelayError `import.*`, `delimited.*`, `bigquery.*`, `line.rejected`; if the file is at fault, the events
 *   before the fault are written
 */
export async function importLines(
  lines: AsyncIterable<Line[]>,
  dependencies: ImportDependencies,
): Promise<void> {
  const run = new Import(dependencies);
  try {
    for await (const batch of lines) {
      for (const line of batch) run.take(line);
      if (run.isFull) await run.writeBehind();
      dependencies.signal?.throwIfAborted();
    }
  } catch (error) {
    // The events before the fault are good.
    if (isFileFault(error)) await run.flush();
    else await run.settled();
    throw error;
  }
  await run.flush();
}

/** Is the file at fault, and not the table or the connection to it? */
export function isFileFault(error: unknown): error is RelayError {
  return error instanceof RelayError && /^(?:import|delimited|export)\./.test(error.code);
}

class Import {
  readonly counts: ImportCounts;
  readonly #dependencies: ImportDependencies;
  #candidates: Candidates = new Map();
  #bytes = 0;
  /** The write of the batch before. One at a time, because each must find the rows of the one before in the table. */
  #writing: Promise<void> = Promise.resolve();

  constructor(dependencies: ImportDependencies) {
    this.#dependencies = dependencies;
    this.counts = dependencies.counts;
  }

  get isFull(): boolean {
    return this.#candidates.size >= batchEvents || this.#bytes >= batchBytes;
  }

  take(line: Line): void {
    this.counts.lines++;
    if (line.problem !== undefined) {
      this.#reject(line, line.problem);
      return;
    }
    for (const event of this.#dependencies.reader.read(line)) this.#takeEvent(line, event);
  }

  /** Begins to write the events read so far, after those before are written. */
  async writeBehind(): Promise<void> {
    // A bad line stays bad when the write is tried again.
    this.#dependencies.rejectedRecords.confirm();
    await this.#writing;
    const candidates = this.#candidates;
    this.#candidates = new Map();
    this.#bytes = 0;
    this.#writing = this.#write(candidates);
    // The next await of #writing throws the error.
    this.#writing.catch(() => {});
  }

  /** Resolves when every event so far is in the table or rejected. */
  async flush(): Promise<void> {
    await this.writeBehind();
    await this.#writing;
  }

  /** Resolves when no write is in flight, whether it succeeded or failed. */
  async settled(): Promise<void> {
    await this.#writing.catch(() => {});
  }

  async #write(candidates: Candidates): Promise<void> {
    const { rejectedRecords, onProgress, signal } = this.#dependencies;
    const refused = await retryWork(() => this.#writeOnce(candidates), { signal });
    for (const { line, reason } of refused) this.#reject(line, reason);
    rejectedRecords.confirm();
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

  /** @returns the rows that BigQuery rejected. They are counted only after the last try. */
  async #writeOnce(candidates: Candidates): Promise<RefusedRow[]> {
    if (candidates.size === 0) return [];
    const { table, client, reader, rejectedRecords, signal } = this.#dependencies;
    const missing = await this.#findMissing(candidates);
    const refused: RefusedRow[] = [];
    const refuse = (line: Line, reason: string) => {
      rejectedRecords.throwIfStrict(this.#toRecord(line, reason));
      refused.push({ line, reason });
    };
    const write = client && openRowWrite<Line>(client, table, reader, refuse, signal);
    try {
      for (const { row, line } of missing) if (write?.add(row, line)) await write.waitForCapacity();
      await write?.commit();
    } finally {
      write?.abandon();
    }
    this.counts.present += candidates.size - missing.length;
    this.counts.written += missing.length - refused.length;
    return refused;
  }

  /** The events that are not in the table. If rows can be replaced, also events that are later than their row. */
  async #findMissing(candidates: Candidates): Promise<Candidate[]> {
    const { table, reader } = this.#dependencies;
    const known = await findKnown(table, [...candidates.keys()], spanOf(candidates.values()));
    const hasStates = reader.stream.key !== undefined;
    const isWritten = (id: string, { timeMs = 0 }: Candidate) =>
      known.has(id) && !(hasStates && timeMs > (known.get(id) ?? Number.POSITIVE_INFINITY));
    return [...candidates].flatMap(([id, candidate]) =>
      isWritten(id, candidate) ? [] : [candidate],
    );
  }

  #reject(line: Line, reason: string, column?: string): void {
    this.counts.rejected++;
    this.#dependencies.rejectedRecords.add(this.#toRecord(line, reason, column), line);
  }

  #toRecord(line: Line, reason: string, column?: string): RejectedRecord {
    const { name } = this.#dependencies;
    return { of: name, line: line.number, reason, ...(column && { column }) };
  }
}

/**
 * The window in which these events would be in the table, with a day more on both sides: a file may have times with
 * fewer digits, or in a zone that it doesn't name. Undefined if one of them has no time.
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
