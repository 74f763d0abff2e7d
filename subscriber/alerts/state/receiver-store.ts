import { randomUUID } from 'node:crypto';
import { receiverId } from './alert-table.ts';
import type { RowChanges } from './change-rows.ts';

interface SentMessage {
  isHeartbeat: boolean;
  answer: string;
}

/** The rows of the receivers: who may send now, and what each knows. */
export class ReceiverStore {
  readonly #changes: RowChanges;
  /** The name of this replica. */
  readonly #replica = randomUUID();

  constructor(changes: RowChanges) {
    this.#changes = changes;
  }

  /** Adds the rows of receivers that have none. */
  async add(names: readonly string[], now: number): Promise<void> {
    if (names.length === 0) return;
    await this.#changes.run(
      `MERGE ${this.#changes.table} AS stored USING (SELECT id, at FROM UNNEST(@ids) AS id WITH OFFSET AS at) AS found ON stored.id = found.id
       WHEN NOT MATCHED THEN INSERT (id, condition, state, since, fired_at)
         VALUES (found.id, 'receiver', 'reached', TIMESTAMP_MILLIS(@now), TIMESTAMP_MILLIS(@now))`,
      { ids: names.map(receiverId), now },
    );
  }

  /**
   * Claims a receiver: until then this replica alone sends to it. Its own claim it may take again, because it sends
   * one message at a time.
   *
   * @returns false if another replica sends, or waits for its next try
   */
  async claim(name: string, forMs: number): Promise<boolean> {
    const changed = await this.#changes.run(
      `UPDATE ${this.#changes.table} SET claimed_by = @replica,
         claimed_until = TIMESTAMP_ADD(CURRENT_TIMESTAMP(), INTERVAL @forMs MILLISECOND)
       WHERE id = @id AND (claimed_until IS NULL OR claimed_until < CURRENT_TIMESTAMP() OR claimed_by = @replica)`,
      { id: receiverId(name), replica: this.#replica, forMs },
    );
    return changed > 0;
  }

  /** Ends the claim without a message. */
  async release(name: string): Promise<void> {
    await this.#changes.run(
      `UPDATE ${this.#changes.table} SET claimed_until = NULL WHERE id = @id AND claimed_by = @replica`,
      { id: receiverId(name), replica: this.#replica },
    );
  }

  /** The receiver took a message: notes the changes that it knows now, and ends the claim. */
  async told(name: string, changeIds: readonly string[], message: SentMessage): Promise<void> {
    if (changeIds.length > 0) {
      await this.#changes.run(
        `UPDATE ${this.#changes.table} SET told = CONCAT(told, @name)
         WHERE change_id IN UNNEST(@changes) AND STRPOS(told, @name) = 0`,
        { changes: changeIds, name: ` ${name} ` },
      );
    }
    const heartbeat = message.isHeartbeat ? ', heartbeat_at = CURRENT_TIMESTAMP()' : '';
    await this.#changes.run(
      `UPDATE ${this.#changes.table} SET claimed_until = NULL, sent_at = CURRENT_TIMESTAMP()${heartbeat}, reason = @answer,
         since = IF(state = 'reached', since, CURRENT_TIMESTAMP()), state = 'reached'
       WHERE id = @id`,
      { id: receiverId(name), answer: message.answer },
    );
  }

  /** The receiver did not take a message; no replica tries again before the wait is over. */
  async failed(name: string, answer: string, waitMs: number): Promise<void> {
    await this.#changes.run(
      `UPDATE ${this.#changes.table} SET reason = @answer, claimed_by = @replica,
         claimed_until = TIMESTAMP_ADD(CURRENT_TIMESTAMP(), INTERVAL @waitMs MILLISECOND),
         since = IF(state = 'failing', since, CURRENT_TIMESTAMP()), state = 'failing'
       WHERE id = @id`,
      { id: receiverId(name), answer, replica: this.#replica, waitMs: Math.round(waitMs) },
    );
  }
}
