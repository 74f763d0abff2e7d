import { randomUUID } from 'node:crypto';
import type { BigQuery } from '@google-cloud/bigquery';
import type { Relay } from '../../../shared/config/config.ts';
import { ensureTable } from '../../bigquery/tables/ensure-table.ts';
import { orAbsent } from '../../exports/load/destination.ts';
import { alertId, type Finding } from '../conditions.ts';
import { alertLayout, alertsTable, readState, type StoredState } from './alert-table.ts';
import { RowChanges } from './change-rows.ts';
import { ReceiverStore } from './receiver-store.ts';

/** A statement carries at most so many alerts: a request may have 10 MB. */
const maxAlerts = 2000;

/** The columns of a finding, from the parameters of its statement. */
const foundColumns: Readonly<Record<string, string>> = {
  condition: '@conditions[OFFSET(at)]',
  stream: "NULLIF(@streams[OFFSET(at)], '')",
  state: "'firing'",
  change_id: '@changes[OFFSET(at)]',
  since: 'TIMESTAMP_MILLIS(@now)',
  fired_at: 'TIMESTAMP_MILLIS(@now)',
  seen_at: 'TIMESTAMP_MILLIS(@now)',
  reason: '@reasons[OFFSET(at)]',
  occurrences: '@counts[OFFSET(at)]',
  example: "NULLIF(@examples[OFFSET(at)], '')",
  told: "''",
};
const names = Object.keys(foundColumns);
/** What changes while an alert goes on. */
const livelyColumns = ['seen_at', 'reason', 'occurrences', 'example'];

/**
 * The table of the alerts. Each change is one statement with a condition, so that of several replicas one makes it.
 * Reading goes through tabledata.list, which costs nothing.
 */
export class AlertStore {
  readonly #bigquery: BigQuery;
  readonly #relay: Relay;
  readonly #changes: RowChanges;
  readonly receivers: ReceiverStore;

  constructor(bigquery: BigQuery, relay: Relay) {
    this.#bigquery = bigquery;
    this.#relay = relay;
    this.#changes = new RowChanges(bigquery, relay);
    this.receivers = new ReceiverStore(this.#changes);
  }

  /** Nothing, if there is no table. */
  async read(): Promise<StoredState> {
    const [dataset = '', table = ''] = alertsTable(this.#relay).split('.');
    const found = await orAbsent(this.#bigquery.dataset(dataset).table(table).getRows());
    return readState(found?.[0] as Record<string, unknown>[] | undefined);
  }

  /** Creates the table if it is missing, also where somebody has dropped it. */
  async ensure(): Promise<void> {
    const [dataset = '', table = ''] = alertsTable(this.#relay).split('.');
    await ensureTable(this.#bigquery, { dataset, table }, alertLayout, this.#relay.location);
  }

  /**
   * Fires what does not fire yet.
   *
   * @param now by BigQuery's clock
   */
  async fire(findings: readonly Finding[], now: number): Promise<void> {
    const update = names.map((name) => `${name} = found.${name}`).join(', ');
    const values = names.map((name) => `found.${name}`).join(', ');
    await this.#merge(
      findings,
      now,
      `WHEN MATCHED AND stored.state != 'firing' THEN UPDATE SET ${update}
       WHEN NOT MATCHED THEN INSERT (id, ${names.join(', ')}) VALUES (found.id, ${values})`,
    );
  }

  /** Notes that these conditions still hold, and how they are now. */
  async touch(findings: readonly Finding[], now: number): Promise<void> {
    const update = livelyColumns.map((name) => `${name} = found.${name}`).join(', ');
    await this.#merge(
      findings,
      now,
      `WHEN MATCHED AND stored.state = 'firing' THEN UPDATE SET ${update}`,
    );
  }

  /** Clears alerts whose condition no replica has seen since. */
  async clear(ids: readonly string[], seenBefore: number, now: number): Promise<void> {
    if (ids.length === 0) return;
    await this.#changes.run(
      `UPDATE ${this.#changes.table} SET state = 'clear', since = TIMESTAMP_MILLIS(@now),
         change_id = CONCAT(@change, id), told = ''
       WHERE id IN UNNEST(@ids) AND state = 'firing' AND seen_at <= TIMESTAMP_MILLIS(@before)`,
      { ids, now, before: seenBefore, change: newChange(now) },
    );
  }

  async #merge(findings: readonly Finding[], now: number, whens: string): Promise<void> {
    const columns = Object.entries(foundColumns).map(([name, value]) => `${value} AS ${name}`);
    for (let from = 0; from < findings.length; from += maxAlerts) {
      const some = findings.slice(from, from + maxAlerts);
      await this.#changes.run(
        `MERGE ${this.#changes.table} AS stored
         USING (SELECT id, ${columns.join(', ')} FROM UNNEST(@ids) AS id WITH OFFSET AS at) AS found
         ON stored.id = found.id
         ${whens}`,
        {
          ids: some.map(alertId),
          conditions: some.map(({ condition }) => condition),
          streams: some.map(({ stream = '' }) => stream),
          changes: some.map(() => newChange(now)),
          reasons: some.map(({ reason }) => reason),
          counts: some.map(({ count }) => count),
          examples: some.map(({ example = '' }) => example),
          now,
        },
      );
    }
  }
}

/** Sorted by time. */
function newChange(now: number): string {
  return `${new Date(now).toISOString()}/${randomUUID()}`;
}
