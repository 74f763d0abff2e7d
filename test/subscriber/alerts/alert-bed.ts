import { randomUUID } from 'node:crypto';
import type { BigQuery } from '@google-cloud/bigquery';
import type { AlertOptions } from '../../../shared/config/alert-options.ts';
import type { Relay } from '../../../shared/config/config.ts';
import { defineRelay } from '../../../shared/config/define-relay.ts';
import { freshnessBucket, ledgerLayout } from '../../../shared/report/ledger.ts';
import { refusedLayout } from '../../../shared/report/refused.ts';
import { generic } from '../../../shared/sources/generic.ts';
import { ensureTable } from '../../../subscriber/bigquery/tables/ensure-table.ts';
import { deadLetterLayout } from '../../../subscriber/dead-letters/dead-letter-rows.ts';
import { replayLayout } from '../../../subscriber/dead-letters/replay-results.ts';

/** What the edge or the subscriber would report. */
export interface LedgerRow {
  stream: string;
  /** How many minutes ago; the begun one by default. */
  minutesAgo?: number;
  side?: 'edge' | 'subscriber';
  outcome?: string;
  cause?: string;
  deliveries: number;
  /** The freshness of all of them. */
  freshnessMs?: number;
  reportId?: string;
}

export interface LetterRow {
  stream: string;
  secondsAgo?: number;
  reason?: string;
  column?: string;
  deliveryId?: string;
}

/** A relay of streams, in a dataset of its own, so that tests share a server. */
export function alertRelay(
  dataset: string,
  alerts: AlertOptions,
  names: readonly string[] = ['orders', 'crm'],
): Relay {
  const stream = generic({
    scheme: 'endpoint-key',
    table: `${dataset}.rows`,
    columns: { amount: { type: 'INT64', from: '$.amount' } },
  });
  return defineRelay({
    project: 'test-project',
    deadLetters: `${dataset}.dead_letters`,
    alerts,
    streams: Object.fromEntries(names.map((name) => [name, stream])),
  });
}

/** Fills the tables that the alerts look at. */
export class AlertTables {
  readonly #bigquery: BigQuery;
  readonly dataset: string;

  constructor(bigquery: BigQuery, dataset: string) {
    this.#bigquery = bigquery;
    this.dataset = dataset;
  }

  async create(): Promise<void> {
    const tables = {
      ledger: ledgerLayout,
      dead_letters: deadLetterLayout,
      dead_letters_replays: replayLayout,
      refused: refusedLayout,
    };
    for (const [table, layout] of Object.entries(tables)) {
      await ensureTable(this.#bigquery, { dataset: this.dataset, table }, layout);
    }
  }

  async report(rows: readonly LedgerRow[]): Promise<void> {
    await this.#insert(
      'ledger',
      '(minute, stream, side, outcome, cause, deliveries, freshness, report_id)',
      rows.map((row) => {
        const { side = 'edge', outcome = 'accepted', cause, minutesAgo = 0, freshnessMs } = row;
        const bucket = freshnessMs === undefined ? 0 : freshnessBucket(freshnessMs);
        const counts = Array.from({ length: bucket }, () => 0);
        const freshness = freshnessMs === undefined ? [] : [...counts, row.deliveries];
        const minute = `TIMESTAMP_TRUNC(${timeAgo(minutesAgo * 60)}, MINUTE)`;
        return `(${minute}, ${text(row.stream)}, ${text(side)}, ${text(outcome)}, ${cause ? text(cause) : 'NULL'},
          ${row.deliveries}, ${freshness.length > 0 ? `[${freshness.join(', ')}]` : '[]'}, ${text(row.reportId ?? randomUUID())})`;
      }),
    );
  }

  /** @returns the ids of their deliveries */
  async kill(rows: readonly LetterRow[]): Promise<string[]> {
    const ids = rows.map(({ deliveryId = randomUUID() }) => deliveryId);
    await this.#insert(
      'dead_letters',
      '(delivery_id, stream, stored_at, reason, column, message_id)',
      rows.map(
        ({ stream, secondsAgo = 0, reason = 'amount is no number', column = 'amount' }, at) =>
          `(${text(ids[at] ?? '')}, ${text(stream)}, ${timeAgo(secondsAgo)}, ${text(reason)}, ${text(column)}, ${text(`m-${ids[at]}`)})`,
      ),
    );
    return ids;
  }

  async replay(deliveryIds: readonly string[]): Promise<void> {
    await this.#insert(
      'dead_letters_replays',
      '(message_id, result, replayed_at)',
      deliveryIds.map((id) => `(${text(`m-${id}`)}, 'written', CURRENT_TIMESTAMP())`),
    );
  }

  async refuse(stream: string, deliveryId: string): Promise<void> {
    const values = `(CURRENT_TIMESTAMP(), ${text(stream)}, ${text(deliveryId)}, 'unauthorized')`;
    await this.#insert('refused', '(at, stream, delivery_id, outcome)', [values]);
  }

  async empty(table: string): Promise<void> {
    await this.#bigquery.query(`DELETE FROM \`${this.dataset}.${table}\` WHERE TRUE`);
  }

  async drop(table: string): Promise<void> {
    await this.#bigquery.dataset(this.dataset).table(table).delete();
  }

  async #insert(table: string, columns: string, values: readonly string[]): Promise<void> {
    if (values.length === 0) return;
    const statement = `INSERT INTO \`${this.dataset}.${table}\` ${columns} VALUES ${values.join(', ')}`;
    await this.#bigquery.query(statement);
  }
}

function text(value: string): string {
  return `'${value.replaceAll('\\', '\\\\').replaceAll("'", "\\'").replaceAll('\n', '\\n')}'`;
}

function timeAgo(seconds: number): string {
  return `TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL ${seconds} SECOND)`;
}
