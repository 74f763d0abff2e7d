// What keeps segments in the store beside the backlogs of subscriptions. A holder counts in `segments.pending`
// as a subscription does, so the store deletes a segment after the last of both let it go.

import type { Store, SubscriptionRow } from '../storage/store.ts';

/** `acked`: a subscription's messages after their acks. `topic`: a topic's messages, by its retention. */
export type HolderKind = 'snapshot' | 'acked' | 'topic';

/** `id` is negative, so that it differs from those of subscriptions. */
export interface HolderRow extends SubscriptionRow {
  readonly kind: HolderKind;
}

type Backlog = Pick<SubscriptionRow, 'id' | 'topic' | 'start'>;

/** The segments that count for a backlog: above its start, and not wholly acked. */
const COUNTED = `topic = ? AND id > ? AND NOT EXISTS (SELECT 1 FROM progress g
  WHERE g.segment = segments.id AND g.subscription = ? AND g.acked IS NULL)`;

/** To be called inside a transaction, except for `all`. */
export class Holders {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  all(): HolderRow[] {
    const rows = this.#store.statement('SELECT * FROM holders').all() as unknown as HolderRow[];
    return rows.map((row) => ({ ...row, id: -row.id }));
  }

  /** @param like the backlog that the holder begins with; without it, all above its start */
  insert(row: Omit<HolderRow, 'id'>, like?: Backlog): HolderRow {
    const sql = 'INSERT INTO holders (kind, name, topic, start, settings) VALUES (?, ?, ?, ?, ?)';
    const { kind, name, topic, start, settings } = row;
    const { lastInsertRowid } = this.#store.statement(sql).run(kind, name, topic, start, settings);
    const holder = { ...row, id: -Number(lastInsertRowid) };
    if (like) this.#copyProgress(like, holder);
    this.#count(holder, 1);
    return holder;
  }

  save({ id, settings }: HolderRow): void {
    this.#store.statement('UPDATE holders SET settings = ? WHERE id = ?').run(settings, -id);
  }

  drop(holder: HolderRow): void {
    this.#count(holder, -1);
    this.#sweep(holder.topic);
    this.#store.statement('DELETE FROM progress WHERE subscription = ?').run(holder.id);
    this.#store.statement('DELETE FROM holders WHERE id = ?').run(-holder.id);
  }

  /** Lets go of what was published before the time. */
  expire(holder: HolderRow, beforeMs: number): HolderRow {
    const start = this.#store.lastSegmentBefore(holder, beforeMs);
    if (start <= holder.start) return holder;
    this.#store.advanceStart(holder, start);
    this.#store.statement('UPDATE holders SET start = ? WHERE id = ?').run(start, -holder.id);
    return { ...holder, start };
  }

  /** Makes a subscription's backlog that of a snapshot. */
  restore(subscription: SubscriptionRow, snapshot: HolderRow): SubscriptionRow {
    return this.#move(subscription, snapshot.start, (moved) => {
      this.#store.statement('DELETE FROM progress WHERE subscription = ?').run(moved.id);
      this.#copyProgress(snapshot, moved);
    });
  }

  /** Acks all before the time, and takes back the acks of the rest, of those that are retained above `held`. */
  rewind(subscription: SubscriptionRow, toMs: number, held: number): SubscriptionRow {
    const whole = { ...subscription, start: 0 };
    const before = this.#store.lastSegmentBefore(whole, toMs);
    const start = Math.max(before, Math.min(subscription.start, held));
    return this.#move(subscription, start, ({ id }) => {
      const sql = 'DELETE FROM progress WHERE subscription = ? AND (segment > ? OR segment <= ?)';
      this.#store.statement(sql).run(id, held, start);
    });
  }

  /** When the oldest message of a backlog was published; null if it has none. */
  oldestMs({ topic, start, id }: Backlog): number | null {
    const sql = `SELECT published_ms AS ms FROM segments WHERE ${COUNTED} ORDER BY id LIMIT 1`;
    const row = this.#store.statement(sql).get(topic, start, id);
    return row ? Number(row['ms']) : null;
  }

  #move(
    subscription: SubscriptionRow,
    start: number,
    write: (moved: SubscriptionRow) => void,
  ): SubscriptionRow {
    const moved = { ...subscription, start };
    this.#count(subscription, -1);
    write(moved);
    this.#store.statement('UPDATE subscriptions SET start = ? WHERE id = ?').run(start, moved.id);
    this.#count(moved, 1);
    this.#sweep(moved.topic);
    return moved;
  }

  #count({ id, topic, start }: Backlog, by: 1 | -1): void {
    const sql = `UPDATE segments SET pending = pending + (${by}) WHERE ${COUNTED}`;
    this.#store.statement(sql).run(topic, start, id);
  }

  #copyProgress(from: Backlog, to: Backlog): void {
    const sql = `INSERT INTO progress (segment, subscription, acked)
      SELECT segment, ?, acked FROM progress WHERE subscription = ? AND segment > ?`;
    this.#store.statement(sql).run(to.id, from.id, from.start);
  }

  #sweep(topic: number): void {
    const done = 'SELECT id FROM segments WHERE topic = ? AND pending <= 0';
    for (const [table, key] of [
      ['payloads', 'id'],
      ['progress', 'segment'],
      ['segments', 'id'],
    ]) {
      this.#store.statement(`DELETE FROM ${table} WHERE ${key} IN (${done})`).run(topic);
    }
  }
}
