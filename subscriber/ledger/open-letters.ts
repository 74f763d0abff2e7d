import type { Relay } from '../../shared/config/config.ts';
import type { RelaySource } from '../bigquery/read-cells.ts';
import { tableExists } from '../bigquery/table-exists.ts';
import { replaysTable } from '../dead-letters/replay-results.ts';
import { tablePath } from './ledger-query.ts';
import { ask } from './ledger-reading.ts';

/** How many dead letters of each stream were not replayed; those that are no envelope have the stream ''. */
export async function countOpenLetters(source: RelaySource): Promise<Map<string, number>> {
  const { relay } = source;
  if (!(await tableExists(source.bigquery, relay.deadLetters))) return new Map();
  const hasReplays = await tableExists(source.bigquery, replaysTable(relay));
  const rows = await ask<{ stream: string; n: number }>(
    source,
    openLettersQuery(relay, hasReplays),
  );
  return new Map(rows.map(({ stream, n }) => [stream, n]));
}

function openLettersQuery(relay: Relay, hasReplays: boolean): string {
  const letters = `SELECT IFNULL(stream, '') AS stream,
      IFNULL(message_id, CONCAT(IFNULL(delivery_id, ''), '/', CAST(stored_at AS STRING))) AS letter
    FROM ${tablePath(relay, relay.deadLetters)}`;
  const open = hasReplays
    ? ` WHERE letter NOT IN (SELECT message_id FROM ${tablePath(relay, replaysTable(relay))} WHERE message_id IS NOT NULL)`
    : '';
  return `SELECT stream, COUNT(DISTINCT letter) AS n FROM (${letters})${open} GROUP BY stream`;
}
