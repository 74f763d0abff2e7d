import { withTimeout } from '../timeout.ts';
import { type Attempt, attempt, type PublishRequest } from './batches.ts';

/** So many failed requests without one that Pub/Sub answered are an outage. */
const failuresOfOutage = 5;

/** A shorter timeout shows that the sender has little time, not that Pub/Sub is away. */
const countedTimeoutMs = 1000;

/** After its time, a probe may still take so long to report. */
const probeMarginMs = 100;

/** What a delivery may do: publish as usual, probe, or nothing because its time is over. */
export type Turn = 'send' | 'probe' | 'over';

interface Waiting {
  /** When its time is over. */
  until: number;
  readonly turn: Promise<Turn>;
  resolve(turn: Turn): void;
}

/**
 * Whether Pub/Sub answers, as this isolate sees it. In an outage, the tries of all deliveries would cost more than the
 * isolate has, and those that came after the outage would wait behind them. So one delivery at a time probes, and the
 * others wait, each under its own timer, for what the probe finds.
 */
export class Circuit {
  readonly #attempt: typeof attempt;
  readonly #waiting = new Set<Waiting>();
  #failures = 0;
  /** A delivery that is cut off does not report the end of its probe. */
  #probeUntil = 0;
  /** How many probes there were: they alternate between the endpoints. */
  #probes = 0;
  /** Of the last failure. */
  cause = '';

  constructor(attemptOnce: typeof attempt = attempt) {
    this.#attempt = attemptOnce;
  }

  /** Makes one request, and notes whether Pub/Sub answered. Never rejects. */
  readonly attempt = async (
    messages: readonly string[],
    request: PublishRequest,
  ): Promise<Attempt> => {
    const made = await this.#attempt(messages, request);
    if (made.stored || !made.retry) this.#close();
    else if (made.cause !== 'pubsub-timeout' || request.timeoutMs >= countedTimeoutMs) {
      this.cause = made.cause;
      this.#failures++;
    }
    return made;
  };

  /** Resolves when the delivery may make a request, at the latest after `leftMs`. One that probes must `leave`. */
  async enter(leftMs: number): Promise<Turn> {
    const until = Date.now() + leftMs;
    let own: Waiting | undefined;
    try {
      for (;;) {
        const now = Date.now();
        if (this.#failures < failuresOfOutage) return 'send';
        if (now >= until) return 'over';
        if (now > this.#probeUntil) {
          this.#probeUntil = until + probeMarginMs;
          return 'probe';
        }
        own ??= this.#wait(until);
        // The delivery that probes may be cut off: then somebody else must, though nobody says so.
        const waitMs = Math.min(until, this.#probeUntil + 1) - now;
        const turn = await withTimeout(waitMs, own.turn);
        if (turn) return turn;
      }
    } finally {
      if (own) this.#waiting.delete(own);
    }
  }

  #wait(until: number): Waiting {
    const { promise: turn, resolve } = Promise.withResolvers<Turn>();
    const own = { until, turn, resolve };
    this.#waiting.add(own);
    return own;
  }

  /** Which of so many endpoints the next probe tries. */
  nextProbe(endpoints: number): number {
    return this.#probes++ % endpoints;
  }

  /** The delivery that probed ends: the one that has waited least probes next, because it has most time left. */
  leave(): void {
    this.#probeUntil = 0;
    const now = Date.now();
    const next = [...this.#waiting].findLast(({ until }) => until > now);
    if (!next) return;
    this.#waiting.delete(next);
    this.#probeUntil = next.until + probeMarginMs;
    next.resolve('probe');
  }

  #close(): void {
    this.#failures = 0;
    for (const { resolve } of this.#waiting) resolve('send');
    this.#waiting.clear();
  }
}
