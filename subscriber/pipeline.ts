import { type Envelope, readEnvelope } from '../shared/envelope.ts';
import { edgeReportStream } from '../shared/report/edge-report.ts';
import {
  DeadLetterWriter,
  type DeadLetterWriterOptions,
} from './dead-letters/dead-letter-writer.ts';
import { ReplayResults } from './dead-letters/replay-results.ts';
import type { CountedInFlight } from './ledger/settled/in-flight-gauge.ts';
import type { Settlements } from './ledger/settled/settlements.ts';
import type { InFlightLimit } from './pull/in-flight-limit.ts';
import { RecentIds } from './pull/redeliveries.ts';
import type { PulledMessage } from './pull/subscription.ts';
import { DeliveryWriter, type DeliveryWriterOptions } from './rows/delivery-writer.ts';
import { invalid, type Problem, rowsOf, type WriteResult } from './rows/write-result.ts';
import type { DeliveryInFlight } from './service/health.ts';
import { type Metrics, noMetrics } from './service/metrics.ts';
import type { DeliveryTrace } from './traces/delivery-trace.ts';
import type { Traces } from './traces/traces.ts';

export interface PipelineOptions
  extends Omit<DeliveryWriterOptions, 'written' | 'writtenInPart'>,
    Omit<DeadLetterWriterOptions, 'stored'> {
  inFlight: Pick<InFlightLimit, 'add' | 'remove'>;
  replays: Pick<ReplayResults, 'write'>;
  /** Absent where no traces are exported. */
  traces?: Pick<Traces, 'begin'> | undefined;
  /** Counts what becomes of each delivery. */
  settlements?: Pick<Settlements, 'settle' | 'addRows'>;
}

/**
 * How many written ids are remembered: minutes at a thousand deliveries a second, and at most 30 MB. What
 * Pub/Sub delivers again later becomes a second row, unless its table has a key.
 */
const rememberedIds = 100_000;

/**
 * The way of a message: read the envelope, recognize a redelivery, write the delivery's rows, store a dead
 * letter where something did not fit, then ack; or nack what is not written.
 */
export class Pipeline {
  readonly #options: PipelineOptions;
  readonly #metrics: Metrics;
  readonly #deliveries: DeliveryWriter;
  readonly #deadLetters: DeadLetterWriter;
  readonly #written = new RecentIds(rememberedIds);
  readonly #writtenInPart = new RecentIds(rememberedIds);
  /** The unsettled messages of each delivery that is being written: the first one and its duplicates. */
  readonly #pending = new Map<string, PulledMessage[]>();
  #pulled = 0;
  #acked = 0;
  #nacked = 0;

  constructor(options: PipelineOptions) {
    this.#options = options;
    this.#metrics = options.metrics ?? noMetrics;
    const [written, writtenInPart] = [this.#written, this.#writtenInPart];
    this.#deliveries = new DeliveryWriter({ ...options, written, writtenInPart });
    this.#deadLetters = new DeadLetterWriter({ ...options, stored: written });
  }

  /** How many messages were pulled since the start. */
  get pulled(): number {
    return this.#pulled;
  }

  get acked(): number {
    return this.#acked;
  }

  get nacked(): number {
    return this.#nacked;
  }

  /** When the edge received the oldest of the messages in flight, in Unix milliseconds; undefined without one. */
  get oldestReceivedAt(): number | undefined {
    let oldest: number | undefined;
    for (const [message] of this.#pending.values()) {
      const receivedAt = Date.parse(message?.attributes['received_at'] ?? '');
      if (oldest === undefined || receivedAt < oldest) oldest = receivedAt || undefined;
    }
    return oldest;
  }

  /** The deliveries whose messages are in flight. */
  *inFlight(): Iterable<CountedInFlight> {
    for (const [id, [message]] of this.#pending) {
      const { stream, received_at } = message?.attributes ?? {};
      const receivedAt = Date.parse(received_at ?? '');
      if (!stream || stream === edgeReportStream || Number.isNaN(receivedAt)) continue;
      yield { id, stream, receivedAt };
    }
  }

  /** A delivery that is in flight, for a person who asks where it is. */
  find(deliveryId: string): DeliveryInFlight | undefined {
    const messages = this.#pending.get(deliveryId);
    const [first] = messages ?? [];
    // Its rows may still be written after its messages were nacked.
    if (!messages || !first) return undefined;
    const { stream = '', received_at = '', replay } = first.attributes as Record<string, string>;
    return {
      ...{ deliveryId, stream, receivedAt: received_at, messages: messages.length },
      since: new Date(first.received ?? Date.now()).toISOString(),
      ...(replay !== undefined && { replay: Number(replay) }),
    };
  }

  /** Acks or nacks the message. Never rejects: the lease of a message that is neither is extended for ever. */
  handle(message: PulledMessage): Promise<void> {
    this.#pulled++;
    this.#options.inFlight.add(message.data.length);
    const begunAt = this.#metrics.now();
    const reading = readEnvelope(message.attributes, message.data);
    const handled = { begunAt, ...(reading.ok && { envelope: reading.envelope }) };
    const id = reading.ok ? reading.envelope.deliveryId : unreadableId(message);
    const messages = this.#pending.get(id);
    if (messages) messages.push(message);
    else if (this.#written.has(id)) {
      if (ReplayResults.isReplay(message)) {
        return this.#settle(id, message, { kind: 'written', rows: 0 }, handled);
      }
      this.#ack([message]);
    } else {
      const trace = this.#options.traces?.begin(message, handled.envelope?.receivedAt);
      const result = reading.ok
        ? this.#deliveries.write(reading.envelope, trace)
        : invalid({ reason: reading.problem });
      return this.#settle(id, message, result, { ...handled, trace });
    }
    return Promise.resolve();
  }

  /**
   * Settles a message and its duplicates by their delivery's result. A nacked delivery whose rows may still be
   * written stays pending until that is known: a duplicate that arrives meanwhile is not written again.
   */
  async #settle(
    id: string,
    message: PulledMessage,
    pending: WriteResult | Promise<WriteResult>,
    { begunAt, envelope, trace }: Handled,
  ): Promise<void> {
    const { settlements } = this.#options;
    const messages = [message];
    this.#pending.set(id, messages);
    let result = await pending;
    let rows = rowsOf(result);
    const hasNoRow = result.kind === 'written' && result.hasNoRow === true;
    let letter: Letter | undefined;
    let isRecorded = false;
    for (;;) {
      if (result.kind === 'nacked') {
        this.#nack(messages);
        this.#metrics.processed(begunAt, true);
        trace?.end('nacked');
        if (envelope) settlements?.addRows(envelope, rows);
        if (!result.later) break;
        result = await result.later;
        rows = rowsOf(result);
      } else if (result.problem) {
        letter = { kind: result.kind, problem: result.problem };
        // The row is there whether or not its dead letter can be stored: it must not be written again.
        if (result.kind === 'written') {
          this.#writtenInPart.add(id);
          this.#metrics.written(message.attributes, envelope?.receivedAt);
        }
        const { column } = result.problem;
        const endSpan = trace?.begin('dead letter', { 'tributary.column': column });
        result = await this.#deadLetters.write(messages, result.kind, result.problem);
        endSpan?.(result.kind === 'nacked' ? 'nacked' : undefined);
      } else if (!isRecorded && messages.some(ReplayResults.isReplay)) {
        // If the result can't be stored, the message comes again, and its row must stay single.
        if (!letter) this.#written.add(id);
        isRecorded = true;
        result = await this.#recordReplay(messages, letter);
      } else {
        const outcome = outcomeOf(letter);
        const { attributes } = message;
        const stored =
          envelope && settlements?.settle({ envelope, attributes, outcome, rows, hasNoRow });
        // It would leave no trace.
        if (stored && !(await stored)) {
          result = { kind: 'nacked', reason: 'the ledger takes no rows' };
          rows = 0;
          continue;
        }
        // None is left where all were nacked before their rows were written.
        if (messages.length > 0) this.#metrics.processed(begunAt, false);
        this.#ack(messages);
        trace?.end(outcome);
        // A report of the edge is no delivery.
        if (!letter && envelope?.stream !== edgeReportStream) {
          this.#metrics.written(message.attributes, envelope?.receivedAt);
        }
        // A delivery with a dead letter must be written again when it is replayed.
        if (!letter) this.#written.add(id);
        break;
      }
    }
    this.#pending.delete(id);
  }

  #recordReplay(
    messages: readonly PulledMessage[],
    letter: Letter | undefined,
  ): Promise<WriteResult> {
    const replays = messages.filter(ReplayResults.isReplay);
    return this.#options.replays.write(replays, letter?.kind ?? 'written', letter?.problem);
  }

  #ack(messages: readonly PulledMessage[]): void {
    for (const message of messages) {
      message.ack();
      this.#acked++;
      this.#options.inFlight.remove(message.data.length);
    }
  }

  /** Pub/Sub delivers them again after a delay that grows, by the subscription's retry policy. */
  #nack(messages: PulledMessage[]): void {
    for (const message of messages.splice(0)) {
      message.nack();
      this.#nacked++;
      this.#options.inFlight.remove(message.data.length);
    }
  }
}

interface Handled {
  /** By the clock of the metrics. */
  begunAt: number;
  /** Absent for a message that is none. */
  envelope?: Envelope;
  /** If it is sampled. */
  trace?: DeliveryTrace | undefined;
}

interface Letter {
  kind: 'written' | 'invalid';
  problem: Problem;
}

function outcomeOf(letter: Letter | undefined) {
  if (!letter) return 'written';
  return letter.kind === 'written' ? 'written in part' : 'dead letter';
}

/** No delivery's id begins with a slash. */
function unreadableId({ id }: PulledMessage): string {
  return `/${id}`;
}
