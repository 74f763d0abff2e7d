import { randomUUID } from 'node:crypto';
import { ledgerTable, type SettledOutcome, settledOutcomes } from '../../shared/report/ledger.ts';
import { sources } from '../../shared/sources/registry.ts';
import type { RelaySource } from '../bigquery/read-cells.ts';
import { tableExists } from '../bigquery/table-exists.ts';
import { replaysTable } from '../dead-letters/replay-results.ts';
import { traceColumns } from './delivery-trace.ts';
import { addSum, type LedgerCounts, type LedgerSum, nothingSettled } from './ledger-lines.ts';
import { ask } from './ledger-reading.ts';
import { type RecountTables, recountQuery } from './recount-query.ts';

interface RecountRow {
  minute: number;
  outcome: SettledOutcome;
  deliveries: number;
  row_count: number;
}

const minuteMs = 60_000;

/**
 * Counts minutes of one stream in the tables instead, and stores that: the tables know what a subscriber knew that was
 * killed before it could report. The counts are changed in place.
 */
export async function recount(
  source: RelaySource,
  stream: string,
  minutes: readonly LedgerCounts[],
  now: number,
): Promise<void> {
  const times = minutes.map(({ minute }) => minute);
  const range = { since: Math.min(...times), until: Math.max(...times) + minuteMs };
  const tables = await findTables(source, stream);
  const query = recountQuery(source.relay, tables, range);
  const rows = await ask<RecountRow>(source, query, { stream });
  const stored: object[] = [];
  for (const counts of minutes) {
    const ofMinute = rows.filter(({ minute }) => Number(minute) === counts.minute);
    // All that is replaced was reported before, whatever the clocks say.
    const reportedAt = Math.max(now, counts.subscriberAt + 1, counts.replayedAt + 1);
    const before = JSON.stringify(settledPart(counts));
    const { recountAt } = counts;
    replace(counts, ofMinute, reportedAt);
    const isSame = before === JSON.stringify(settledPart(counts));
    if (isSame && recountAt >= Math.max(counts.reportedAt, counts.replayedAt))
      counts.recountAt = recountAt;
    else stored.push(...storedRows(counts, ofMinute, reportedAt));
  }
  await store(source, stored);
}

async function findTables(source: RelaySource, name: string): Promise<RecountTables> {
  const { relay } = source;
  const stream = relay.streams.get(name);
  const isOfRows = stream && sources[stream.source].delivers === 'rows' && traceColumns(stream);
  const [hasRows, hasLetters, hasReplays] = await Promise.all([
    isOfRows ? tableExists(source.bigquery, stream.table) : false,
    tableExists(source.bigquery, relay.deadLetters),
    tableExists(source.bigquery, replaysTable(relay)),
  ]);
  const rows = stream && hasRows ? { name: stream.table, stream } : undefined;
  return { ledger: ledgerTable(relay), hasLetters, hasReplays, ...(rows && { rows }) };
}

function settledPart(counts: LedgerCounts) {
  const { written, rows, writtenInPart, duplicates, noRow, deadLetters } = counts;
  return { written, rows, writtenInPart, duplicates, noRow, deadLetters };
}

function replace(counts: LedgerCounts, rows: readonly RecountRow[], reportedAt: number): void {
  Object.assign(counts, nothingSettled, { wasAdjusted: false, recountAt: reportedAt });
  for (const row of rows) addSum(counts, toSum(counts, row, reportedAt));
}

function toSum(counts: LedgerCounts, row: RecountRow, reportedAt: number): LedgerSum {
  const { minute, stream } = counts;
  const { outcome, deliveries, row_count } = row;
  return {
    minute,
    stream,
    side: 'recount',
    outcome,
    cause: null,
    deliveries: Number(deliveries),
    row_count: Number(row_count),
    least: 0,
    reported_at: reportedAt,
  };
}

/** A recount that finds nothing is a row, too: it replaces what was counted. */
function storedRows(
  { minute, stream }: LedgerCounts,
  rows: readonly RecountRow[],
  reportedAt: number,
): object[] {
  const report_id = randomUUID();
  return settledOutcomes.flatMap((outcome) => {
    const found = rows.find((row) => row.outcome === outcome);
    if (!found && outcome !== 'written') return [];
    return {
      minute: new Date(minute).toISOString(),
      stream,
      side: 'recount',
      outcome,
      deliveries: Number(found?.deliveries ?? 0),
      row_count: Number(found?.row_count ?? 0),
      freshness: [],
      delivery_ids: [],
      report_id,
      reported_at: new Date(reportedAt).toISOString(),
    };
  });
}

/** Rows of a request; BigQuery advises at most 500. */
const rowsPerInsert = 500;

/** Who may only read counts anew each time. */
async function store({ bigquery, relay }: RelaySource, rows: readonly object[]): Promise<void> {
  const [dataset = '', table = ''] = ledgerTable(relay).split('.');
  try {
    for (let from = 0; from < rows.length; from += rowsPerInsert) {
      const some = rows.slice(from, from + rowsPerInsert);
      await bigquery.dataset(dataset).table(table).insert(some);
    }
  } catch {
    // The reading itself is right without it.
  }
}
