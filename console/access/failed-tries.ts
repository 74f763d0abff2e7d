/** How many wrong tokens an address may show, and all addresses together, in a window of time. */
export interface TryLimits {
  perAddress: number;
  all: number;
  windowMs: number;
}

const defaults: TryLimits = { perAddress: 5, all: 50, windowMs: 60_000 };

/** Limits wrong tokens. A token has 16 characters at least, so a few tries a minute can't find it. */
export class FailedTries {
  readonly #limits: TryLimits;
  readonly #clock: () => number;
  /** The times of the failed tries by address, the oldest first. */
  #failed: { address: string; at: number }[] = [];

  constructor({
    limits = defaults,
    clock = Date.now,
  }: { limits?: TryLimits; clock?: () => number } = {}) {
    this.#limits = limits;
    this.#clock = clock;
  }

  /** How long the address must wait, in milliseconds; 0 if it may try. */
  waitMs(address: string): number {
    const { perAddress, all, windowMs } = this.#limits;
    const now = this.#clock();
    this.#failed = this.#failed.filter(({ at }) => at > now - windowMs);
    const own = this.#failed.filter((failed) => failed.address === address);
    const oldest = own.length >= perAddress ? own[0] : undefined;
    const oldestOfAll = this.#failed.length >= all ? this.#failed[0] : undefined;
    const waits = [oldest, oldestOfAll].map((one) => (one ? one.at + windowMs - now : 0));
    return Math.max(...waits);
  }

  add(address: string): void {
    this.#failed.push({ address, at: this.#clock() });
  }
}
