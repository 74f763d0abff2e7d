import type { ConsoleParts } from '../context.ts';
import type { Facts, Pulse } from '../contract.ts';
import { readFacts } from '../readers/facts.ts';
import type { ReplayRuns } from '../runs/replay-runs.ts';

/** A page gets no more of them at once: it could not show them anyway. */
const maxDeliveries = 40;
const pulseMs = 1000;
/** How often the tables are read while nothing arrives. */
const quietMs = 15_000;
const freshMs = 60_000;

export interface Listener {
  pulse(pulse: Pulse): void;
  facts(facts: Facts): void;
}

export interface PollerOptions {
  parts: ConsoleParts;
  runs: ReplayRuns;
  /** How often the tables are read while somebody looks, and something arrives. */
  factsMs: number;
}

/** Reads for all open pages at once. Without a page it does nothing. */
export class Poller {
  readonly #options: PollerOptions;
  readonly #listeners = new Map<Listener, { seen: number }>();
  #facts: Facts | undefined;
  #isReading = false;
  #readAt = 0;
  #pulledAtRead = -1;
  #pulledBefore = -1;
  #timer: NodeJS.Timeout | undefined;
  #unwatch: (() => void) | undefined;

  constructor(options: PollerOptions) {
    this.#options = options;
  }

  /** @returns ends it */
  listen(listener: Listener): () => void {
    const { feed } = this.#options.parts;
    this.#listeners.set(listener, { seen: feed.deliveries.at(-1)?.n ?? 0 });
    // Older ones would look as if they were of now.
    if (this.#facts && Date.now() - this.#facts.at < freshMs) listener.facts(this.#facts);
    if (!this.#timer) {
      this.#unwatch = feed.watch();
      this.#timer = setInterval(() => this.#tick(), pulseMs);
    }
    this.#tick();
    return () => {
      if (this.#listeners.delete(listener) && this.#listeners.size === 0) this.stop();
    };
  }

  /** A page is being opened: its first figures are read while it loads. */
  warm(): void {
    this.#readIfDue();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#unwatch?.();
    this.#unwatch = undefined;
  }

  #tick(): void {
    const { parts } = this.#options;
    const { deliveries } = parts.feed;
    const base = this.#state();
    for (const [listener, position] of this.#listeners) {
      const fresh = deliveries.filter(({ n }) => n > position.seen);
      position.seen = fresh.at(-1)?.n ?? position.seen;
      const shown = fresh.slice(-maxDeliveries);
      listener.pulse({ ...base, deliveries: shown, skipped: fresh.length - shown.length });
    }
    this.#readIfDue();
  }

  #readIfDue(): void {
    const { parts, factsMs } = this.#options;
    const { pulled, inFlight } = parts.state();
    // What the edge refused and filtered is pulled too. Other replicas may have work while this one has none.
    const isQuiet = pulled === this.#pulledAtRead && inFlight.messages === 0;
    const isDue = Date.now() - this.#readAt >= (isQuiet ? Math.max(factsMs, quietMs) : factsMs);
    if (isDue && !this.#isReading) void this.#readFacts();
  }

  #state(): Omit<Pulse, 'deliveries' | 'skipped'> {
    const { parts, runs } = this.#options;
    const { pulled, inFlight, oldestReceivedAt, tables } = parts.state();
    const { messages, bytes, fullness } = inFlight;
    return {
      at: Date.now(),
      pulled,
      inFlight: { messages, bytes, fullness },
      ...(oldestReceivedAt !== undefined && { oldestReceivedAt }),
      tables: [...tables],
      deadLetters: parts.feed.deadLetters,
      batches: parts.feed.batches.slice(-120),
      replays: runs.all,
    };
  }

  async #readFacts(): Promise<void> {
    this.#isReading = true;
    const { pulled } = this.#options.parts.state();
    try {
      this.#facts = await readFacts(this.#options.parts, this.#facts);
      for (const listener of this.#listeners.keys()) listener.facts(this.#facts);
    } finally {
      // Once more after the last change: the ledger is written some seconds later.
      this.#pulledAtRead = this.#pulledBefore;
      this.#pulledBefore = pulled;
      this.#readAt = Date.now();
      this.#isReading = false;
    }
  }
}
