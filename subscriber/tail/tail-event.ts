import { type Envelope, readEnvelope } from '../../shared/envelope.ts';
import type { CensusCount } from '../../shared/report/census.ts';
import { edgeReportStream, isOwnStream, takenOutcomes } from '../../shared/report/edge-report.ts';
import type { EdgeCount } from '../../shared/report/ledger.ts';
import { readReport } from '../../shared/report/read-report.ts';
import type { RefusedDelivery } from '../../shared/report/refused.ts';

/** A message of Pub/Sub as its client gives it. */
export interface TailMessage {
  readonly id: string;
  readonly data: Uint8Array;
  readonly attributes: Readonly<Record<string, string>>;
}

/** What the tail shows. */
export type TailEvent =
  | { kind: 'delivery'; delivery: TailedDelivery }
  /** What the edge counted and refused in the last seconds, of the streams that are followed. */
  | { kind: 'report'; filtered: CensusCount[]; refused: RefusedDelivery[]; counts: EdgeCount[] }
  | { kind: 'unreadable'; messageId: string; problem: string };

interface TailedDelivery {
  envelope: Envelope;
  /** From the edge until here, by two clocks. */
  latencyMs: number;
  /** It was published while the tail was off. */
  isLate: boolean;
}

/**
 * @param stream only of this one
 * @returns undefined for what is not to be shown
 */
export function readTailEvent(
  message: TailMessage,
  { stream, now, isLate }: { stream?: string | undefined; now: number; isLate: boolean },
): TailEvent | undefined {
  const { id: messageId, attributes, data } = message;
  const reading = readEnvelope(attributes, data);
  if (!reading.ok) return { kind: 'unreadable', messageId, problem: reading.problem };
  const { envelope } = reading;
  if (envelope.stream === edgeReportStream) return toReportEvent(envelope, messageId, stream);
  if (isOwnStream(envelope.stream)) return undefined;
  if (stream !== undefined && envelope.stream !== stream) return undefined;
  const latencyMs = Math.max(0, now - envelope.receivedAt);
  return { kind: 'delivery', delivery: { envelope, latencyMs, isLate } };
}

function toReportEvent(
  { body }: Envelope,
  messageId: string,
  stream: string | undefined,
): TailEvent | undefined {
  const report = readReport(body);
  if (!report) return { kind: 'unreadable', messageId, problem: 'it is no report of the edge' };
  const own = <Item extends { stream: string }>(items: readonly Item[]): Item[] =>
    items.filter((item) => stream === undefined || item.stream === stream);
  const filtered = own(report.census);
  const refused = own(report.refused);
  const counts = own(report.ledger).filter(({ outcome }) => !takenOutcomes.includes(outcome));
  if (filtered.length + refused.length + counts.length === 0) return undefined;
  return { kind: 'report', filtered, refused, counts };
}
