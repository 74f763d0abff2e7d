import type { Envelope } from '../../shared/envelope.ts';
import { readReport } from '../../shared/report/read-report.ts';
import { type RowTable, writeRow } from '../rows/row-writer.ts';
import { combineResults, invalid, type WriteResult } from '../rows/write-result.ts';
import { type ReportTable, reportRows } from './report-rows.ts';

/** The tables beside that of the dead letters that reports of the edge are written to. */
export type ReportTables = Readonly<Record<ReportTable, RowTable>>;

/** Writes the rows of a report: it is written when all three tables have theirs. */
export async function writeReport(tables: ReportTables, envelope: Envelope): Promise<WriteResult> {
  const report = readReport(envelope.body);
  if (!report) return invalid({ reason: 'the body is not a report of the edge' });
  const rows = reportRows(report, { id: envelope.deliveryId, at: envelope.receivedAt });
  const results = await Promise.all(
    Object.entries(rows).flatMap(([table, ofTable]) =>
      ofTable.map((row) => writeRow(tables[table as ReportTable], row)),
    ),
  );
  const whole = results.filter(({ kind }) => kind === 'written').length;
  const others = results.filter(({ kind }) => kind !== 'written');
  return combineResults(
    others.map((result) => ({ result })),
    whole,
  );
}
