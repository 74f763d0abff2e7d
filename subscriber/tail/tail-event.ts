import { type Envelope, readEnvelope } from '../../shared/envelope.ts';
import type { CensusCount } from '../../shared/report/census.ts';
import { type EdgeReport, edgeReportStream } from '../../shared/report/edge-report.ts';
import type { EdgeCount } from '../../shared/report/ledger.ts';
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

/** Outcomes of deliveries that were not refused. */
const goodOutcomes: ReadonlySet<string> = new Set(['accepted', 'filtered', 'handshake']);

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
  if (envelope.stream === edgeReportStream) return readReport(envelope, messageId, stream);
  // Names with a dot are the relay's own.
  if (envelope.stream.startsWith('tributary.')) return undefined;
  if (stream !== undefined && envelope.stream !== stream) return undefined;
  const latencyMs = Math.max(0, now - envelope.receivedAt);
  return { kind: 'delivery', delivery: { envelope, latencyMs, isLate } };
}

function readReport(
  { body }: Envelope,
  messageId: string,
  stream: string | undefined,
): TailEvent | undefined {
  let report: Partial<EdgeReport> | null;
  try {
    report = JSON.parse(new TextDecoder().decode(body)) as typeof report;
  } catch {
    return { kind: 'unreadable', messageId, problem: 'the report of the edge is not JSON' };
  }
  const own = <Item extends { stream: string }>(items: unknown): Item[] =>
    (Array.isArray(items) ? (items as Item[]) : []).filter(
      (item) => stream === undefined || item?.stream === stream,
    );
  const filtered = own<CensusCount>(report?.census);
  const refused = own<RefusedDelivery>(report?.refused);
  const counts = own<EdgeCount>(report?.ledger).filter(({ outcome }) => !goodOutcomes.has(outcome));
  if (filtered.length + refused.length + counts.length === 0) return undefined;
  return { kind: 'report', filtered, refused, counts };
}
