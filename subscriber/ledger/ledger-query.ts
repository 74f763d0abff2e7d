import type { Relay, TableName } from '../../shared/config/config.ts';
import { inFlightOutcome } from '../../shared/report/ledger.ts';

/** Unix milliseconds. */
export interface TimeRange {
  since: number;
  /** Not included. */
  until: number;
}

/** A literal, so that BigQuery reads only the partitions of the range. */
export function timeLiteral(time: number): string {
  return `TIMESTAMP '${new Date(time).toISOString().replace('Z', '+00:00')}'`;
}

export function tablePath(relay: Relay, name: TableName | string): string {
  return `\`${relay.project}.${name}\``;
}

/** The rows of the ledger, each once: a row may be written twice. */
function uniqueRows(table: string, where: string): string {
  return `SELECT * FROM ${table} WHERE ${where}
    QUALIFY ROW_NUMBER() OVER (PARTITION BY report_id, minute, stream, side, outcome, IFNULL(cause, '')) = 1`;
}

function rangeCondition({ since, until }: TimeRange): string {
  return `minute >= ${timeLiteral(since)} AND minute < ${timeLiteral(until)}`;
}

/**
 * The sums of each minute and stream, by side, outcome and cause. Where a minute was recounted, the newest recount stands
 * for what the subscriber had counted until then.
 *
 * @param openBefore of earlier minutes only those that do not add up
 */
export function sumsQuery(table: string, range: TimeRange, openBefore = range.since): string {
  const sums = allSums(table, range);
  if (openBefore <= range.since) return sums;
  const sumOf = (condition: string) =>
    `SUM(IF(${condition}, deliveries, 0)) OVER (PARTITION BY minute, stream)`;
  return `SELECT * FROM (
    SELECT *, ${sumOf("side = 'edge' AND outcome = 'accepted'")} AS accepted, ${sumOf("side != 'edge'")} AS settled
    FROM (${sums}))
  WHERE minute >= ${openBefore} OR accepted != settled`;
}

function allSums(table: string, range: TimeRange): string {
  return `WITH reports AS (${uniqueRows(table, rangeCondition(range))}),
  recounts AS (
    SELECT minute, stream, MAX(reported_at) AS at,
      ARRAY_AGG(report_id ORDER BY reported_at DESC, report_id DESC LIMIT 1)[OFFSET(0)] AS report_id
    FROM reports WHERE side = 'recount' GROUP BY minute, stream)
  SELECT UNIX_MILLIS(reports.minute) AS minute, reports.stream AS stream, side, outcome, cause,
    SUM(deliveries) AS deliveries, SUM(IFNULL(row_count, 0)) AS row_count, MIN(deliveries) AS least,
    UNIX_MILLIS(MAX(reported_at)) AS reported_at
  FROM reports LEFT JOIN recounts
    ON recounts.minute = reports.minute AND recounts.stream = reports.stream
  WHERE side = 'edge'
    OR (side = 'recount' AND reports.report_id = recounts.report_id)
    OR (side = 'subscriber' AND outcome != '${inFlightOutcome}'
      AND (recounts.at IS NULL OR reported_at > recounts.at))
  GROUP BY reports.minute, reports.stream, side, outcome, cause`;
}

/** The gauges of replicas that live: all rows of the newest report of each. */
export function inFlightQuery(table: string, range: TimeRange, aliveSince: number): string {
  const isGauge = `side = 'subscriber' AND outcome = '${inFlightOutcome}'`;
  const isRecent = `reported_at >= ${timeLiteral(aliveSince)}`;
  // The first row of a gauge is of the minute when it was reported, by the clock of the replica.
  const markers = `SELECT reporter, ARRAY_AGG(report_id ORDER BY reported_at DESC LIMIT 1)[OFFSET(0)] AS report_id
    FROM ${table} WHERE minute >= ${timeLiteral(aliveSince - 120_000)} AND stream = '' AND ${isGauge} AND ${isRecent}
    GROUP BY reporter`;
  return `SELECT UNIX_MILLIS(minute) AS minute, stream, SUM(deliveries) AS deliveries
    FROM (${uniqueRows(table, `${rangeCondition(range)} AND ${isGauge} AND ${isRecent}`)})
    WHERE report_id IN (SELECT report_id FROM (${markers}))
    GROUP BY minute, stream`;
}

/** How many deliveries of each stream were as fresh as each bucket says. */
export function freshnessQuery(table: string, range: TimeRange): string {
  return `SELECT stream, bucket, SUM(n) AS deliveries
    FROM (${uniqueRows(table, `${rangeCondition(range)} AND side = 'subscriber'`)}),
      UNNEST(freshness) AS n WITH OFFSET AS bucket
    GROUP BY stream, bucket`;
}

/** The last minute in which each stream had a delivery that was accepted or filtered. */
export function lastQuery(table: string, since: number): string {
  return `SELECT stream, UNIX_MILLIS(MAX(minute)) AS minute FROM ${table}
    WHERE minute >= ${timeLiteral(since)} AND side = 'edge' AND outcome IN ('accepted', 'filtered')
    GROUP BY stream`;
}
