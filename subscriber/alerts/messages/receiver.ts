import { setTimeout as sleep } from 'node:timers/promises';
import type { Relay } from '../../../shared/config/config.ts';
import type { Log } from '../../log.ts';
import type { ReceiverSettings } from '../settings.ts';
import type { AlertStore } from '../state/alert-store.ts';
import type { StoredAlert, StoredReceiver, StoredState } from '../state/alert-table.ts';
import { type AlertChange, type AlertMessage, makeMessage } from './message.ts';
import { type Answer, type PostOptions, postMessage } from './post-message.ts';

/** An alert that is in no table, because BigQuery does not answer: each replica has its own. */
export interface LocalAlert extends AlertChange {
  changeId: string;
}

export interface ReceiverOptions {
  relay: Relay;
  settings: ReceiverSettings;
  url: string;
  store: AlertStore;
  log: Log;
  consoleUrl?: string;
  /** BigQuery's clock. */
  now: () => number;
  localAlert: () => LocalAlert | undefined;
  /** How long one try may take. */
  timeoutMs?: number;
  random?: () => number;
  /** What posts a message. */
  post?: (message: AlertMessage, options: PostOptions) => Promise<Answer>;
}

/** What is to be sent, made anew for each try: the newest state wins. */
interface Pending {
  message: AlertMessage;
  changeIds: string[];
  isHeartbeat: boolean;
  local?: LocalAlert;
}

const minWaitMs = 250;
const firstWaitMs = 2000;
const maxWaitMs = 600_000;
/** After BigQuery did not answer. */
const storeWaitMs = 3000;
/** Beyond the try itself: the statement that ends the claim. */
const claimMarginMs = 30_000;
const defaultTimeoutMs = 10_000;

/** Sends to one receiver what it does not know yet. A receiver that hangs holds up no other one. */
export class Receiver {
  readonly #options: ReceiverOptions;
  readonly #closing = new AbortController();
  #failures = 0;
  #isFailing = false;
  #toldLocally: string | undefined;
  /** Until then this replica does not try. */
  #nextTryAt = 0;
  #running: Promise<void> | undefined;
  #isStopped = false;
  #retry: NodeJS.Timeout | undefined;

  constructor(options: ReceiverOptions) {
    this.#options = options;
  }

  get name(): string {
    return this.#options.settings.name;
  }

  /** Sends what is pending, unless that goes on already, or the receiver is to be left alone for a while. */
  wake(): void {
    if (this.#running || !this.#mayTry) return;
    this.#running = this.#sendAll()
      .catch(() => {
        // BigQuery does not answer. A claim that it gave meanwhile may be taken again.
        this.#nextTryAt = Math.max(this.#nextTryAt, performance.now() + storeWaitMs);
      })
      .finally(() => {
        this.#running = undefined;
        this.#retryLater();
      });
  }

  /** Unless the next look at the conditions is soon enough. */
  #retryLater(): void {
    const waitMs = this.#nextTryAt - performance.now();
    if ((this.#failures === 0 && waitMs <= 0) || this.#isStopped) return;
    clearTimeout(this.#retry);
    // Not at once: while another replica holds the claim, each try asks BigQuery twice.
    this.#retry = setTimeout(() => this.wake(), Math.max(minWaitMs, waitMs + 1)).unref();
  }

  /** Lets a message that is on its way arrive for so long; nothing else begins. */
  async stop(graceMs: number): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#retry);
    const grace = new AbortController();
    const late = sleep(graceMs, undefined, { signal: grace.signal }).catch(() => {});
    await Promise.race([this.#running, late]);
    grace.abort();
    this.#closing.abort();
  }

  get #mayTry(): boolean {
    return !this.#isStopped && performance.now() >= this.#nextTryAt;
  }

  async #sendAll(): Promise<void> {
    while (this.#mayTry && (await this.#sendLocal())) {
      // Then what the table has.
    }
    while (this.#mayTry && (await this.#sendStored())) {
      // More may have changed meanwhile.
    }
  }

  /** @returns whether something was sent */
  async #sendLocal(): Promise<boolean> {
    const alert = this.#options.localAlert();
    if (!alert || alert.changeId === this.#toldLocally || this.#options.settings.streams)
      return false;
    const message = this.#makeMessage('alerts', [alert], alert.isFiring ? 1 : 0);
    const answer = await this.#post(message);
    if (answer.isTaken) {
      this.#toldLocally = alert.changeId;
      this.#succeeded();
    } else this.#failed(answer);
    return answer.isTaken;
  }

  /** The claim keeps other replicas from sending the same. After a kill it ends by itself, and it is sent again. */
  async #sendStored(): Promise<boolean> {
    const { store, timeoutMs = defaultTimeoutMs } = this.#options;
    if (!this.#pendingOf(await store.read())) return false;
    if (!(await store.receivers.claim(this.name, timeoutMs + claimMarginMs))) return false;
    // Another replica may have sent it before the claim.
    const pending = this.#pendingOf(await store.read());
    if (!pending) {
      await store.receivers.release(this.name);
      return false;
    }
    const answer = await this.#post(pending.message);
    if (!answer.isTaken) {
      const waitMs = this.#failed(answer);
      await store.receivers.failed(this.name, answer.text, waitMs);
      return false;
    }
    const { changeIds, isHeartbeat } = pending;
    await store.receivers.told(this.name, changeIds, { isHeartbeat, answer: answer.text });
    this.#succeeded();
    return true;
  }

  /** Changes first; a heartbeat when there are none. */
  #pendingOf({ alerts, receivers }: StoredState): Pending | undefined {
    const receiver = receivers.get(this.name);
    if (!receiver) return undefined;
    const own = [...alerts.values()].filter((alert) => this.#isMeant(alert));
    const changes = own.filter((alert) => this.#isNews(alert, receiver));
    const firing = own.filter(({ isFiring }) => isFiring).length;
    if (changes.length > 0) {
      const message = this.#makeMessage('alerts', changes, firing);
      return { message, changeIds: changes.map(({ changeId }) => changeId), isHeartbeat: false };
    }
    if (!this.#isHeartbeatDue(receiver)) return undefined;
    const all = own.filter(({ isFiring }) => isFiring);
    return {
      message: this.#makeMessage('heartbeat', all, firing),
      changeIds: [],
      isHeartbeat: true,
    };
  }

  #isMeant({ stream }: StoredAlert): boolean {
    const { streams } = this.#options.settings;
    return streams === undefined || (stream !== undefined && streams.has(stream));
  }

  /** What was cleared before the receiver was configured is no news. */
  #isNews({ isFiring, since, told }: StoredAlert, { knownSince }: StoredReceiver): boolean {
    return !told.has(this.name) && (isFiring || since >= knownSince);
  }

  #isHeartbeatDue({ heartbeatAt }: StoredReceiver): boolean {
    const { heartbeatMs } = this.#options.settings;
    if (heartbeatMs === undefined) return false;
    return heartbeatAt === undefined || this.#options.now() - heartbeatAt >= heartbeatMs;
  }

  #makeMessage(
    kind: AlertMessage['kind'],
    changes: readonly AlertChange[],
    firing: number,
  ): AlertMessage {
    const { relay, consoleUrl, now } = this.#options;
    const content = { kind, changes, firing, now: now() };
    return makeMessage(relay, consoleUrl === undefined ? content : { ...content, consoleUrl });
  }

  async #post(message: AlertMessage): Promise<Answer> {
    const { url, settings, post = postMessage, timeoutMs = defaultTimeoutMs } = this.#options;
    const { format } = settings;
    return await post(message, { url, format, timeoutMs, signal: this.#closing.signal });
  }

  #succeeded(): void {
    this.#failures = 0;
    if (!this.#isFailing) return;
    this.#isFailing = false;
    const message = 'the alert receiver takes messages again';
    this.#options.log({ severity: 'INFO', message, receiver: this.name });
  }

  /** Full jitter: replicas that fail together do not come back together. */
  #failed({ text, retryAfterMs }: Answer): number {
    const { random = Math.random, log } = this.#options;
    const backoffMs = random() * Math.min(maxWaitMs, firstWaitMs * 2 ** this.#failures);
    const waitMs = Math.max(minWaitMs, retryAfterMs ?? backoffMs);
    this.#failures = Math.min(this.#failures + 1, 30);
    // A stop is no failure of the receiver.
    if (!this.#isFailing && !this.#closing.signal.aborted) {
      this.#isFailing = true;
      const message = 'the alert receiver does not take messages; trying again';
      log({ severity: 'WARNING', message, receiver: this.name, answer: text });
    }
    this.#nextTryAt = Math.max(this.#nextTryAt, performance.now() + waitMs);
    return waitMs;
  }
}
