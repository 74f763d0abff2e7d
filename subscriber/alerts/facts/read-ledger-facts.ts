import { freshnessBounds, freshnessBucket, ledgerTable } from '../../../shared/report/ledger.ts';
import type { Cells, RelaySource } from '../../bigquery/read-cells.ts';
import { orAbsent } from '../../bigquery/table-exists.ts';
import { timeLiteral } from '../../bigquery/time-literal.ts';
import { type AlertSettings, allSettings, type ConditionSettings } from '../settings.ts';
import { readRows } from './read-rows.ts';

/** What the ledger says of a stream within a window. */
interface WindowCounts {
  /** All requests, whatever the edge answered. */
  received: number;
  unauthorized: number;
  overflow: number;
}

export interface LedgerFacts {
  /** The beginning of the minute of the last delivery that was accepted or filtered, in Unix milliseconds. */
  lastAt?: number;
  /** By the window. */
  counts: ReadonlyMap<number, WindowCounts>;
  /** By `freshnessKey`: deliveries that became rows, and those of them that were later than the bound. */
  freshness: ReadonlyMap<string, { rows: number; late: number }>;
}

const minuteMs = 60_000;

export function freshnessKey({ windowMs, freshnessMs }: ConditionSettings): string {
  return `${windowMs}/${freshnessMs}`;
}

/** By the stream's name; undefined while there is no ledger. One pass over the partitions of the longest window. */
export async function readLedgerFacts(
  source: RelaySource,
  settings: AlertSettings,
  now: number,
): Promise<Map<string, LedgerFacts> | undefined> {
  const all = allSettings(settings);
  const windows = [...new Set(all.map(({ windowMs }) => windowMs))];
  const bounds = [
    ...new Map(
      all
        .filter(({ freshnessMs }) => freshnessMs !== false)
        .map((one) => [freshnessKey(one), one] as const),
    ),
  ];
  const columns = [
    "UNIX_MILLIS(MAX(IF(side = 'edge' AND outcome IN ('accepted', 'filtered'), minute, NULL)))",
    ...windows.flatMap((windowMs) => {
      const within = `side = 'edge' AND minute > ${timeLiteral(now - windowMs - minuteMs)}`;
      return [
        sumIf(within, 'deliveries'),
        sumIf(`${within} AND outcome = 'unauthorized'`, 'deliveries'),
        sumIf(`${within} AND outcome = 'accepted' AND cause = 'overflow'`, 'deliveries'),
      ];
    }),
    ...bounds.flatMap(([, { windowMs }], at) => {
      const within = `side = 'subscriber' AND minute > ${timeLiteral(now - windowMs - minuteMs)}`;
      return [sumIf(within, 'in_rows'), sumIf(within, `late${at}`)];
    }),
  ];
  const late = bounds.map(
    ([, { freshnessMs }], at) =>
      `, MAX(${sumOfBuckets(firstLateBucket(freshnessMs || 0))}) AS late${at}`,
  );
  const since = now - Math.max(...windows) - minuteMs;
  const rows = await orAbsent(
    readRows(
      source,
      // Rows that were written twice are one.
      `SELECT stream, ${columns.join(', ')} FROM (
         SELECT stream, minute, side, outcome, IFNULL(cause, '') AS cause, report_id,
           MAX(IFNULL(deliveries, 0)) AS deliveries, MAX(${sumOfBuckets(0)}) AS in_rows${late.join('')}
         FROM \`${source.relay.project}.${ledgerTable(source.relay)}\`
         WHERE minute >= ${timeLiteral(since)} AND stream != ''
         GROUP BY stream, minute, side, outcome, cause, report_id)
       GROUP BY stream`,
    ),
  );
  return rows && new Map(rows.map((row) => toLedgerFacts(row, windows, bounds)));
}

function toLedgerFacts(
  cells: Cells,
  windows: readonly number[],
  bounds: readonly (readonly [string, ConditionSettings])[],
): [string, LedgerFacts] {
  const number = (at: number) => Number(cells[at] ?? 0);
  const lastAt = cells[1];
  const freshnessFrom = 2 + windows.length * 3;
  return [
    cells[0] ?? '',
    {
      ...(typeof lastAt === 'string' && { lastAt: Number(lastAt) }),
      counts: new Map(
        windows.map((windowMs, at) => [
          windowMs,
          {
            received: number(2 + at * 3),
            unauthorized: number(3 + at * 3),
            overflow: number(4 + at * 3),
          },
        ]),
      ),
      freshness: new Map(
        bounds.map(([key], at) => [
          key,
          { rows: number(freshnessFrom + at * 2), late: number(freshnessFrom + at * 2 + 1) },
        ]),
      ),
    },
  ];
}

/** The first bucket whose deliveries are all later than the bound. */
function firstLateBucket(boundMs: number): number {
  return Math.min(freshnessBucket(boundMs) + 1, freshnessBounds.length);
}

/** The deliveries in the buckets from this one on. */
function sumOfBuckets(from: number): string {
  const buckets = Array.from({ length: freshnessBounds.length + 1 - from }, (_, at) => from + at);
  return buckets.map((bucket) => `IFNULL(freshness[SAFE_OFFSET(${bucket})], 0)`).join(' + ');
}

function sumIf(condition: string, column: string): string {
  return `SUM(IF(${condition}, ${column}, 0))`;
}
