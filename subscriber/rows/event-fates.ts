import { deliveryFate, type EventFate, laterFates } from './delivery-fate.ts';
import type { Fate } from './fate.ts';

/**
 * The fates of one delivery's events, as they become known. There may be some hundred thousand: of those
 * that are written whole only the index is kept.
 */
export class EventFates {
  readonly #written: number[] = [];
  /** Of those: how many lack nothing. */
  #whole = 0;
  #others: EventFate[] = [];
  #isHeld = false;
  #pending = 0;
  #allKnown = () => {};

  /** Was one given back? Then the delivery comes again, whatever becomes of the rest. */
  get isHeld(): boolean {
    return this.#isHeld;
  }

  /** The indexes of those that are written. */
  get written(): readonly number[] {
    return this.#written;
  }

  /** The indexes of those of them that lack something. */
  get writtenInPart(): readonly number[] {
    return this.#others.flatMap(({ event, fate }) =>
      fate.kind === 'written' && event !== undefined ? [event] : [],
    );
  }

  /** What becomes of the delivery; see deliveryFate(). To be asked when all is known. */
  get fate(): Fate {
    // They became known in any order, and a reason names them in theirs.
    this.#others.sort((a, b) => (a.event ?? 0) - (b.event ?? 0));
    return deliveryFate(this.#others, this.#whole);
  }

  add({ event, fate }: EventFate): void {
    if (fate.kind === 'held') this.#isHeld = true;
    const isWhole = fate.kind === 'written' && !fate.lacks;
    if (!isWhole) this.#others.push({ ...(event !== undefined && { event }), fate });
    if (fate.kind !== 'written' || event === undefined) return;
    this.#written.push(event);
    if (isWhole) this.#whole++;
  }

  /** @param onKnown is called when the fate is known */
  follow(event: number | undefined, fate: Fate | Promise<Fate>, onKnown: () => void): void {
    const known = (settled: Fate) => {
      this.add({ ...(event !== undefined && { event }), fate: settled });
      onKnown();
    };
    if (!(fate instanceof Promise)) {
      known(fate);
      return;
    }
    this.#pending++;
    void fate.then((settled) => {
      known(settled);
      this.#pending--;
      if (this.#pending === 0) this.#allKnown();
    });
  }

  /** Resolves when every fate that is followed is known. */
  async known(): Promise<void> {
    if (this.#pending === 0) return;
    await new Promise<void>((resolve) => {
      this.#allKnown = resolve;
    });
  }

  /** The same with the next fates of those that were given back and may still be written; if there are such. */
  later(): Promise<EventFates> | undefined {
    const later = laterFates(this.#others);
    return later && this.#next(later);
  }

  async #next(later: readonly Promise<EventFate>[]): Promise<EventFates> {
    const next = new EventFates();
    const lacking = new Set(this.writtenInPart);
    for (const event of this.#written) {
      if (!lacking.has(event)) next.add({ event, fate: { kind: 'written' } });
    }
    for (const known of await Promise.all(later)) next.add(known);
    return next;
  }
}
