import { connectBigQuery } from '../../../local/google-clients.ts';
import type { Relay } from '../../../shared/config/config.ts';
import { type LedgerLine, readLedger } from '../../../subscriber/ledger/read-ledger.ts';
import type { Differences } from './differences.ts';
import { tables } from './expected.ts';
import type { Outside, Sent } from './outside.ts';

export interface ProductLedger {
  relay: Relay;
  /** Of BigQuery's REST API. */
  port: number;
}

/** The relay's own ledger beside the one outside, of one stream. */
export interface LedgerFigures {
  stream: string;
  /** `inside`: as `tributary ledger` says it. `least` and `most`: by the ledger outside. */
  accepted: Bounds;
  filtered: Bounds;
  rejected: Bounds;
  written: number;
  writtenInPart: number;
  deadLetters: number;
  duplicates: number;
  noRow: number;
  uncounted: number;
  remainder: number;
  inFlight: number;
}

interface Bounds {
  inside: number;
  least: number;
  most: number;
}

/** The ledger counts a minute in the tables when it is over for a minute. */
const aheadMs = 150_000;
/** What an isolate of the edge counted and did not report: ten seconds, and more while Pub/Sub took no reports. */
const unreportedMs = 45_000;
/** Ten seconds, the longest pause between two tries to write, and some for what was scripted meanwhile. */
const uncountedMs = 45_000;

/**
 * What `tributary ledger` reads, by the clock of a time when everything is over. Only at rest: minutes that do not add up
 * are counted again, and what is reported later would count as older.
 */
async function readProductLedger(
  { relay, port }: ProductLedger,
  since: number,
): Promise<LedgerLine[]> {
  const bigquery = connectBigQuery(relay.project, port);
  return await readLedger({ bigquery, relay }, { since, now: Date.now() + aheadMs });
}

export interface ComparedAt {
  /** Unix milliseconds, as the next two. */
  startedAt: number;
  edgeEnds: readonly number[];
  subscriberEnds: readonly number[];
  differences: Differences;
}

export async function compareLedger(
  source: ProductLedger,
  outside: Outside,
  ids: ReadonlyMap<string, ReadonlySet<string>>,
  { startedAt, edgeEnds, subscriberEnds, differences }: ComparedAt,
): Promise<LedgerFigures[]> {
  const lines = await readProductLedger(source, startedAt);
  const figures: LedgerFigures[] = [];
  for (const stream of [...tables.map((table) => table.stream), 'ab']) {
    const sent = [...outside.sent.values()].filter((one) => one.stream === stream);
    const inside = lines.filter((line) => line.stream === stream);
    const of = (count: (line: LedgerLine) => number) =>
      inside.reduce((n, line) => n + count(line), 0);
    const isKeyed = tables.some((table) => table.stream === stream && table.isKeyed);
    const acknowledged = count(sent, (one) => one.acknowledged.filter(Boolean).length);
    // Without a key every delivery leaves its id.
    const known = isKeyed || stream === 'ab' ? undefined : ids.get(stream)?.size;
    const open = count(sent, (one) => one.open);
    const filtered = gone(sent, 'filtered', edgeEnds);
    const rejected = gone(sent, 'refused', edgeEnds);
    const one: LedgerFigures = {
      stream,
      accepted: {
        inside: of((line) => line.accepted),
        least: known ?? (isKeyed ? countedFor(sent, subscriberEnds) : acknowledged),
        most: known ?? acknowledged + open,
      },
      filtered: { inside: of((line) => line.filtered), ...filtered },
      rejected: {
        inside: of((line) => Object.values(line.rejected).reduce((a, b) => a + b, 0)),
        ...rejected,
        // What hung up in mid-body is counted as incomplete.
        most: rejected.most + open,
      },
      written: of((line) => line.written),
      writtenInPart: of((line) => line.writtenInPart),
      deadLetters: of((line) => line.deadLetters),
      duplicates: of((line) => line.duplicates),
      noRow: of((line) => line.noRow),
      uncounted: of((line) => line.uncounted),
      remainder: of((line) => line.remainder),
      inFlight: of((line) => line.inFlight),
    };
    figures.push(one);
    check(one, differences);
  }
  return figures;
}

function check(figures: LedgerFigures, differences: Differences): void {
  for (const name of ['accepted', 'filtered', 'rejected'] as const) {
    const { inside, least, most } = figures[name];
    if (inside >= least && inside <= most) continue;
    differences.add('ledger', `${figures.stream} ${name}: ${inside}, not ${least} to ${most}`);
  }
  for (const name of ['remainder', 'inFlight'] as const) {
    if (figures[name] === 0) continue;
    differences.add('ledger', `${figures.stream} ${name}: ${figures[name]}, not 0`);
  }
}

/**
 * Of a table with a key, where a row may be replaced. A subscriber acks without the ledger if that took no rows for ten
 * seconds, and what it then knows ends with it.
 */
function countedFor(sent: readonly Sent[], subscriberEnds: readonly number[]): number {
  const isSafe = (at: number) => !subscriberEnds.some((end) => at <= end && at > end - uncountedMs);
  return count(sent, (one) => (one.acknowledgedAt ?? []).filter(isSafe).length);
}

function count(sent: readonly Sent[], of: (one: Sent) => number): number {
  return sent.reduce((sum, one) => sum + of(one), 0);
}

/** Answers that leave no row: an edge that ends forgets those of its last seconds. */
function gone(
  sent: readonly Sent[],
  fate: 'filtered' | 'refused',
  edgeEnds: readonly number[],
): { least: number; most: number } {
  const ofFate = sent.filter((one) => one.fate === fate);
  const times = ofFate.flatMap((one) => one.answeredAt ?? []);
  const isSafe = (at: number) => !edgeEnds.some((end) => at <= end && at > end - unreportedMs);
  return {
    least: times.filter(isSafe).length,
    most: times.length + count(ofFate, (one) => one.open),
  };
}
