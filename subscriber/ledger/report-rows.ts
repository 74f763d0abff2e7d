import type { Row } from '../../shared/columns.ts';
import type { CensusCount } from '../../shared/report/census.ts';
import type { EdgeReport } from '../../shared/report/edge-report.ts';
import type { EdgeCount } from '../../shared/report/ledger.ts';
import type { RefusedDelivery } from '../../shared/report/refused.ts';

/** The tables that a report is split into. */
export type ReportTable = 'ledger' | 'census' | 'refused';

export interface ReportId {
  /** The delivery id of the report's envelope. */
  id: string;
  /** Unix milliseconds, by the edge's clock. */
  at: number;
}

/** The rows of a report. A report that is read twice gives equal rows, so that a duplicate can be recognised. */
export function reportRows(report: EdgeReport, { id, at }: ReportId): Record<ReportTable, Row[]> {
  return {
    ledger: mergeCounts(report.ledger).map((count) => ({
      minute: new Date(count.minute * 60_000).toISOString(),
      stream: count.stream,
      side: 'edge',
      outcome: count.outcome,
      cause: count.cause ?? null,
      deliveries: BigInt(count.deliveries),
      reporter: report.isolate,
      report_id: id,
      reported_at: new Date(at).toISOString(),
    })),
    census: report.census.map((count) => censusRow(count, id)),
    refused: report.refused.map((refused) => refusedRow(refused, id)),
  };
}

/** Within a report, a minute, stream, outcome and cause are one row. */
function mergeCounts(counts: readonly EdgeCount[]): EdgeCount[] {
  const merged = new Map<string, EdgeCount>();
  for (const count of counts) {
    const key = JSON.stringify([count.minute, count.stream, count.outcome, count.cause]);
    const known = merged.get(key);
    if (known) known.deliveries += count.deliveries;
    else merged.set(key, { ...count });
  }
  return [...merged.values()];
}

function censusRow({ stream, event, cause, dropped, firstAt, lastAt }: CensusCount, id: string) {
  return {
    stream,
    event_name: event ?? null,
    cause,
    dropped: BigInt(dropped),
    first_at: new Date(firstAt).toISOString(),
    last_at: new Date(lastAt).toISOString(),
    census_id: id,
  };
}

function refusedRow(refused: RefusedDelivery, id: string): Row {
  const { at, stream, deliveryId, outcome, cause, hint, method, path, headers } = refused;
  const { bytes, body } = refused;
  return {
    at: new Date(at).toISOString(),
    stream,
    delivery_id: deliveryId ?? null,
    outcome,
    cause: cause ?? null,
    hint: hint ?? null,
    method,
    path,
    headers: JSON.stringify(headers),
    body_bytes: bytes === undefined ? null : BigInt(bytes),
    body: body === undefined ? null : Buffer.from(body, 'base64'),
    report_id: id,
  };
}
