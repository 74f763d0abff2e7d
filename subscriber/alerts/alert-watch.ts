import { setTimeout as sleep } from 'node:timers/promises';
import { FactReader, type FactReaderOptions } from './facts/fact-reader.ts';
import { type LocalAlert, Receiver } from './messages/receiver.ts';
import { receiverUrlProblem } from './messages/receiver-url.ts';
import { AlertStore } from './state/alert-store.ts';
import { logAlerts, updateAlerts } from './update-alerts.ts';

export interface AlertWatchOptions extends FactReaderOptions {
  environment: NodeJS.ProcessEnv;
}

/** Replicas that start together do not ask together. */
const maxFirstWaitMs = 5000;
/** A look that takes longer is not waited for; the next one begins when it has ended. */
const maxLookMs = 60_000;
const stopMs = 1500;

/**
 * Looks at the conditions again and again, keeps the state of each alert, and wakes the receivers. It shares nothing
 * with the way of a message: whatever goes wrong here, deliveries are relayed.
 */
export class AlertWatch {
  readonly #options: AlertWatchOptions;
  readonly #facts: FactReader;
  readonly #store: AlertStore;
  readonly #receivers: readonly Receiver[];
  readonly #closing = new AbortController();
  #looking: Promise<void> | undefined;
  #lastProblem: string | undefined;
  #bigqueryAway: LocalAlert | undefined;

  constructor(options: AlertWatchOptions) {
    this.#options = options;
    this.#facts = new FactReader(options);
    this.#store = new AlertStore(options.bigquery, options.relay);
    this.#receivers = this.#openReceivers();
  }

  /** Watches until it is stopped. Never rejects. */
  async run(): Promise<void> {
    const { everyMs } = this.#options.settings;
    await this.#pause(Math.random() * Math.min(everyMs, maxFirstWaitMs));
    while (!this.#closing.signal.aborted) {
      const begun = performance.now();
      this.#looking ??= this.#look().finally(() => {
        this.#looking = undefined;
      });
      const hasEnded = await Promise.race([
        this.#looking.then(() => true),
        this.#pause(Math.min(maxLookMs, everyMs * 2)).then(() => false),
      ]);
      if (this.#closing.signal.aborted) break;
      const isNews = this.#judgeBigQuery();
      // Until a look has ended, only some of its alerts are stored: they are to be told together.
      if (hasEnded || isNews) for (const receiver of this.#receivers) receiver.wake();
      await this.#pause(everyMs - (performance.now() - begun));
    }
  }

  /** Within two seconds. What is not sent by then, another replica sends, or this one after its next start. */
  async stop(): Promise<void> {
    this.#closing.abort();
    await Promise.all(this.#receivers.map((receiver) => receiver.stop(stopMs)));
  }

  /** A relay does not stop because nobody hears its alerts. */
  #openReceivers(): Receiver[] {
    const { relay, settings, environment, log } = this.#options;
    const { consoleUrl, receivers } = settings;
    return receivers.flatMap((receiver) => {
      const url = environment[receiver.name] ?? '';
      const problem = receiverUrlProblem(url);
      if (problem !== undefined) {
        const message = `the alert receiver gets nothing: ${receiver.name} ${problem}`;
        log({ severity: 'ERROR', message, receiver: receiver.name });
        return [];
      }
      return new Receiver({
        relay,
        settings: receiver,
        url,
        store: this.#store,
        log,
        ...(consoleUrl !== undefined && { consoleUrl }),
        now: () => this.#facts.now,
        localAlert: () => this.#bigqueryAway,
      });
    });
  }

  async #look(): Promise<void> {
    const { relay, bigquery, settings, log } = this.#options;
    const [store, receivers] = [this.#store, this.#receivers.map(({ name }) => name)];
    try {
      const facts = await this.#facts.read();
      await updateAlerts(facts, { relay, bigquery, settings, store, log, receivers });
      this.#lastProblem = undefined;
    } catch (error) {
      this.#facts.failed();
      this.#report((error as Error).message);
    }
  }

  /** Once, until it is over or another one. */
  #report(cause: string): void {
    if (this.#lastProblem === cause || this.#closing.signal.aborted) return;
    this.#lastProblem = cause;
    const message = 'the alerts could not be looked at; trying again';
    this.#options.log({ severity: 'WARNING', message, cause });
  }

  /** BigQuery away can't be stored in BigQuery: each replica says it for itself. @returns whether that changed */
  #judgeBigQuery(): boolean {
    const { settings, log } = this.#options;
    const { bigqueryAwayMs } = settings;
    if (bigqueryAwayMs === false) return false;
    const before = this.#bigqueryAway;
    const isFiring = this.#facts.unansweredMs >= bigqueryAwayMs;
    if (isFiring === (before?.isFiring ?? false)) return false;
    const { now } = this.#facts;
    this.#bigqueryAway = {
      id: 'bigquery-away/',
      condition: 'bigquery-away',
      isFiring,
      changeId: `${now}/${isFiring}`,
      reason: 'deliveries wait in Pub/Sub, and other alerts can not be looked at meanwhile',
      count: 1,
      firedAt: isFiring ? now : (before?.firedAt ?? now),
      since: now,
    };
    logAlerts(log, [this.#bigqueryAway], isFiring);
    return true;
  }

  async #pause(ms: number): Promise<void> {
    const { signal } = this.#closing;
    await sleep(Math.max(0, ms), undefined, { signal, ref: false }).catch(() => {});
  }
}
