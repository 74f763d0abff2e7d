import { RelayError } from '../../shared/errors.ts';
import type { WriteClient } from '../../subscriber/bigquery/client.ts';
import type { EventReader, EventReading } from '../events/event-reader.ts';
import { keptLine, type Line } from '../lines/lines.ts';
import type { Reject, Rejects } from '../lines/rejected-records.ts';
import { tryAgain } from '../retry-work.ts';
import { type EventTable, findKnown } from '../table/known-ids.ts';
import { hourMs, type TimeWindow, widen } from '../time-window.ts';
import { openRowWrite } from '../write/row-write.ts';

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
  rejects: Rejects;
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

/** By id. */
type Candidates = Map<string, Candidate>;

interface Refused {
  line: Line;
  reason: string;
}

/** BigQuery takes requests of 10 MB: so many ids of 200 characters fit. */
const chunkEvents = 20_000;
const chunkBytes = 16_000_000;
const dayMs = 24 * hourMs;

/**
 * Writes those events of a file that are not rows yet, some thousands at once: all of them or none, unless the
 * table has a key. While some are written the next are read. What ends it may be mended, and the same file be
 * imported again.
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
      if (run.isFull) await run.writeBehind();
      dependencies.signal?.throwIfAborted();
    }
  } catch (error) {
    // The file has a fault: what it held before is good.
    if (isFileFault(error)) await run.flush();
    else await run.settled();
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
  #candidates: Candidates = new Map();
  #bytes = 0;
  /** The write of those before. One at a time: each is to find the rows of the one before it in the table. */
  #writing: Promise<void> = Promise.resolve();

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

  /** Begins to write the events so far, once those before are written. */
  async writeBehind(): Promise<void> {
    // A bad line stays bad however often the others are tried.
    this.#dependencies.rejects.keep();
    await this.#writing;
    const candidates = this.#candidates;
    this.#candidates = new Map();
    this.#bytes = 0;
    this.#writing = this.#write(candidates);
    // Its failure is told when it is waited for.
    this.#writing.catch(() => {});
  }

  /** Ends with every event so far in the table, or rejected. */
  async flush(): Promise<void> {
    await this.writeBehind();
    await this.#writing;
  }

  /** Ends when nothing is under way, well or ill. */
  async settled(): Promise<void> {
    await this.#writing.catch(() => {});
  }

  async #write(candidates: Candidates): Promise<void> {
    const { rejects, onProgress, signal } = this.#dependencies;
    const refused = await tryAgain(() => this.#writeOnce(candidates), { signal });
    for (const { line, reason } of refused) this.#reject(line, reason);
    rejects.keep();
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

  /** Those that BigQuery refuses: they are counted when no other try may refuse them again. */
  async #writeOnce(candidates: Candidates): Promise<Refused[]> {
    if (candidates.size === 0) return [];
    const { table, client, reader, rejects, signal } = this.#dependencies;
    const missing = await this.#findMissing(candidates);
    const refused: Refused[] = [];
    const refuse = (line: Line, reason: string) => {
      rejects.requireLenience(this.#toReject(line, reason));
      refused.push({ line, reason });
    };
    const write = client && openRowWrite<Line>(client, table, reader, refuse, signal);
    try {
      for (const { row, line } of missing) if (write?.add(row, line)) await write.room();
      await write?.commit();
    } finally {
      write?.abandon();
    }
    this.counts.present += candidates.size - missing.length;
    this.counts.written += missing.length - refused.length;
    return refused;
  }

  /** Those that are no rows yet; where rows may be replaced, also those that are later than their row. */
  async #findMissing(candidates: Candidates): Promise<Candidate[]> {
    const { table, reader } = this.#dependencies;
    const known = await findKnown(table, [...candidates.keys()], spanOf(candidates.values()));
    const hasStates = reader.stream.key !== undefined;
    const isThere = (id: string, { timeMs = 0 }: Candidate) =>
      known.has(id) && !(hasStates && timeMs > (known.get(id) ?? Number.POSITIVE_INFINITY));
    return [...candidates].flatMap(([id, candidate]) =>
      isThere(id, candidate) ? [] : [candidate],
    );
  }

  #reject(line: Line, reason: string, column?: string): void {
    this.counts.rejected++;
    this.#dependencies.rejects.add(this.#toReject(line, reason, column), line);
  }

  #toReject(line: Line, reason: string, column?: string): Reject {
    const { name } = this.#dependencies;
    return { of: name, line: line.number, reason, ...(column && { column }) };
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
