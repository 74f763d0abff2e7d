import type { LeaseBatch } from './leased-message.ts';
import { idBatches } from './request-batcher.ts';

/** How long a message is leased when it is delivered: the least that Pub/Sub allows. */
export const firstLeaseSeconds = 10;
/** A message that is held longer is leased longer. A subscriber that dies delays it by this much at most. */
const maxLeaseSeconds = 60;

export interface LeaseOptions {
  /** Rejects if the leases were not extended. */
  extend(ackIds: string[], seconds: number): Promise<void>;
  now: () => number;
}

/**
 * Extends the leases of all messages that are held, oldest first, when half of the lease is over: the first 10 s
 * become 20, 40, then 60. Most messages are acked long before, so a message costs nothing here: `extendDue` looks at
 * the batches once a second.
 */
export class Leases {
  readonly #options: LeaseOptions;
  #batches: LeaseBatch[] = [];
  readonly #extending = new Set<LeaseBatch>();

  constructor(options: LeaseOptions) {
    this.#options = options;
  }

  add(batch: LeaseBatch): void {
    this.#batches.push(batch);
  }

  /** Never rejects: a lease that could not be extended is due again. */
  async extendDue(): Promise<void> {
    const now = this.#options.now();
    this.#batches = this.#batches.filter(({ leased }) => leased > 0);
    const due = this.#batches.filter(
      (batch) => batch.until - now < batch.seconds * 500 && !this.#extending.has(batch),
    );
    due.sort((a, b) => a.until - b.until);
    const bySeconds = Map.groupBy(due, ({ seconds }) => Math.min(maxLeaseSeconds, 2 * seconds));
    const extensions = [...bySeconds].map(([seconds, batches]) => this.#extend(batches, seconds));
    await Promise.all(extensions);
  }

  async #extend(batches: readonly LeaseBatch[], seconds: number): Promise<void> {
    for (const batch of batches) this.#extending.add(batch);
    const sentAt = this.#options.now();
    const leased = batches.flatMap(({ messages }) => messages.filter(({ isLeased }) => isLeased));
    const requests = idBatches(leased).map((part) =>
      this.#options.extend(
        part.map(({ ackId }) => ackId),
        seconds,
      ),
    );
    const results = await Promise.allSettled(requests);
    const isExtended = results.every(({ status }) => status === 'fulfilled');
    for (const batch of batches) {
      this.#extending.delete(batch);
      if (!isExtended) continue;
      batch.until = sentAt + seconds * 1000;
      batch.seconds = seconds;
    }
  }
}
