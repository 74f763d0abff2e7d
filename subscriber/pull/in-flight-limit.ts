/** A queue as the in-flight limit sees it. Times are in milliseconds of one clock. */
export interface LimitedQueue {
  /** When its oldest unsettled item was queued; undefined while it has none. */
  readonly waitingSince: number | undefined;
  /** When BigQuery last took rows of this queue. */
  readonly writtenAt: number;
  /** Nacks the messages of what is not sent yet. */
  nackUnsent(): void;
  /** Nacks the messages of what was sent, too; their rows may still be written. */
  nackUnanswered(): void;
  /** Whether BigQuery answers now when it is asked about this table. Never rejects. */
  isAnswered(): Promise<boolean>;
}

export interface InFlightOptions {
  /** The limit is reached with this many messages or bytes: somewhat before the pull pauses. */
  messages: number;
  bytes: number;
  /** A queue is late when its oldest item has waited longer; 3 s by default. */
  lateAfterMs?: number;
  now?: () => number;
}

/**
 * Counts the messages that are pulled and neither acked nor nacked. Too many of them pause the pull for every
 * table. So when the limit is reached and BigQuery takes rows of other tables, a late queue nacks what it has
 * not sent, and if that is not enough, what it has sent. While BigQuery is down, nothing is nacked. See
 * decisions 7 and 10 in docs/decisions.
 */
export class InFlightLimit {
  readonly #options: Required<InFlightOptions>;
  readonly #queues: LimitedQueue[] = [];
  #messages = 0;
  #bytes = 0;
  #watch: NodeJS.Timeout | undefined;
  #askedAt = Number.NEGATIVE_INFINITY;
  #answeredAt = Number.NEGATIVE_INFINITY;
  /** When BigQuery was last found to be down. */
  #downAt = Number.NEGATIVE_INFINITY;

  constructor(options: InFlightOptions) {
    this.#options = { lateAfterMs: 3000, now: () => performance.now(), ...options };
  }

  get now(): number {
    return this.#options.now();
  }

  get messages(): number {
    return this.#messages;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** The share of the limit that is used, 0 to 1. */
  get fullness(): number {
    const { messages, bytes } = this.#options;
    return Math.min(1, Math.max(this.#messages / messages, this.#bytes / bytes));
  }

  register(queue: LimitedQueue): void {
    this.#queues.push(queue);
  }

  add(bytes: number): void {
    this.#messages++;
    this.#bytes += bytes;
    // Not at every message: Pub/Sub could deliver the same nacked ones in a loop.
    if (this.#isReached && !this.#watch) {
      const everyMs = this.#options.lateAfterMs / 12;
      this.#watch = setInterval(() => this.#check(), everyMs).unref();
    }
  }

  remove(bytes: number): void {
    this.#messages--;
    this.#bytes -= bytes;
  }

  get #isReached(): boolean {
    return this.#messages >= this.#options.messages || this.#bytes >= this.#options.bytes;
  }

  #check(): void {
    if (!this.#isReached) {
      clearInterval(this.#watch);
      this.#watch = undefined;
      return;
    }
    const now = this.now;
    const { lateAfterMs } = this.#options;
    const isLate = ({ waitingSince = now }: LimitedQueue) => now - waitingSince > lateAfterMs;
    const onTime = this.#queues.filter((queue) => !isLate(queue));
    const proof = Math.max(this.#answeredAt, ...onTime.map(({ writtenAt }) => writtenAt));
    // BigQuery took other rows well after the late one was queued: only this table fails. Old proof expires.
    const isProven = ({ waitingSince = now }: LimitedQueue) =>
      proof > Math.max(waitingSince + lateAfterMs / 3, now - 10 * lateAfterMs);
    // After an outage every table is late: each has this long to connect again and to be written.
    const isRecovered = now - this.#downAt > 20 * lateAfterMs;
    const late = this.#queues.filter(isLate);
    if (!late.every(isProven)) void this.#ask(onTime, now);
    if (isRecovered) this.#nackLate(late.filter(isProven));
  }

  /** Sent rows are nacked only if the others do not suffice: another subscriber may write them again. */
  #nackLate(late: readonly LimitedQueue[]): void {
    for (const queue of late) queue.nackUnsent();
    // By then the pipeline has nacked the messages.
    setImmediate(() => {
      if (this.#isReached) for (const queue of late) queue.nackUnanswered();
    });
  }

  /** All messages may be of one table; then no other table has rows that could prove anything. */
  async #ask(onTime: readonly LimitedQueue[], now: number): Promise<void> {
    if (now - this.#askedAt < this.#options.lateAfterMs) return;
    this.#askedAt = now;
    const answers = await Promise.all(onTime.map((queue) => queue.isAnswered()));
    if (answers.includes(true)) this.#answeredAt = this.now;
    else this.#downAt = this.now;
  }
}
