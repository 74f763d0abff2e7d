import type { Relay } from '../../shared/config/config.ts';
import { sampleExport } from '../absmartly/sample-export.ts';
import type { Answer } from './send.ts';
import type { Tables } from './tables.ts';
import type { WatchedTable } from './watch.ts';

export interface StreamCounts {
  sent: number;
  accepted: number;
  filtered: number;
  rejected: number;
  /** Counted in the table. */
  rows: number;
}

/** The column that holds the delivery's id, in the tables whose rows are deliveries. */
const idColumns: Record<string, string> = { datanostro: 'delivery_id', crm: 'hit_id' };

export function tableOf(relay: Relay, stream: string): string {
  return relay.streams.get(stream)?.table ?? '';
}

/** The tables whose rows are deliveries. */
export function rowTables(relay: Relay): WatchedTable[] {
  return Object.entries(idColumns).map(([stream, idColumn]) => ({
    table: tableOf(relay, stream),
    idColumn,
  }));
}

/** Compares the tables with the edge's responses. */
export class Audit {
  /** The number of rows in all accepted exports. An export that was announced twice counts once. */
  readonly expectedExportRows: number;
  readonly #relay: Relay;
  readonly #tables: Tables;
  readonly #answers: readonly Answer[];

  constructor(relay: Relay, tables: Tables, answers: readonly Answer[]) {
    this.#relay = relay;
    this.#tables = tables;
    this.#answers = answers;
    this.expectedExportRows = countExportRows(answers);
  }

  async countStreams(): Promise<Record<string, StreamCounts>> {
    const counts: Record<string, StreamCounts> = {};
    for (const { name, table } of this.#relay.streams.values()) {
      const own = this.#answers.filter((answer) => answer.delivery.stream === name);
      const count = (outcome: Answer['outcome']) =>
        own.filter((answer) => answer.outcome === outcome).length;
      counts[name] = {
        sent: own.length,
        accepted: count('accepted'),
        filtered: count('filtered'),
        rejected: count('rejected'),
        rows: await this.#tables.count(table),
      };
    }
    return counts;
  }

  /** All differences, in words. */
  async findProblems(): Promise<string[]> {
    const problems = this.#answers
      .filter((answer) => answer.outcome !== answer.delivery.expected)
      .map(
        ({ delivery, outcome, status }) =>
          `${delivery.stream}: a delivery that should be ${delivery.expected} was ${outcome} (${status})`,
      );
    for (const [stream, idColumn] of Object.entries(idColumns)) {
      problems.push(...(await this.#compareIds(stream, idColumn)));
    }
    const exportRows = await this.#tables.count(tableOf(this.#relay, 'absmartly'));
    const letters = await this.#tables.count(this.#relay.deadLetters);
    return [
      ...problems,
      ...compareCount('absmartly', exportRows, this.expectedExportRows),
      ...compareCount('dead letters', letters, 0),
    ];
  }

  /** Checks that each accepted delivery is exactly one row, and that there are no other rows. */
  async #compareIds(stream: string, idColumn: string): Promise<string[]> {
    const table = tableOf(this.#relay, stream);
    const accepted = new Set(
      this.#answers.flatMap(({ delivery, deliveryId }) =>
        delivery.stream === stream && deliveryId ? [deliveryId] : [],
      ),
    );
    const ids = await this.#tables.values(table, idColumn);
    const missing = accepted.difference(new Set(ids)).size;
    const extra = new Set(ids).difference(accepted).size;
    const duplicates = ids.length - new Set(ids).size;
    return [
      ...(missing > 0 ? [`${stream}: ${missing} accepted deliveries are not in ${table}`] : []),
      ...(extra > 0 ? [`${stream}: ${extra} rows of ${table} are not accepted deliveries`] : []),
      ...(duplicates > 0 ? [`${stream}: ${duplicates} rows of ${table} are duplicates`] : []),
    ];
  }
}

function countExportRows(answers: readonly Answer[]): number {
  const announced = new Map<string, number>();
  for (const { delivery, outcome } of answers) {
    if (outcome !== 'accepted' || !delivery.announces) continue;
    const { exportId, experimentId } = delivery.announces;
    const { files } = sampleExport(exportId, experimentId);
    const rows = files.reduce((sum, file) => sum + file.rows, 0);
    announced.set(`${exportId} ${experimentId}`, rows);
  }
  return [...announced.values()].reduce((sum, rows) => sum + rows, 0);
}

function compareCount(what: string, rows: number, expected: number): string[] {
  return rows === expected ? [] : [`${what}: ${rows} rows where ${expected} were expected`];
}
