import type { RelaySource } from '../../bigquery/read-cells.ts';
import type { Log } from '../../log.ts';
import { type AlertSettings, allSettings } from '../settings.ts';
import type { Facts } from './facts.ts';
import { readHistory, type StreamHistory } from './read-history.ts';
import { type LedgerFacts, readLedgerFacts } from './read-ledger-facts.ts';
import { readLetterFacts } from './read-letters.ts';
import { readClock } from './read-rows.ts';

/** What this replica knows of itself. */
export interface ReplicaState {
  /** By the stream's name. */
  tables: Iterable<{ stream: string; isRefused: boolean }>;
  /** When the edge received the oldest delivery in flight. */
  oldestReceivedAt: number | undefined;
}

export interface FactReaderOptions extends RelaySource {
  settings: AlertSettings;
  state: () => ReplicaState;
  log: Log;
}

const learnEveryMs = 6 * 3_600_000;
/** With deliveries that wait for longer, the replica is behind. */
const maxBehindMs = 120_000;
const maxClockDifferenceMs = 60_000;

/** Reads what the conditions are judged by, and remembers what is not read each time. */
export class FactReader {
  readonly #options: FactReaderOptions;
  /** BigQuery's clock minus this machine's monotonic one. */
  #clockOffset = Date.now() - performance.now();
  #isClockReported = false;
  #history: Map<string, StreamHistory> | undefined;
  #learnAt = 0;
  readonly #refusedSince = new Map<string, number>();
  #keptUpSince = performance.now();
  #answeredAt = performance.now();

  constructor(options: FactReaderOptions) {
    this.#options = options;
  }

  /** BigQuery's clock, in Unix milliseconds. */
  get now(): number {
    return Math.round(performance.now() + this.#clockOffset);
  }

  /** How long ago BigQuery answered last. */
  get unansweredMs(): number {
    return performance.now() - this.#answeredAt;
  }

  async read(): Promise<Facts> {
    await this.#readClock();
    const { settings } = this.#options;
    const refusedMs = this.#readReplica();
    const { now } = this;
    const [letters, ledger, history] = await Promise.all([
      readLetterFacts(this.#options, settings, now),
      readLedgerFacts(this.#options, settings, now),
      this.#readHistory(now),
    ]);
    this.#carryOn(ledger);
    return {
      now,
      letters,
      ...(ledger && { ledger }),
      ...(history && { history }),
      refusedMs,
      keptUpMs: performance.now() - this.#keptUpSince,
    };
  }

  /** After a failure the last delivery may have left the window meanwhile, and the ledger may be behind. */
  failed(): void {
    this.#keptUpSince = performance.now();
    this.#learnAt = 0;
  }

  async #readClock(): Promise<void> {
    const asked = performance.now();
    const clock = await readClock(this.#options);
    this.#answeredAt = performance.now();
    this.#clockOffset = clock - (asked + this.#answeredAt) / 2;
    const differenceMs = Date.now() - this.now;
    const isFar = Math.abs(differenceMs) > maxClockDifferenceMs;
    if (isFar && !this.#isClockReported) {
      const message = 'the clock of this machine is wrong: dead letters are stored with its time';
      const seconds_ahead = Math.round(differenceMs / 1000);
      this.#options.log({ severity: 'WARNING', message, seconds_ahead });
    }
    this.#isClockReported = isFar;
  }

  /** @returns how long each refused table has been so */
  #readReplica(): Map<string, number> {
    const { tables, oldestReceivedAt } = this.#options.state();
    const now = performance.now();
    if (oldestReceivedAt !== undefined && this.now - oldestReceivedAt > maxBehindMs) {
      this.#keptUpSince = now;
    }
    for (const { stream, isRefused } of tables) {
      if (!isRefused) this.#refusedSince.delete(stream);
      else if (!this.#refusedSince.has(stream)) this.#refusedSince.set(stream, now);
    }
    return new Map([...this.#refusedSince].map(([stream, since]) => [stream, now - since]));
  }

  /** Two weeks of the ledger are read four times a day only. */
  async #readHistory(now: number): Promise<ReadonlyMap<string, StreamHistory> | undefined> {
    const isUsed = allSettings(this.#options.settings).some(
      ({ silentAfterMs }) => silentAfterMs !== false,
    );
    if (!isUsed) return new Map();
    if (this.#history && performance.now() < this.#learnAt) return this.#history;
    this.#history = await readHistory(this.#options, now);
    this.#learnAt = performance.now() + learnEveryMs;
    return this.#history;
  }

  /** A delivery of today is newer than the history, which may be hours old. */
  #carryOn(ledger: ReadonlyMap<string, LedgerFacts> | undefined): void {
    for (const [stream, { lastAt }] of ledger ?? []) {
      if (lastAt === undefined) continue;
      const past = this.#history?.get(stream);
      if (past) past.lastAt = Math.max(past.lastAt, lastAt);
      else this.#history?.set(stream, { lastAt, firstAt: lastAt, minutes: 1, gapMs: 0 });
    }
  }
}
