/** A table's queue, as the room sees it. Times are in milliseconds of one clock. */
export interface Guest {
  /** When the oldest row came that has no fate yet; undefined while no row waits. */
  readonly waitingSince: number | undefined;
  /** When BigQuery last took rows of this table. */
  readonly writtenAt: number;
  /** Gives back the rows that were not sent yet. */
  giveBackUnsent(): void;
  /** Gives back the messages of those that were sent, too; their rows may be written all the same. */
  giveBackSent(): void;
  /** Whether BigQuery answers now when it is asked about this table. Never rejects. */
  isAnswered(): Promise<boolean>;
}

export interface RoomOptions {
  /** The room is full with so many messages, or with so many bytes: somewhat before the pull pauses. */
  messages: number;
  bytes: number;
  /** A table whose oldest row has waited longer is late; 3 s by default. */
  lateAfterMs?: number;
  now?: () => number;
}

/**
 * The messages that were pulled and have no fate yet. The pull pauses when they are too many, whichever
 * table they are for; so a table that is late while BigQuery takes others gives back what it has not sent,
 * and where that is not enough, what it has. While BigQuery is down, everything is held. See decisions 7
 * and 10 in docs/decisions.
 */
export class WaitingRoom {
  readonly #options: Required<RoomOptions>;
  readonly #guests: Guest[] = [];
  #messages = 0;
  #bytes = 0;
  #watch: NodeJS.Timeout | undefined;
  #askedAt = Number.NEGATIVE_INFINITY;
  #answeredAt = Number.NEGATIVE_INFINITY;
  /** When BigQuery was last found to be down. */
  #downAt = Number.NEGATIVE_INFINITY;

  constructor(options: RoomOptions) {
    this.#options = { lateAfterMs: 3000, now: () => performance.now(), ...options };
  }

  get now(): number {
    return this.#options.now();
  }

  get messages(): number {
    return this.#messages;
  }

  join(guest: Guest): void {
    this.#guests.push(guest);
  }

  enter(bytes: number): void {
    this.#messages++;
    this.#bytes += bytes;
    // Paced: giving back at every message could have Pub/Sub deliver the same ones in a circle.
    if (this.#isFull && !this.#watch) {
      const everyMs = this.#options.lateAfterMs / 12;
      this.#watch = setInterval(() => this.#check(), everyMs).unref();
    }
  }

  leave(bytes: number): void {
    this.#messages--;
    this.#bytes -= bytes;
  }

  get #isFull(): boolean {
    return this.#messages >= this.#options.messages || this.#bytes >= this.#options.bytes;
  }

  #check(): void {
    if (!this.#isFull) {
      clearInterval(this.#watch);
      this.#watch = undefined;
      return;
    }
    const now = this.now;
    const { lateAfterMs } = this.#options;
    const isLate = ({ waitingSince = now }: Guest) => now - waitingSince > lateAfterMs;
    const sound = this.#guests.filter((guest) => !isLate(guest));
    const proof = Math.max(this.#answeredAt, ...sound.map(({ writtenAt }) => writtenAt));
    // A success from well after the late row came: the trouble is its table's alone. It may be over by now.
    const isProven = ({ waitingSince = now }: Guest) =>
      proof > Math.max(waitingSince + lateAfterMs / 3, now - 10 * lateAfterMs);
    // After an outage every table is late: each has this long to connect again and to be written.
    const isOver = now - this.#downAt > 20 * lateAfterMs;
    const late = this.#guests.filter(isLate);
    if (!late.every(isProven)) void this.#ask(sound, now);
    if (isOver) this.#ease(late.filter(isProven));
  }

  /** What was sent goes back only where the rest makes no room: another subscriber may write it again. */
  #ease(late: readonly Guest[]): void {
    for (const guest of late) guest.giveBackUnsent();
    // The pipeline has given back by then.
    setImmediate(() => {
      if (this.#isFull) for (const guest of late) guest.giveBackSent();
    });
  }

  /** The room may be full of one table's rows alone, and then no other has anything to show. */
  async #ask(sound: readonly Guest[], now: number): Promise<void> {
    if (now - this.#askedAt < this.#options.lateAfterMs) return;
    this.#askedAt = now;
    const answers = await Promise.all(sound.map((guest) => guest.isAnswered()));
    if (answers.includes(true)) this.#answeredAt = this.now;
    else this.#downAt = this.now;
  }
}
