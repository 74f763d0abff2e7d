import type { Log } from '../log.ts';
import type { RecentIds } from '../pull/redeliveries.ts';
import type { PulledMessage } from '../pull/subscription.ts';
import type { Problem, Queue, WriteResult } from '../rows/write-result.ts';
import { type Metrics, noMetrics } from '../service/metrics.ts';
import type { DeadLetter } from './dead-letter-rows.ts';

export interface DeadLetterWriterOptions {
  deadLetters: Pick<Queue<DeadLetter>, 'write'>;
  log: Log;
  metrics?: Metrics;
  /** Ids of dead letters that were stored recently. */
  stored: RecentIds;
}

/** Makes the dead letter of a message, stores it once, and logs it. */
export class DeadLetterWriter {
  readonly #options: DeadLetterWriterOptions;

  constructor(options: DeadLetterWriterOptions) {
    this.#options = options;
  }

  /**
   * @param messages a message and its duplicates; none if all were nacked, then the next one's letter is stored
   * @param kind `written` for a delivery that is written in part
   */
  async write(
    [message]: readonly PulledMessage[],
    kind: 'written' | 'invalid',
    { reason, column }: Problem,
  ): Promise<WriteResult> {
    if (!message) return { kind: 'nacked', reason };
    const { id: messageId, attributes, data } = message;
    // By the message, not by the delivery: a replayed delivery is another message, and may fail again.
    const id = `${messageId}/dead`;
    const { deadLetters, log, metrics = noMetrics, stored } = this.#options;
    if (stored.has(id)) return { kind: 'written' };
    const writtenInPart = kind === 'written';
    const problem = { reason, ...(column && { column }) };
    const result = await deadLetters.write({
      messageId,
      attributes,
      data,
      writtenInPart,
      ...problem,
    });
    const isStored = result.kind === 'written';
    if (isStored) {
      stored.add(id);
      metrics.deadLetter(attributes, {
        isInPart: writtenInPart,
        hasColumn: column !== undefined,
      });
    }
    log({
      severity: writtenInPart ? 'WARNING' : 'ERROR',
      message: isStored
        ? writtenInPart
          ? 'written in part'
          : 'dead letter'
        : 'dead letter not stored',
      stream: attributes['stream'],
      delivery_id: attributes['delivery_id'],
      traceparent: attributes['traceparent'],
      reason,
      column,
      ...(result.kind === 'nacked' && { cause: result.reason }),
    });
    return result;
  }
}
