import { keyedLayout } from '../../shared/columns.ts';
import type { Relay, RelayStream, TableName } from '../../shared/config/config.ts';
import { sources } from '../../shared/sources/registry.ts';
import { replaysTable } from '../dead-letters/replay-results.ts';
import { traceColumns } from './delivery-trace.ts';
import { type TimeRange, tablePath, timeLiteral } from './ledger-query.ts';

/** Which tables exist: a query that names another one fails. */
export interface RecountTables {
  /** Of the stream's rows; undefined for a stream of exports, and for one that the config has no more. */
  rows?: { name: TableName; stream: RelayStream };
  ledger: TableName;
  hasReplays: boolean;
  hasLetters: boolean;
}

/** Clocks of edge and subscriber may differ: a dead letter may be stored before it was received. */
const clockSkewMs = 3_600_000;
const dayMs = 86_400_000;

/**
 * Counts the deliveries of one stream in the tables: each delivery id once, by what became of it at last. The parameter
 * `stream` is its name.
 */
export function recountQuery(relay: Relay, tables: RecountTables, range: TimeRange): string {
  const { rows, hasLetters } = tables;
  const found = [keptIds(relay, tables, range)];
  if (rows) found.push(rowIds(relay, rows, range) ?? '');
  if (hasLetters) {
    found.push('SELECT minute, id, NULL AS event, NULL AS kept, state, home FROM letters');
  }
  const source = rows && sources[rows.stream.source].delivers;
  // A dead letter of an export that was loaded at last.
  const replayed = source === 'exports' || !rows ? 'no row' : 'written';
  return `WITH ${hasLetters ? `${letterStates(relay, tables, range)},` : ''}
  found AS (${found.filter(Boolean).join('\n  UNION ALL ')}),
  deliveries AS (
    SELECT minute, id, ${rows && hasUnique(rows.stream) ? 'COUNT(DISTINCT event)' : 'COUNT(event)'} AS row_count, MAX(kept) AS kept, MAX(state) AS state, MAX(home) AS home
    FROM found GROUP BY minute, id)
  SELECT UNIX_MILLIS(minute) AS minute,
    CASE WHEN state = 'written' THEN '${replayed}'
      WHEN state IS NOT NULL THEN state
      WHEN kept IS NOT NULL THEN kept
      ELSE 'written' END AS outcome,
    COUNT(*) AS deliveries, SUM(row_count) AS row_count
  FROM deliveries WHERE IFNULL(home, @stream) = @stream
  GROUP BY minute, outcome`;
}

/** When dead letters of each minute and stream were last replayed. */
export function replaysQuery(relay: Relay, { since, until }: TimeRange): string {
  return `SELECT UNIX_MILLIS(TIMESTAMP_TRUNC(received_at, MINUTE)) AS minute, letters.stream AS stream,
      UNIX_MILLIS(MAX(replayed_at)) AS replayed_at
    FROM ${tablePath(relay, relay.deadLetters)} AS letters
    JOIN ${tablePath(relay, replaysTable(relay))} AS replays
    ON replays.message_id = IFNULL(letters.message_id, CONCAT(IFNULL(letters.delivery_id, ''), '/', CAST(stored_at AS STRING)))
    WHERE stored_at >= ${timeLiteral(since - clockSkewMs)} AND received_at >= ${timeLiteral(since)}
      AND received_at < ${timeLiteral(until)} AND letters.stream IS NOT NULL
    GROUP BY 1, 2`;
}

/** The ids that the ledger itself keeps. MAX puts 'written' before the others. */
function keptIds(relay: Relay, { ledger }: RecountTables, { since, until }: TimeRange): string {
  return `SELECT minute, id, CAST(NULL AS STRING) AS event, outcome AS kept, CAST(NULL AS STRING) AS state, CAST(NULL AS STRING) AS home
    FROM ${tablePath(relay, ledger)}, UNNEST(delivery_ids) AS id
    WHERE minute >= ${timeLiteral(since)} AND minute < ${timeLiteral(until)}
      AND stream = @stream AND side = 'subscriber'`;
}

function rowIds(
  relay: Relay,
  { name, stream }: { name: TableName; stream: RelayStream },
  { since, until }: TimeRange,
): string | undefined {
  const columns = traceColumns(stream);
  if (!columns) return undefined;
  const id = `\`${columns.deliveryId}\``;
  const column = `\`${columns.receivedAt}\``;
  const isTime = columns.receivedAtType === 'TIMESTAMP';
  const [from, to] = [since, until].map((time) => (isTime ? timeLiteral(time) : String(time)));
  // So that BigQuery reads only the partitions of these days.
  const dates = columns.date
    ? ` AND \`${columns.date}\` BETWEEN ${day(since - dayMs)} AND ${day(until + dayMs)}`
    : '';
  const time = isTime ? column : `TIMESTAMP_MILLIS(${column})`;
  // The ids of events that history imported are UUIDs of version 8.
  return `SELECT TIMESTAMP_TRUNC(${time}, MINUTE) AS minute, ${id} AS id, ${eventOf(stream, columns.deliveryId)} AS event, NULL AS kept, NULL AS state, NULL AS home
    FROM ${tablePath(relay, name)}
    WHERE ${column} >= ${from} AND ${column} < ${to} AND ${id} IS NOT NULL AND SUBSTR(${id}, 15, 1) != '8'${dates}`;
}

function day(time: number): string {
  return `DATE '${new Date(time).toISOString().slice(0, 10)}'`;
}

/** Whether the table shows which of its rows are duplicates: then a row counts once, as in `<table>_unique`. */
function hasUnique(stream: RelayStream): boolean {
  return copiesOf(stream) !== undefined;
}

/** What tells the rows of a delivery apart, as text. */
function eventOf(stream: RelayStream, deliveryId: string): string {
  const others = (copiesOf(stream) ?? []).filter((name) => name !== deliveryId);
  const texts = others.map((name) => `IFNULL(CAST(\`${name}\` AS STRING), '')`);
  return texts.length === 0
    ? "''"
    : texts.length === 1
      ? (texts[0] ?? '')
      : `CONCAT(${texts.join(", '/', ")})`;
}

function copiesOf(stream: RelayStream): readonly string[] | undefined {
  const source = sources[stream.source];
  if (source.delivers !== 'rows') return undefined;
  return keyedLayout(source.layout(stream), stream).copies?.by;
}

/**
 * The last state of each delivery that has a dead letter: that of the newest letter, or of its replay. `home` is the stream
 * that accepted it: it may have been replayed into another one.
 */
function letterStates(
  relay: Relay,
  { hasReplays }: RecountTables,
  { since, until }: TimeRange,
): string {
  const letters = `SELECT delivery_id, stream, received_at, stored_at, written_in_part,
      IFNULL(message_id, CONCAT(IFNULL(delivery_id, ''), '/', CAST(stored_at AS STRING))) AS letter
    FROM ${tablePath(relay, relay.deadLetters)}
    WHERE stored_at >= ${timeLiteral(since - clockSkewMs)} AND received_at >= ${timeLiteral(since)}
      AND received_at < ${timeLiteral(until)} AND delivery_id IS NOT NULL AND IFNULL(part, 0) = 0`;
  const replays = `UNION ALL
    SELECT letters_once.delivery_id, replayed_at AS at, result AS state
    FROM ${tablePath(relay, replaysTable(relay))} AS replays JOIN letters_once ON replays.message_id = letter`;
  return `letters_once AS (
    SELECT * FROM (${letters}) WHERE TRUE
    QUALIFY ROW_NUMBER() OVER (PARTITION BY letter ORDER BY stored_at) = 1),
  states AS (
    SELECT delivery_id, stored_at AS at, IF(IFNULL(written_in_part, FALSE), 'written in part', 'dead letter') AS state
    FROM letters_once ${hasReplays ? replays : ''}),
  letters AS (
    SELECT TIMESTAMP_TRUNC(received_at, MINUTE) AS minute, homes.delivery_id AS id, state, home
    FROM (
      SELECT delivery_id, MIN(received_at) AS received_at,
        ARRAY_AGG(stream ORDER BY stored_at LIMIT 1)[OFFSET(0)] AS home
      FROM letters_once GROUP BY delivery_id) AS homes
    JOIN (
      SELECT delivery_id, ARRAY_AGG(state ORDER BY at DESC, state DESC LIMIT 1)[OFFSET(0)] AS state
      FROM states GROUP BY delivery_id) AS latest
    ON latest.delivery_id = homes.delivery_id)`;
}
