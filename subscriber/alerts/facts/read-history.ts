import { ledgerTable } from '../../../shared/report/ledger.ts';
import type { RelaySource } from '../../bigquery/read-cells.ts';
import { orAbsent } from '../../bigquery/table-exists.ts';
import { timeLiteral } from '../../bigquery/time-literal.ts';
import { readRows } from './read-rows.ts';

/** What is usual for a stream: from its own last two weeks. */
export interface StreamHistory {
  lastAt: number;
  firstAt: number;
  /** In how many minutes it had deliveries. */
  minutes: number;
  /** The longest gap but one: one outage is not usual. */
  gapMs: number;
}

const historyMs = 14 * 86_400_000;

/**
 * By the stream's name; undefined while there is no ledger. It reads two weeks, and so is read only a few times a
 * day.
 */
export async function readHistory(
  source: RelaySource,
  now: number,
): Promise<Map<string, StreamHistory> | undefined> {
  const rows = await orAbsent(
    readRows(
      source,
      `SELECT stream, UNIX_MILLIS(MAX(minute)), UNIX_MILLIS(MIN(minute)), COUNT(*),
         IFNULL(MAX(IF(place = 2, gap, NULL)), 0)
       FROM (SELECT stream, minute, gap, ROW_NUMBER() OVER (PARTITION BY stream ORDER BY gap DESC) AS place
         FROM (SELECT stream, minute,
             IFNULL(UNIX_MILLIS(minute) - UNIX_MILLIS(LAG(minute) OVER (PARTITION BY stream ORDER BY minute)), 0) AS gap
           FROM (SELECT DISTINCT stream, minute FROM \`${source.relay.project}.${ledgerTable(source.relay)}\`
             WHERE minute >= ${timeLiteral(now - historyMs)} AND side = 'edge' AND stream != ''
               AND outcome IN ('accepted', 'filtered'))))
       GROUP BY stream`,
    ),
  );
  return (
    rows &&
    new Map(
      rows.map(([stream, ...figures]) => {
        const [lastAt = 0, firstAt = 0, minutes = 0, gapMs = 0] = figures.map((figure) =>
          Number(figure ?? 0),
        );
        return [stream ?? '', { lastAt, firstAt, minutes, gapMs }];
      }),
    )
  );
}
