import { ledgerTable } from '../../shared/report/ledger.ts';
import { allCells, type Cells, type RelaySource } from '../bigquery/read-cells.ts';
import { orAbsent } from '../bigquery/table-exists.ts';
import { timeLiteral } from '../bigquery/time-literal.ts';
import { replaysTable } from '../dead-letters/replay-results.ts';
import type { SoughtId } from './delivery-id.ts';

/** What the ledger says of a delivery that leaves no other trace: a duplicate, or one without a row. */
export interface SettledDelivery {
  deliveryId: string;
  stream: string;
  outcome: string;
  /** ISO 8601: when the subscriber said so. */
  at: string;
}

/** What became of a replay. */
export interface FoundReplay {
  deliveryId: string;
  stream: string;
  replay: number;
  /** ISO 8601 */
  at: string;
  result: string;
  reason?: string;
}

const hourMs = 3_600_000;
const maxRows = 1000;

export async function findSettled(source: RelaySource, id: SoughtId): Promise<SettledDelivery[]> {
  const { relay } = source;
  const { time } = id;
  const within = time
    ? ` AND minute BETWEEN ${timeLiteral(time.from - hourMs)} AND ${timeLiteral(time.to + hourMs)}`
    : '';
  const query = `SELECT sought, stream, outcome, UNIX_MILLIS(MAX(reported_at))
    FROM \`${relay.project}.${ledgerTable(relay)}\`, UNNEST(delivery_ids) AS sought
    WHERE side <> 'edge'${within} AND ${matches('sought', id)}
    GROUP BY 1, 2, 3 ORDER BY 4 LIMIT ${maxRows}`;
  return (await select(source, query, id)).map(([deliveryId, stream, outcome, at]) => ({
    deliveryId: deliveryId ?? '',
    stream: stream ?? '',
    outcome: outcome ?? '',
    at: isoOf(at),
  }));
}

export async function findReplays(source: RelaySource, id: SoughtId): Promise<FoundReplay[]> {
  const { relay } = source;
  const since = id.time ? ` AND replayed_at >= ${timeLiteral(id.time.from - hourMs)}` : '';
  const query = `SELECT delivery_id, stream, replay, UNIX_MILLIS(replayed_at), result, reason
    FROM \`${relay.project}.${replaysTable(relay)}\`
    WHERE ${matches('delivery_id', id)}${since} ORDER BY replayed_at LIMIT ${maxRows}`;
  return (await select(source, query, id)).map(
    ([deliveryId, stream, replay, at, result, reason]) => ({
      deliveryId: deliveryId ?? '',
      stream: stream ?? '',
      replay: Number(replay ?? 0),
      at: isoOf(at),
      result: result ?? '',
      ...(reason != null && { reason }),
    }),
  );
}

function matches(column: string, { isWhole }: SoughtId): string {
  return isWhole ? `${column} = @id` : `STARTS_WITH(${column}, @id)`;
}

/** Nothing while there is no such table. */
async function select(source: RelaySource, query: string, id: SoughtId): Promise<Cells[]> {
  const request = { query, params: { id: id.text } };
  return (await orAbsent(allCells(source, request, maxRows))) ?? [];
}

function isoOf(ms: string | null | undefined): string {
  return new Date(Number(ms)).toISOString();
}
