import type { Relay } from '../../shared/config/config.ts';
import { edgeReportStream, writeReport } from '../../shared/report/edge-report.ts';
import type { Endpoint } from '../endpoint.ts';
import { type Bindings, readSecret } from '../env.ts';
import { isTaken, type Outcome } from '../outcome.ts';
import { toMessageText } from '../publish/message.ts';
import { publish, type Topic } from '../publish/publish.ts';
import { newDeliveryId, randomHex } from '../receive/delivery-id.ts';
import { Census } from './census.ts';
import { LedgerCounts } from './ledger.ts';
import { factsOf, writeLog } from './log.ts';
import { type RefusedRequest, RefusedSamples, samplesOfEach } from './refused.ts';

export interface ReportOptions {
  topic: Topic;
  now: () => number;
  endpoints: ReadonlyMap<string, Endpoint>;
  /** The shortest time between two reports of the isolate. */
  everyMs: number;
}

/** The first report after a quiet time comes sooner: the last delivery of a burst must not wait long. */
const firstAfterMs = 1000;

/** Nobody waits for it, but waitUntil() ends after 30 s. */
const publishBudgetMs = 10_000;

/** A cancelled request never publishes. Some time after it should have, another request may. */
const overdueMs = publishBudgetMs + 5000;

/**
 * What this isolate counted and refused. One message at most every `everyMs`, in the background of a request: an
 * isolate that ends takes with it what it has not reported.
 */
export class EdgeReports {
  readonly #relay: Relay;
  readonly #options: ReportOptions;
  readonly #ledger = new LedgerCounts();
  readonly #census = new Census();
  readonly #refused: RefusedSamples;
  /** The text of a report that Pub/Sub did not acknowledge. It may be stored, so it is sent again as it is. */
  #unacknowledged: string | undefined;
  #isolate = '';
  #dueAt: number | undefined;
  #lastAt = Number.NEGATIVE_INFINITY;

  constructor(relay: Relay, options: ReportOptions) {
    this.#relay = relay;
    this.#options = options;
    this.#refused = new RefusedSamples(options.endpoints);
  }

  /** Counts a delivery, whatever became of it. Called for each one, so it must cost nothing. */
  add(outcome: Outcome, seen: RefusedRequest): void {
    const { outcome: name, facts, dropped } = outcome;
    const { receivedAt, endpoint } = seen;
    const stream = endpoint?.stream.name ?? '';
    const isAccepted = name === 'accepted';
    const cause = isAccepted && facts?.overflow ? 'overflow' : facts?.cause;
    const cell = this.#ledger.add(receivedAt, stream, name, cause);
    if (dropped) this.#census.add(stream, dropped, receivedAt);
    if (isTaken(outcome)) return;
    if (cell && cell.samples < samplesOfEach) {
      cell.samples++;
      this.#refused.add(outcome, seen, this.#relay.refused.bodyBytes);
    }
  }

  /** Has the next report published in the background of this request, unless another request does. */
  schedule(now: number, env: Bindings, context: Pick<ExecutionContext, 'waitUntil'>): void {
    if (this.#dueAt !== undefined && now <= this.#dueAt + overdueMs) return;
    const { everyMs } = this.#options;
    const waitMs = Math.max(Math.min(firstAfterMs, everyMs), this.#lastAt + everyMs - now);
    this.#dueAt = now + waitMs;
    context.waitUntil(this.#publishAfter(waitMs, env));
  }

  /** Never rejects. */
  async #publishAfter(waitMs: number, env: Bindings): Promise<void> {
    await scheduler.wait(waitMs);
    try {
      // What was not acknowledged, then what has been counted since.
      const isSent = this.#unacknowledged === undefined || (await this.#publish(env));
      if (isSent && (await this.#make(env))) await this.#publish(env);
    } catch (error) {
      writeLog({ outcome: 'report-delayed', ...factsOf(error) });
    }
    this.#lastAt = this.#options.now();
    this.#dueAt = undefined;
  }

  async #publish(env: Bindings): Promise<boolean> {
    const text = this.#unacknowledged;
    if (text === undefined) return true;
    const { ok, ...facts } = await publish([text], this.#options.topic(env), publishBudgetMs);
    if (ok && this.#unacknowledged === text) this.#unacknowledged = undefined;
    if (!ok) writeLog({ outcome: 'report-delayed', ...facts });
    return ok;
  }

  /** Moves the counts into a message. Without an await between: a cancelled request must not take them with it. */
  async #make(env: Bindings): Promise<boolean> {
    const secretOf = (name: string) => readSecret(env, name);
    await this.#refused.explain(secretOf);
    if (this.#ledger.isEmpty || this.#unacknowledged !== undefined) return false;
    const { counts: ledger, uncounted } = this.#ledger.take();
    this.#isolate ||= randomHex(8);
    const report = {
      isolate: this.#isolate,
      ledger,
      census: this.#census.take(),
      refused: this.#refused.take(secretOf),
    };
    const now = this.#options.now();
    const attributes = {
      stream: edgeReportStream,
      delivery_id: newDeliveryId(now),
      received_at: new Date(now).toISOString(),
    };
    this.#unacknowledged = toMessageText({ attributes, data: writeReport(report) });
    if (uncounted > 0) {
      const problem = `${uncounted} deliveries are in no count: Pub/Sub has taken no report for too long`;
      writeLog({ outcome: 'report-cut', problem });
    }
    return true;
  }
}
