import type { Row } from '../../../shared/columns.ts';
import { inFlightOutcome } from '../../../shared/report/ledger.ts';
import type { InFlightCount } from './in-flight-gauge.ts';
import type { SettledCount } from './settled-counts.ts';

export interface Report {
  /** The replica. */
  reporter: string;
  /** Unix milliseconds. */
  at: number;
  newId: () => string;
}

/** A row stays far below the 10 MB of an append. */
const idsPerRow = 5000;

/** Within a report, a minute, stream and outcome are one row: so many ids need reports of their own. */
export function settledRows(counts: readonly SettledCount[], report: Report): Row[] {
  const id = report.newId();
  return counts.flatMap((count) => {
    const { deliveries, rows, freshness, ids } = count;
    const first = {
      ...rowOf(count, report, id),
      deliveries: BigInt(deliveries),
      row_count: BigInt(rows),
      freshness: freshness.map(BigInt),
      delivery_ids: ids.slice(0, idsPerRow),
    };
    const more: Row[] = [];
    for (let from = idsPerRow; from < ids.length; from += idsPerRow) {
      more.push({
        ...rowOf(count, report, report.newId()),
        deliveries: 0n,
        row_count: 0n,
        delivery_ids: ids.slice(from, from + idsPerRow),
      });
    }
    return [first, ...more];
  });
}

/** A gauge is one report: the newest of a replica counts. */
export function inFlightRows(gauge: readonly InFlightCount[], report: Report): Row[] {
  const id = report.newId();
  return gauge.map(({ stream, minute, deliveries }) => ({
    ...rowOf({ stream, minute, outcome: inFlightOutcome }, report, id),
    deliveries: BigInt(deliveries),
  }));
}

function rowOf(
  { stream, minute, outcome }: { stream: string; minute: number; outcome: string },
  { reporter, at }: Report,
  id: string,
): Row {
  return {
    minute: new Date(minute * 60_000).toISOString(),
    stream,
    side: 'subscriber',
    outcome,
    reporter,
    report_id: id,
    reported_at: new Date(at).toISOString(),
  };
}
