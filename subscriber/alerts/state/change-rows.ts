import { setTimeout as sleep } from 'node:timers/promises';
import type { BigQuery } from '@google-cloud/bigquery';
import type { Relay } from '../../../shared/config/config.ts';
import { within } from '../../within.ts';
import { answerWithinMs } from '../answer-time.ts';
import { alertsTable } from './alert-table.ts';

/** BigQuery refuses a statement that changes what another one is changing: it is to be sent again. */
const isConflict = /serialize access|concurrent update|too many DML/i;
const maxTries = 5;
const maxWaitMs = 2000;

type Parameters = Record<string, readonly string[] | readonly number[] | string | number>;

/** Changes rows of the table of the alerts, each time by one statement with a condition. */
export class RowChanges {
  readonly #bigquery: BigQuery;
  readonly #relay: Relay;

  constructor(bigquery: BigQuery, relay: Relay) {
    this.#bigquery = bigquery;
    this.#relay = relay;
  }

  /** As statements name it. */
  get table(): string {
    return `\`${this.#relay.project}.${alertsTable(this.#relay)}\``;
  }

  /** @returns how many rows it changed */
  async run(query: string, params: Parameters): Promise<number> {
    for (let tries = 1; ; tries++) {
      try {
        return await within(answerWithinMs, this.#runOnce(query, params));
      } catch (error) {
        if (tries >= maxTries || !isConflict.test((error as Error).message)) throw error;
        await sleep(Math.random() * maxWaitMs);
      }
    }
  }

  async #runOnce(query: string, params: Parameters): Promise<number> {
    const types = Object.entries(params).map(([name, value]) => {
      const [first] = Array.isArray(value) ? value : [value];
      const type = typeof first === 'number' ? 'INT64' : 'STRING';
      return [name, Array.isArray(value) ? [type] : type];
    });
    const [job] = await this.#bigquery.createQueryJob({
      query,
      params: params as Record<string, unknown>,
      types: Object.fromEntries(types) as Record<string, string | string[]>,
      useLegacySql: false,
      location: this.#relay.location,
    });
    for (;;) {
      const [, , answer] = (await job.getQueryResults({ autoPaginate: false })) as unknown as [
        unknown,
        unknown,
        { jobComplete?: boolean; numDmlAffectedRows?: string },
      ];
      if (answer.jobComplete !== false) return Number(answer.numDmlAffectedRows ?? 0);
    }
  }
}
