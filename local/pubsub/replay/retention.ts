// Snapshots, and the acked messages that a seek can bring back.

import type { Subscription } from '../delivery/subscription.ts';
import type { Topic } from '../delivery/topic.ts';
import { PubsubError } from '../errors.ts';
import type { CommitLog } from '../storage/commit-log.ts';
import { type HolderKind, type HolderRow, Holders } from './holders.ts';

const HOUR_MS = 3_600_000;
const SNAPSHOT_MS = 7 * 24 * HOUR_MS;

export interface SnapshotSettings {
  readonly expiresMs: number;
  readonly labels: Record<string, string>;
}

export class Retention {
  readonly #log: CommitLog;
  readonly #holders: Holders;
  /** By kind and name. */
  readonly #rows = new Map<string, HolderRow>();
  readonly #topicOf: (id: number) => Topic | undefined;

  constructor(log: CommitLog, topicOf: (id: number) => Topic | undefined) {
    this.#log = log;
    this.#holders = new Holders(log.store);
    this.#topicOf = topicOf;
    for (const row of this.#holders.all()) this.#add(row);
  }

  get snapshots(): readonly HolderRow[] {
    return [...this.#rows.values()].filter(({ kind }) => kind === 'snapshot');
  }

  snapshot(name: string): HolderRow | undefined {
    return this.#rows.get(keyOf('snapshot', name));
  }

  /** Throws FAILED_PRECONDITION if the snapshot would expire within an hour. */
  createSnapshot(name: string, from: Subscription, labels: Record<string, string>): HolderRow {
    this.#log.flush();
    const { row } = from;
    const now = Date.now();
    const expiresMs = (this.#holders.oldestMs(row) ?? now) + SNAPSHOT_MS;
    if (expiresMs < now + HOUR_MS) {
      throw new PubsubError(
        'FAILED_PRECONDITION',
        `The oldest message of ${from.name} is too old: the snapshot would expire within an hour.`,
      );
    }
    const settings = JSON.stringify({ expiresMs, labels } satisfies SnapshotSettings);
    const { topic, start } = row;
    const insert = () =>
      this.#holders.insert({ kind: 'snapshot', name, topic, start, settings }, row);
    return this.#add(this.#log.store.transact(insert));
  }

  updateSnapshot(row: HolderRow, settings: SnapshotSettings): HolderRow {
    const updated = { ...row, settings: JSON.stringify(settings) };
    this.#holders.save(updated);
    this.#rows.set(keyOf(row.kind, row.name), updated);
    return updated;
  }

  /** Keeps the segments of a topic or, after their acks, of a subscription; or lets them go. */
  keep(kind: 'topic' | 'acked', of: { name: string; topic: number; start: number }, on: boolean) {
    const known = this.#rows.get(keyOf(kind, of.name));
    if (on === (known !== undefined)) return;
    if (known) return this.drop(known);
    this.#log.flush();
    const insert = () => this.#holders.insert({ kind, ...of, settings: '{}' });
    this.#add(this.#log.store.transact(insert));
  }

  drop(row: HolderRow): void {
    this.#log.flush();
    this.#log.store.transact(() => this.#holders.drop(row));
    this.#rows.delete(keyOf(row.kind, row.name));
    const topic = this.#topicOf(row.topic);
    if (topic) topic.holderCount--;
  }

  seekToSnapshot(subscription: Subscription, snapshot: HolderRow): void {
    if (snapshot.topic !== subscription.row.topic) {
      throw new PubsubError(
        'FAILED_PRECONDITION',
        `The snapshot ${snapshot.name} is of another topic than ${subscription.name}.`,
      );
    }
    subscription.seek((row) => this.#holders.restore(row, snapshot));
  }

  seekToTime(subscription: Subscription, ms: number): void {
    const { topic } = subscription;
    const held = [
      this.#rows.get(keyOf('acked', subscription.name)),
      topic && this.#rows.get(keyOf('topic', topic.name)),
    ].map((row) => row?.start ?? Number.MAX_SAFE_INTEGER);
    subscription.seek((row) => this.#holders.rewind(row, ms, Math.min(...held)));
  }

  /** @param retentionMs how long a holder of this name keeps messages; null if its owner is gone */
  expire(nowMs: number, retentionMs: (row: HolderRow) => number | null): void {
    for (const row of [...this.#rows.values()]) {
      if (row.kind === 'snapshot') {
        const { expiresMs } = JSON.parse(row.settings) as SnapshotSettings;
        if (expiresMs <= nowMs) this.drop(row);
        continue;
      }
      const ms = retentionMs(row);
      if (ms === null) this.drop(row);
      else {
        const kept = this.#log.store.transact(() => this.#holders.expire(row, nowMs - ms));
        this.#rows.set(keyOf(row.kind, row.name), kept);
      }
    }
  }

  #add(row: HolderRow): HolderRow {
    this.#rows.set(keyOf(row.kind, row.name), row);
    const topic = this.#topicOf(row.topic);
    if (topic) topic.holderCount++;
    return row;
  }
}

function keyOf(kind: HolderKind, name: string): string {
  return `${kind} ${name}`;
}
