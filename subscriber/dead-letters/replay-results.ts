import type { Row, TableLayout } from '../../shared/columns.ts';
import type { Relay } from '../../shared/config/config.ts';
import { replayAttribute, replayedMessageAttribute } from '../../shared/envelope.ts';
import type { PulledMessage } from '../pull/subscription.ts';
import { type RowTable, writeRow } from '../rows/row-writer.ts';
import { combineResults, type Problem, type WriteResult } from '../rows/write-result.ts';

/** The table beside that of the dead letters that says what became of each replay. */
export function replaysTable(relay: Relay): Relay['deadLetters'] {
  return `${relay.deadLetters}_replays`;
}

export const replayLayout: TableLayout = {
  columns: [
    { name: 'message_id', type: 'STRING', description: 'Of the dead letter that was replayed' },
    { name: 'delivery_id', type: 'STRING' },
    { name: 'stream', type: 'STRING' },
    {
      name: 'replay',
      type: 'INT64',
      description: 'Which replay of the dead letter it was, from 1',
    },
    { name: 'replayed_at', type: 'TIMESTAMP', description: 'When the result was known' },
    {
      name: 'result',
      type: 'STRING',
      description: 'written; written in part, or dead letter: then there is a new dead letter',
    },
    { name: 'reason', type: 'STRING', description: 'Why it is not written, or not whole' },
  ],
  partitionBy: { column: 'replayed_at', by: 'DAY' },
  clusterBy: ['message_id'],
  description: 'What became of dead letters that were replayed',
};

/** Records what became of replayed dead letters, before their messages are acked. */
export class ReplayResults {
  readonly #open: () => Promise<RowTable>;

  constructor(open: () => Promise<RowTable>) {
    this.#open = open;
  }

  static isReplay({ attributes }: Pick<PulledMessage, 'attributes'>): boolean {
    return attributes[replayedMessageAttribute] !== undefined;
  }

  /** @returns `written` or `nacked` */
  async write(
    messages: readonly PulledMessage[],
    kind: 'written' | 'invalid',
    problem?: Problem,
  ): Promise<WriteResult> {
    const result = problem ? (kind === 'written' ? 'written in part' : 'dead letter') : 'written';
    try {
      const table = await this.#open();
      const rows = messages.map((message) => rowOf(message, result, problem?.reason));
      const results = await Promise.all(rows.map((row) => writeRow(table, row)));
      const combined = combineResults(results.map((one) => ({ result: one })));
      // Its columns fit: what BigQuery refuses now, it may take later.
      if (combined.kind !== 'invalid') return combined;
      return { kind: 'nacked', reason: combined.problem.reason };
    } catch (error) {
      return { kind: 'nacked', reason: (error as Error).message };
    }
  }
}

const maxTextLength = 2000;

function rowOf({ attributes }: PulledMessage, result: string, reason?: string): Row {
  const text = (value: string | undefined) =>
    value?.toWellFormed().slice(0, maxTextLength).toWellFormed() ?? null;
  const replay = Number(attributes[replayAttribute]);
  return {
    message_id: text(attributes[replayedMessageAttribute]),
    delivery_id: text(attributes['delivery_id']),
    stream: text(attributes['stream']),
    replay: Number.isSafeInteger(replay) ? replay : null,
    replayed_at: new Date().toISOString(),
    result,
    reason: text(reason),
  };
}
