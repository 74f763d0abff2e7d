import type { EdgeCount } from '../../shared/report/ledger.ts';

/** A count, with what the report needs to know of it while it grows. */
export interface Cell extends EdgeCount {
  /** How many of these deliveries were kept as samples. */
  samples: number;
}

/**
 * A stream has about five in each minute, and a report covers a few seconds. While Pub/Sub does not take reports, there
 * are more: these are enough for an hour of twenty streams.
 */
const maxCells = 5000;
/** Some causes are made of what a sender sent. Beyond this number, deliveries of a stream are counted without a cause. */
const maxCellsWithCause = 500;
const maxCauseLength = 100;

/** Counts deliveries by minute, stream, outcome and cause. */
export class LedgerCounts {
  readonly #streams = new Map<string, Cell[]>();
  #size = 0;
  /** Deliveries that are in no cell, because there were too many. */
  #uncounted = 0;

  /** Counts one delivery that was received at this time (Unix milliseconds). Undefined if there are too many cells. */
  add(
    receivedAt: number,
    stream: string,
    outcome: string,
    cause: string | undefined,
  ): Cell | undefined {
    const minute = Math.floor(receivedAt / 60_000);
    const cells = this.#streams.get(stream);
    const cell =
      (cells && find(cells, minute, outcome, cause)) ??
      this.#addCell(cells, minute, stream, outcome, cause);
    if (cell) cell.deliveries++;
    else this.#uncounted++;
    return cell;
  }

  get isEmpty(): boolean {
    return this.#size === 0;
  }

  /** Returns the counts, and begins anew. */
  take(): { counts: EdgeCount[]; uncounted: number } {
    const counts = [...this.#streams.values()].flat().map(({ samples: _, ...count }) => count);
    const uncounted = this.#uncounted;
    this.#streams.clear();
    this.#size = 0;
    this.#uncounted = 0;
    return { counts, uncounted };
  }

  #addCell(
    cells: Cell[] | undefined,
    minute: number,
    stream: string,
    outcome: string,
    cause: string | undefined,
  ): Cell | undefined {
    const isLong = cause !== undefined && cause.length > maxCauseLength;
    const hasMany = (cells?.length ?? 0) >= maxCellsWithCause;
    if (cause !== undefined && (isLong || hasMany)) {
      const known = hasMany ? undefined : cause.slice(0, maxCauseLength).toWellFormed();
      const cell = cells && find(cells, minute, outcome, known);
      return cell ?? this.#addCell(cells, minute, stream, outcome, known);
    }
    if (this.#size >= maxCells) return undefined;
    this.#size++;
    const cell: Cell = {
      minute,
      stream,
      outcome,
      ...(cause !== undefined && { cause }),
      deliveries: 0,
      samples: 0,
    };
    if (cells) cells.push(cell);
    else this.#streams.set(stream, [cell]);
    return cell;
  }
}

/** The newest cells are at the end. No text is put together to find one. */
function find(
  cells: readonly Cell[],
  minute: number,
  outcome: string,
  cause: string | undefined,
): Cell | undefined {
  for (let at = cells.length - 1; at >= 0; at--) {
    const cell = cells[at];
    if (cell?.outcome === outcome && cell.minute === minute && cell.cause === cause) return cell;
  }
  return undefined;
}
