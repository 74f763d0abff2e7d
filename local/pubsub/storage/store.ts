// The SQLite file. Rows are per segment, not per message, so a commit needs only a few statements for any
// number of messages, and an ack costs one bit.

import { join } from 'node:path';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { type Segment, unpackMessages } from './segment.ts';

const SCHEMA = `
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = FULL;
  -- One server a directory: leases live in its memory.
  PRAGMA locking_mode = EXCLUSIVE;
  PRAGMA wal_autocheckpoint = 4000;
  CREATE TABLE IF NOT EXISTS topics (
    id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE, settings TEXT NOT NULL
  );
  -- topic stays when the topic is deleted, because the backlog does. The backlog is what has an id
  -- above start.
  CREATE TABLE IF NOT EXISTS subscriptions (
    id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE, topic INTEGER NOT NULL,
    start INTEGER NOT NULL, settings TEXT NOT NULL
  );
  -- pending: how many subscriptions have not acked the whole segment.
  CREATE TABLE IF NOT EXISTS segments (
    id INTEGER PRIMARY KEY, topic INTEGER NOT NULL, published_ms INTEGER NOT NULL,
    count INTEGER NOT NULL, pending INTEGER NOT NULL
  );
  CREATE INDEX IF NOT EXISTS segments_of_topic ON segments (topic, id);
  CREATE TABLE IF NOT EXISTS payloads (id INTEGER PRIMARY KEY, body BLOB NOT NULL);
  -- acked: a bit a message, NULL when the whole segment is. No row: nothing acked.
  CREATE TABLE IF NOT EXISTS progress (
    segment INTEGER NOT NULL, subscription INTEGER NOT NULL, acked BLOB,
    PRIMARY KEY (segment, subscription)
  ) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS reserved (one INTEGER PRIMARY KEY CHECK (one = 1), segment INTEGER NOT NULL);
  INSERT OR IGNORE INTO reserved VALUES (1, 0);
  -- What keeps segments beside the subscriptions: snapshots, and acked messages that are retained. In
  -- progress a holder has its negative id.
  CREATE TABLE IF NOT EXISTS holders (
    id INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, name TEXT NOT NULL, topic INTEGER NOT NULL,
    start INTEGER NOT NULL, settings TEXT NOT NULL, UNIQUE (kind, name)
  );
  CREATE TABLE IF NOT EXISTS documents (
    kind TEXT NOT NULL, name TEXT NOT NULL, body TEXT NOT NULL, PRIMARY KEY (kind, name)
  ) WITHOUT ROWID;
`;

export interface TopicRow {
  readonly id: number;
  readonly name: string;
  readonly settings: string;
}

export interface SubscriptionRow extends TopicRow {
  readonly topic: number;
  readonly start: number;
}

export interface StoredSegment extends Segment {
  /** The subscription's ack bits; null if it has acked none. */
  readonly acked: Uint8Array | null;
}

type Row = Record<string, unknown>;

export class Store {
  static readonly fileName = 'pubsub.sqlite';
  readonly #database: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();

  constructor(directory: string) {
    this.#database = new DatabaseSync(join(directory, Store.fileName));
    try {
      this.#database.exec(SCHEMA);
    } catch (error) {
      this.#database.close();
      throw error;
    }
  }

  close(): void {
    this.#database.close();
  }

  /** Runs `body` in one transaction, which is on disk when this returns. Rolls back if `body` throws. */
  transact<T>(body: () => T): T {
    this.#database.exec('BEGIN IMMEDIATE');
    try {
      const value = body();
      this.#database.exec('COMMIT');
      return value;
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
      throw error;
    }
  }

  topics(): TopicRow[] {
    return this.#sql('SELECT * FROM topics').all() as Row[] as unknown as TopicRow[];
  }

  subscriptions(): SubscriptionRow[] {
    return this.#sql('SELECT * FROM subscriptions').all() as Row[] as unknown as SubscriptionRow[];
  }

  insertTopic(name: string, settings: string): number {
    const sql = 'INSERT INTO topics (name, settings) VALUES (?, ?)';
    return Number(this.#sql(sql).run(name, settings).lastInsertRowid);
  }

  insertSubscription(row: Omit<SubscriptionRow, 'id'>): number {
    const sql = 'INSERT INTO subscriptions (name, topic, start, settings) VALUES (?, ?, ?, ?)';
    const { name, topic, start, settings } = row;
    return Number(this.#sql(sql).run(name, topic, start, settings).lastInsertRowid);
  }

  saveSettings(table: 'topics' | 'subscriptions', id: number, settings: string): void {
    this.#sql(`UPDATE ${table} SET settings = ? WHERE id = ?`).run(settings, id);
  }

  deleteRow(table: 'topics' | 'subscriptions', id: number): void {
    this.#sql(`DELETE FROM ${table} WHERE id = ?`).run(id);
  }

  /** The highest reserved segment id. Earlier runs have used no id above it. */
  reservedSegment(): number {
    return Number(this.#sql('SELECT segment FROM reserved').get()?.['segment']);
  }

  reserveSegments(through: number): void {
    this.#sql('UPDATE reserved SET segment = ?').run(through);
  }

  insertSegment(segment: Segment, body: Buffer, topic: number, pending: number): void {
    const { id, publishedMs, messages } = segment;
    this.#sql('INSERT INTO segments VALUES (?, ?, ?, ?, ?)').run(
      ...[id, topic, publishedMs, messages.length, pending],
    );
    this.#sql('INSERT INTO payloads VALUES (?, ?)').run(id, body);
  }

  /** Returns null if every subscription has acked the segment, or if it has expired. */
  segment(id: number): Segment | null {
    const sql = 'SELECT * FROM segments JOIN payloads USING (id) WHERE id = ?';
    const row = this.#sql(sql).get(id);
    return row ? segmentOf(row) : null;
  }

  /** Iterates over the segments above `after` that the subscription has not fully acked, oldest first. */
  *backlog(topic: number, subscription: number, after: number): Generator<StoredSegment> {
    const sql = `SELECT s.*, p.body, g.acked FROM segments s JOIN payloads p USING (id)
      LEFT JOIN progress g ON g.segment = s.id AND g.subscription = ?
      WHERE s.topic = ? AND s.id > ? AND (g.segment IS NULL OR g.acked IS NOT NULL) ORDER BY s.id`;
    for (const row of this.#sql(sql).iterate(subscription, topic, after)) {
      yield { ...segmentOf(row), acked: row['acked'] as Uint8Array | null };
    }
  }

  /** The segment's message count and ack bits; null if all messages are acked. */
  progress(
    segment: number,
    subscription: number,
    topic: number,
  ): { count: number; acked: Uint8Array | null } | null {
    const sql = `SELECT s.count, g.acked, g.segment AS begun FROM segments s
      LEFT JOIN progress g ON g.segment = s.id AND g.subscription = ? WHERE s.id = ? AND s.topic = ?`;
    const row = this.#sql(sql).get(subscription, segment, topic);
    if (!row || (row['begun'] !== null && row['acked'] === null)) return null;
    return { count: Number(row['count']), acked: row['acked'] as Uint8Array | null };
  }

  saveProgress(segment: number, subscription: number, acked: Uint8Array | null): void {
    this.#sql('INSERT OR REPLACE INTO progress VALUES (?, ?, ?)').run(segment, subscription, acked);
  }

  /** Marks the segment as acked by the subscription, and deletes it after the last subscription's ack. */
  finishSegment(segment: number, subscription: number): void {
    const last = this.#sql('DELETE FROM segments WHERE id = ? AND pending <= 1').run(segment);
    if (last.changes) {
      this.#sql('DELETE FROM payloads WHERE id = ?').run(segment);
      this.#sql('DELETE FROM progress WHERE segment = ?').run(segment);
    } else {
      this.#sql('UPDATE segments SET pending = pending - 1 WHERE id = ?').run(segment);
      this.saveProgress(segment, subscription, null);
    }
  }

  /** The newest segment of the topic that was published before the time, else the subscription's start. */
  lastSegmentBefore({ topic, start }: SubscriptionRow, beforeMs: number): number {
    // Ids increase with time, so the first segment after the time ends the search.
    const young = `SELECT id FROM segments WHERE topic = ? AND id > ? AND published_ms >= ?
      ORDER BY id LIMIT 1`;
    const first = this.#sql(young).get(topic, start, beforeMs);
    if (first) return Number(first['id']) - 1;
    const last = this.#sql('SELECT max(id) AS id FROM segments WHERE topic = ?').get(topic);
    return Math.max(start, Number(last?.['id'] ?? 0));
  }

  /** Drops all segments up to `through` from the subscription's backlog. */
  advanceStart(subscription: SubscriptionRow, through: number): void {
    const range = [subscription.topic, subscription.start, through];
    this.#sql(`UPDATE segments SET pending = pending - 1 WHERE topic = ? AND id > ? AND id <= ?
      AND NOT EXISTS (SELECT 1 FROM progress g
        WHERE g.segment = id AND g.subscription = ? AND g.acked IS NULL)`).run(
      ...range,
      subscription.id,
    );
    for (const [table, key] of [
      ['payloads', 'id'],
      ['progress', 'segment'],
    ]) {
      this.#sql(`DELETE FROM ${table} WHERE ${key} IN
        (SELECT id FROM segments WHERE topic = ? AND id > ? AND id <= ? AND pending <= 0)`).run(
        ...range,
      );
    }
    this.#sql('DELETE FROM segments WHERE topic = ? AND id > ? AND id <= ? AND pending <= 0').run(
      ...range,
    );
    this.#sql('DELETE FROM progress WHERE subscription = ? AND segment <= ?').run(
      ...[subscription.id, through],
    );
    this.#sql('UPDATE subscriptions SET start = ? WHERE id = ?').run(through, subscription.id);
  }

  /** JSON texts of one kind, by name. */
  documents(kind: string): Map<string, string> {
    const rows = this.#sql('SELECT name, body FROM documents WHERE kind = ?').all(kind) as Row[];
    return new Map(rows.map(({ name, body }) => [String(name), String(body)]));
  }

  saveDocument(kind: string, name: string, body: string): void {
    this.#sql('INSERT OR REPLACE INTO documents VALUES (?, ?, ?)').run(kind, name, body);
  }

  deleteDocument(kind: string, name: string): void {
    this.#sql('DELETE FROM documents WHERE kind = ? AND name = ?').run(kind, name);
  }

  /** A statement that is prepared once. */
  statement(text: string): StatementSync {
    return this.#sql(text);
  }

  #sql(text: string): StatementSync {
    const known = this.#statements.get(text);
    if (known) return known;
    const statement = this.#database.prepare(text);
    this.#statements.set(text, statement);
    return statement;
  }
}

function segmentOf(row: Row): Segment {
  const body = row['body'] as Uint8Array;
  return {
    id: Number(row['id']),
    publishedMs: Number(row['published_ms']),
    messages: unpackMessages(body),
    bytes: body.length,
  };
}
