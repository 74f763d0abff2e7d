import { type SettledOutcome, settledOutcomes } from '../../shared/report/ledger.ts';

/** What is known of the deliveries of one stream that the edge received within one minute. */
export interface LedgerLine {
  /** Empty: no stream answers at the path. */
  stream: string;
  /** ISO 8601, by the clock of the edge. */
  minute: string;
  received: number;
  filtered: number;
  /** By cause, or by outcome where it has no cause. */
  rejected: Record<string, number>;
  handshakes: number;
  /** Answered 503: the sender sends them again. */
  notStored: number;
  accepted: number;
  /** How many of the accepted ones overflow kept. */
  overflow: number;
  /** Deliveries whose events are all rows. */
  written: number;
  rows: number;
  writtenInPart: number;
  duplicates: number;
  noRow: number;
  deadLetters: number;
  inFlight: number;
  /** Accepted, and not arrived: Pub/Sub or overflow holds them. */
  remainder: number;
  /** Settled beyond what the edge has reported. `accepted` has them. */
  uncounted: number;
  /** When the subscriber's counts were last replaced by those of the tables; ISO 8601. */
  recountedAt?: string;
}

/** A row of `sumsQuery`. */
export interface LedgerSum {
  minute: number;
  stream: string;
  side: string;
  outcome: string;
  cause: string | null;
  deliveries: number;
  row_count: number;
  least: number;
  reported_at: number;
}

/** The counts of one stream and minute, before they are compared. */
export interface LedgerCounts extends Omit<LedgerLine, 'minute' | 'remainder' | 'uncounted'> {
  /** Unix milliseconds. */
  minute: number;
  /** When the newest count of edge or subscriber was reported, and of the subscriber alone, in Unix milliseconds. */
  reportedAt: number;
  subscriberAt: number;
  recountAt: number;
  /** When a dead letter of it was last replayed. */
  replayedAt: number;
  /** Replays moved deliveries from one outcome to another: only the tables know for sure. */
  wasAdjusted: boolean;
}

/** What the subscriber counts, and a recount replaces. */
export const nothingSettled = {
  written: 0,
  rows: 0,
  writtenInPart: 0,
  duplicates: 0,
  noRow: 0,
  deadLetters: 0,
};

export function countsOf(minute: number, stream: string): LedgerCounts {
  return {
    stream,
    minute,
    received: 0,
    filtered: 0,
    rejected: {},
    handshakes: 0,
    notStored: 0,
    accepted: 0,
    overflow: 0,
    ...nothingSettled,
    inFlight: 0,
    reportedAt: 0,
    subscriberAt: 0,
    recountAt: 0,
    replayedAt: 0,
    wasAdjusted: false,
  };
}

export function addSum(counts: LedgerCounts, sum: LedgerSum): void {
  if (sum.side === 'edge') addEdge(counts, sum);
  else addSettled(counts, sum);
  counts.reportedAt = Math.max(counts.reportedAt, sum.side === 'recount' ? 0 : sum.reported_at);
}

function addEdge(counts: LedgerCounts, { outcome, cause, deliveries }: LedgerSum): void {
  counts.received += deliveries;
  if (outcome === 'accepted') {
    counts.accepted += deliveries;
    if (cause === 'overflow') counts.overflow += deliveries;
  } else if (outcome === 'filtered') counts.filtered += deliveries;
  else if (outcome === 'handshake') counts.handshakes += deliveries;
  else if (outcome === 'not-stored') counts.notStored += deliveries;
  else {
    const name = cause ?? outcome;
    counts.rejected[name] = (counts.rejected[name] ?? 0) + deliveries;
  }
}

const fields = {
  written: 'written',
  'written in part': 'writtenInPart',
  'dead letter': 'deadLetters',
  duplicate: 'duplicates',
  'no row': 'noRow',
} as const satisfies Record<SettledOutcome, keyof LedgerCounts>;

function addSettled(counts: LedgerCounts, sum: LedgerSum): void {
  const outcome = settledOutcomes.find((known) => known === sum.outcome);
  if (outcome) counts[fields[outcome]] += sum.deliveries;
  counts.rows += sum.row_count;
  if (sum.side === 'recount') counts.recountAt = sum.reported_at;
  else {
    counts.subscriberAt = Math.max(counts.subscriberAt, sum.reported_at);
    counts.wasAdjusted ||= sum.least < 0;
  }
}

/** How many of the accepted deliveries have an outcome. */
export function settledOf(counts: LedgerCounts): number {
  return settledOutcomes.reduce((sum, outcome) => sum + counts[fields[outcome]], 0);
}

export function toLine(counts: LedgerCounts): LedgerLine {
  const { minute, reportedAt: _r, subscriberAt: _s, replayedAt: _a, ...more } = counts;
  const { recountAt, wasAdjusted: _w, ...line } = more;
  const known = settledOf(counts) + counts.inFlight;
  const uncounted = Math.max(0, known - counts.accepted);
  return {
    ...line,
    minute: new Date(minute).toISOString(),
    received: counts.received + uncounted,
    accepted: counts.accepted + uncounted,
    remainder: Math.max(0, counts.accepted - known),
    uncounted,
    ...(recountAt > 0 && { recountedAt: new Date(recountAt).toISOString() }),
  };
}
