import { setTimeout as sleep } from 'node:timers/promises';
import { keyedLayout, type TableLayout } from '../../../shared/columns.ts';
import type { Relay } from '../../../shared/config/config.ts';
import { censusLayout, censusTable } from '../../../shared/report/census.ts';
import { ledgerLayout, ledgerTable } from '../../../shared/report/ledger.ts';
import { refusedLayout, refusedTable } from '../../../shared/report/refused.ts';
import { sources } from '../../../shared/sources/registry.ts';
import { deadLetterLayout } from '../../dead-letters/dead-letter-rows.ts';
import { replayLayout, replaysTable } from '../../dead-letters/replay-results.ts';
import type { ReportTable } from '../../ledger/report-rows.ts';
import { noMetrics } from '../../service/metrics.ts';
import type { InvalidValues } from '../encode/encode.ts';
import { type OpenTable, openTable, type TableDependencies } from './open-table.ts';

export interface OpenTables {
  /** By the stream's name. */
  rows: ReadonlyMap<string, OpenTable>;
  deadLetters: OpenTable;
  /** What the edge reports, and the subscriber's own counts. */
  reports: Readonly<Record<ReportTable, OpenTable>>;
  /** Opens the table of what became of replayed dead letters, when the first one comes. */
  replays(): Promise<OpenTable>;
  /**
   * Writes what is queued, for at most `graceMs`; dead letters last, and the reports after them.
   *
   * @param onSettled called between: every row and dead letter has a result
   */
  close(graceMs: number, onSettled?: () => Promise<void>): Promise<void>;
}

/** What one table may have sent and not answered. */
const maxPendingRows = 3000;
const maxPendingBytes = 8_000_000;
/** The same of all tables: it stays in memory while BigQuery does not answer. */
const maxPendingBytesOfAll = 64_000_000;

/** Parts of the time to close: the last answer of a table may still make a dead letter, and all are counted at last. */
const deadLettersShare = 0.2;
const reportsShare = 0.1;

/**
 * Opens the table of each stream and of the dead letters, and creates what is missing. A table that can't be
 * opened now has a queue all the same: its rows wait there, and no other table's rows wait for them.
 *
 * @throws RelayError `bigquery.credentials`
 */
export async function openTables(dependencies: TableDependencies): Promise<OpenTables> {
  const { relay } = dependencies;
  const rows = tablesOf(relay);
  const reports = reportTables(relay);
  const share = maxPendingBytesOfAll / (rows.length + reports.length + 1);
  const maxPending = { rows: maxPendingRows, bytes: Math.min(share, maxPendingBytes) };
  const open = ({ table, layout, invalidValues }: Omit<TableOfStream, 'stream'>) =>
    openTable({ name: table, layout, invalidValues, maxPending }, dependencies);
  // The metrics are about deliveries.
  const openReport = ({ table, layout, invalidValues }: Omit<TableOfStream, 'stream'>) =>
    openTable(
      { name: table, layout, invalidValues, maxPending },
      { ...dependencies, metrics: noMetrics },
    );
  const [deadLetters, tables, openReports] = await Promise.all([
    open({ table: relay.deadLetters, layout: deadLetterLayout, invalidValues: 'dead-letter' }),
    Promise.all(rows.map(async ({ stream, ...row }) => [stream, await open(row)] as const)),
    Promise.all(
      reports.map(async ({ report, ...row }) => [report, await openReport(row)] as const),
    ),
  ]);
  let replays: Promise<OpenTable> | undefined;
  return {
    rows: new Map(tables),
    deadLetters,
    reports: Object.fromEntries(openReports) as Record<ReportTable, OpenTable>,
    replays() {
      const table = replaysTable(relay);
      replays ??= open({ table, layout: replayLayout, invalidValues: 'dead-letter' });
      return replays;
    },
    async close(graceMs, onSettled = async () => {}) {
      const lettersMs = graceMs * deadLettersShare;
      const reportsMs = graceMs * reportsShare;
      const begun = performance.now();
      const rest = () => graceMs - (performance.now() - begun);
      await closeAll(
        tables.map(([, table]) => table),
        graceMs - lettersMs - reportsMs,
      );
      // Until now, a row in flight may still become a dead letter.
      const letters = replays ? [deadLetters, await replays] : [deadLetters];
      await closeAll(letters, Math.max(lettersMs, rest() - reportsMs));
      await Promise.race([
        onSettled(),
        sleep(Math.max(reportsMs, rest()), undefined, { ref: false }),
      ]);
      await closeAll(
        openReports.map(([, table]) => table),
        Math.max(0, rest()),
      );
    },
  };
}

function closeAll(tables: readonly OpenTable[], graceMs: number): Promise<unknown> {
  return Promise.all(tables.map((table) => table.close(graceMs)));
}

export interface TableOfStream {
  stream: string;
  table: string;
  layout: TableLayout;
  invalidValues: InvalidValues;
}

/** The tables of what the edge itself sends; the subscriber's own counts are in the ledger, too. */
function reportTables(relay: Relay): (Omit<TableOfStream, 'stream'> & {
  report: ReportTable;
})[] {
  const invalidValues = 'dead-letter' as const;
  return [
    { report: 'ledger', table: ledgerTable(relay), layout: ledgerLayout, invalidValues },
    { report: 'census', table: censusTable(relay), layout: censusLayout, invalidValues },
    { report: 'refused', table: refusedTable(relay), layout: refusedLayout, invalidValues },
  ];
}

/** The tables of all streams of rows. */
export function tablesOf(relay: Relay): TableOfStream[] {
  return [...relay.streams.values()].flatMap((stream) => {
    const source = sources[stream.source];
    if (source.delivers !== 'rows') return [];
    const layout = keyedLayout(source.layout(stream), stream);
    const { name, table, invalidValues = 'null' } = stream;
    return [{ stream: name, table, layout, invalidValues }];
  });
}
