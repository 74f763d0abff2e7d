import type { CensusCount } from './census.ts';
import type { EdgeCount } from './ledger.ts';
import type { RefusedDelivery } from './refused.ts';

/**
 * What one isolate of the edge counted and refused since its last report. It travels as an envelope of its own, at
 * most one each ten seconds: there is no message a delivery.
 */
export interface EdgeReport {
  /** Which isolate it was: eight random hexadecimal digits. */
  isolate: string;
  ledger: EdgeCount[];
  census: CensusCount[];
  refused: RefusedDelivery[];
}

/** The `stream` of an envelope that carries a report. No stream of a relay can have this name. */
export const edgeReportStream = 'tributary.edge';

/** Whether a stream is the relay's own: the names of all others have no dot. */
export function isOwnStream(stream: string): boolean {
  return stream.startsWith('tributary.');
}

/** The edge's outcomes of deliveries that it did not refuse. */
export const takenOutcomes: readonly string[] = ['accepted', 'filtered', 'handshake'];

/** The body of the envelope. */
export function writeReport(report: EdgeReport): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(report));
}
