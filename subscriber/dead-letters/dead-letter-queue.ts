import { setTimeout as sleep } from 'node:timers/promises';
import type { Row } from '../../shared/columns.ts';
import type { Log } from '../log.ts';
import type { Guest, WaitingRoom } from '../pull/waiting-room.ts';
import { deliveryFate } from '../rows/delivery-fate.ts';
import type { Fate } from '../rows/fate.ts';
import type { TableQueue } from '../rows/table-queue.ts';
import { bareDeadLetterRows, type DeadLetter, deadLetterRows } from './dead-letters.ts';

export interface DeadLetterQueueOptions {
  table: Pick<TableQueue, 'write'>;
  room: Pick<WaitingRoom, 'join' | 'now'>;
  log: Log;
  /** Unix milliseconds. */
  now?: () => number;
  /** How long a letter that BigQuery refuses waits for its next try, by the number of tries before. */
  waitMs?: (tries: number) => number;
}

/** A second, and twice as long after each try, up to ten minutes. */
const growingWaitMs = (tries: number) => Math.min(600_000, 1000 * 2 ** Math.min(tries, 20));

/**
 * Stores dead letters, and holds those that BigQuery refuses even as bare bytes: they keep their leases
 * and are tried again, less and less often, until the room is needed for others.
 */
export class DeadLetterQueue implements Guest {
  readonly #options: Required<DeadLetterQueueOptions>;
  /** Each held letter's way out, with the time since when it is held. */
  readonly #held = new Map<AbortController, number>();
  #isClosed = false;

  constructor(options: DeadLetterQueueOptions) {
    this.#options = { now: Date.now, waitMs: growingWaitMs, ...options };
    options.room.join(this);
  }

  /** How many letters are held since BigQuery refuses them. */
  get refused(): number {
    return this.#held.size;
  }

  get waitingSince(): number | undefined {
    const [oldest] = this.#held.values();
    return oldest;
  }

  readonly writtenAt = Number.NEGATIVE_INFINITY;

  isAnswered(): Promise<boolean> {
    return Promise.resolve(false);
  }

  giveBackUnsent(): void {
    for (const release of this.#held.keys()) release.abort();
  }

  giveBackSent(): void {}

  close(): void {
    this.#isClosed = true;
    this.giveBackUnsent();
  }

  /** Resolves when the letter is stored, or given back. Never rejects. */
  async store(letter: DeadLetter): Promise<Fate> {
    const fate = await this.#try(letter);
    return fate.kind === 'dead' ? await this.#hold(letter, fate.reason) : fate;
  }

  async #hold(letter: DeadLetter, refusal: string): Promise<Fate> {
    const { room, log, waitMs } = this.#options;
    const { delivery_id, stream } = letter.attributes;
    const message = 'BigQuery refuses a dead letter, which is held and tried again';
    const release = new AbortController();
    const { signal } = release;
    this.#held.set(release, room.now);
    if (this.#isClosed) release.abort();
    let cause = refusal;
    for (let tries = 0; ; tries++) {
      log({ severity: 'ERROR', message, stream, delivery_id, cause });
      await sleep(waitMs(tries), undefined, { signal }).catch(() => {});
      const fate: Fate = signal.aborted ? { kind: 'held', reason: cause } : await this.#try(letter);
      if (fate.kind !== 'dead') {
        this.#held.delete(release);
        return fate;
      }
      cause = fate.reason;
    }
  }

  async #try(letter: DeadLetter): Promise<Fate> {
    const now = this.#options.now();
    const fate = await this.#write(deadLetterRows(letter, now));
    return fate.kind === 'dead' ? await this.#write(bareDeadLetterRows(letter, now)) : fate;
  }

  async #write(rows: readonly Row[]): Promise<Fate> {
    const fates = await Promise.all(rows.map((row) => this.#options.table.write(row)));
    return deliveryFate(fates.map((fate) => ({ fate })));
  }
}
