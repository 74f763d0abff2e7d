import { combineResults, type EventResult, rowsOf, type WriteResult } from './write-result.ts';

/**
 * Collects the results of one delivery's events. There may be some hundred thousand of them: of an event
 * that is written without a problem only the index is kept.
 */
export class EventResults {
  readonly #written: number[] = [];
  /** How many rows were appended: an event that was written before has none. */
  #rows = 0;
  /** How many of those have no problem. */
  #whole = 0;
  #others: EventResult[] = [];
  #isNacked = false;
  #pending = 0;
  #onAllKnown = () => {};

  /** Is one event nacked? Then the delivery comes again, whatever the results of the others. */
  get isNacked(): boolean {
    return this.#isNacked;
  }

  /** The indexes of the events that are written. */
  get written(): readonly number[] {
    return this.#written;
  }

  /** The indexes of those that are written in part. */
  get writtenInPart(): readonly number[] {
    return this.#others.flatMap(({ event, result }) =>
      result.kind === 'written' && event !== undefined ? [event] : [],
    );
  }

  /** The delivery's result; only valid after `allKnown()`. */
  get combined(): WriteResult {
    // Results arrive in any order; a reason names the events in theirs.
    this.#others.sort((a, b) => (a.event ?? 0) - (b.event ?? 0));
    const hasNoRow = this.#written.length === 0 && this.#others.length === 0;
    if (hasNoRow) return { kind: 'written', rows: 0, hasNoRow };
    return { ...combineResults(this.#others, this.#whole), rows: this.#rows };
  }

  add(event: number | undefined, result: WriteResult): void {
    if (result.kind === 'nacked') this.#isNacked = true;
    const isWhole = result.kind === 'written' && !result.problem;
    if (!isWhole) this.#others.push({ ...(event !== undefined && { event }), result });
    if (result.kind !== 'written' || event === undefined) return;
    this.#rows += rowsOf(result);
    this.#written.push(event);
    if (isWhole) this.#whole++;
  }

  /** @param onKnown called once the result is known */
  track(
    event: number | undefined,
    result: WriteResult | Promise<WriteResult>,
    onKnown: () => void,
  ): void {
    const settle = (settled: WriteResult) => {
      this.add(event, settled);
      onKnown();
    };
    if (!(result instanceof Promise)) {
      settle(result);
      return;
    }
    this.#pending++;
    void result.then((settled) => {
      settle(settled);
      this.#pending--;
      if (this.#pending === 0) this.#onAllKnown();
    });
  }

  /** Resolves when every tracked result is known. */
  async allKnown(): Promise<void> {
    if (this.#pending === 0) return;
    await new Promise<void>((resolve) => {
      this.#onAllKnown = resolve;
    });
  }

  /** The same events with their later results; undefined where no nacked event has one. */
  later(): Promise<EventResults> | undefined {
    const hasLater = this.#others.some(({ result }) => result.kind === 'nacked' && result.later);
    return hasLater ? this.#waitForLater() : undefined;
  }

  async #waitForLater(): Promise<EventResults> {
    const next = new EventResults();
    const inPart = new Set(this.writtenInPart);
    // Their rows are in this result already.
    for (const event of this.#written) {
      if (!inPart.has(event)) next.add(event, { kind: 'written', rows: 0 });
    }
    const others = this.#others.map(async ({ event, result }) => {
      const later = result.kind === 'nacked' ? await result.later : undefined;
      next.add(event, later ?? (result.kind === 'written' ? { ...result, rows: 0 } : result));
    });
    await Promise.all(others);
    return next;
  }
}
