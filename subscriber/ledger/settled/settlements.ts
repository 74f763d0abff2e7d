import { hash } from 'node:crypto';
import type { Relay, RelayStream } from '../../../shared/config/config.ts';
import {
  acceptedStreamAttribute,
  type Envelope,
  replayedFromAttribute,
  replayedMessageAttribute,
} from '../../../shared/envelope.ts';
import { edgeReportStream } from '../../../shared/report/edge-report.ts';
import { type SettledOutcome, settledOutcomes } from '../../../shared/report/ledger.ts';
import { sources } from '../../../shared/sources/registry.ts';
import { RecentIds } from '../../pull/redeliveries.ts';
import { isKeyedByBody, leavesTrace } from '../delivery-trace.ts';
import type { LedgerWriter } from './ledger-writer.ts';
import type { Settled } from './settled-counts.ts';

export interface SettlementOptions {
  relay: Relay;
  ledger: Pick<LedgerWriter, 'count' | 'store'>;
  /** Unix milliseconds. */
  now?: () => number;
}

/** What the pipeline knows of a delivery when it is settled. */
export interface Settlement {
  envelope: Envelope;
  attributes: Readonly<Record<string, string>>;
  outcome: 'written' | 'written in part' | 'dead letter';
  rows: number;
  /** There is nothing in the delivery that becomes a row. */
  hasNoRow: boolean;
}

const rememberedIds = 50_000;

/** Counts each delivery once by what became of it, however often its message comes. */
export class Settlements {
  readonly #relay: Relay;
  readonly #ledger: SettlementOptions['ledger'];
  readonly #now: () => number;
  /** Names of streams whose tables do not keep a trace of each delivery. */
  readonly #traceless: ReadonlySet<string>;
  /** Names of streams where an equal body is an equal row. */
  readonly #keyedByBody: ReadonlySet<string>;
  /** Hashes of bodies that are written. */
  readonly #bodies = new RecentIds(rememberedIds);
  /** Dead letters and replays, which may come again after they were counted. */
  readonly #counted = new RecentIds(rememberedIds);

  constructor({ relay, ledger, now = Date.now }: SettlementOptions) {
    this.#relay = relay;
    this.#ledger = ledger;
    this.#now = now;
    const streams = [...relay.streams.values()];
    const namesOf = (some: RelayStream[]) => new Set(some.map(({ name }) => name));
    this.#traceless = namesOf(streams.filter((stream) => !leavesTrace(stream)));
    this.#keyedByBody = namesOf(streams.filter(isKeyedByBody));
  }

  /**
   * Counts a delivery whose messages are about to be acked.
   *
   * @returns where the acks must wait: whether they may be sent, or the messages must be nacked
   */
  settle(settlement: Settlement): Promise<boolean> | undefined {
    const { envelope, attributes, outcome, rows } = settlement;
    const { stream, deliveryId: id, receivedAt } = envelope;
    if (stream === edgeReportStream) return undefined;
    if (attributes[replayedMessageAttribute] !== undefined) {
      this.#countReplay(settlement);
      return undefined;
    }
    const settled = { stream, receivedAt, outcome, rows };
    const freshnessMs = this.#now() - receivedAt;
    if (outcome !== 'written') {
      if (!this.#isFirst(id)) return undefined;
      const isInTable = outcome === 'written in part';
      this.#ledger.count(isInTable ? { ...settled, freshnessMs } : settled);
      return undefined;
    }
    if (settlement.hasNoRow) {
      return this.#ledger.store({ ...settled, id, outcome: 'no row' }, false);
    }
    if (this.#traceless.has(stream)) {
      const isRetry = this.#keyedByBody.has(stream) && this.#isRetry(envelope);
      const settledAs = { ...settled, ...(isRetry && { outcome: 'duplicate' as const }) };
      return this.#ledger.store({ ...settledAs, id, freshnessMs }, true);
    }
    this.#ledger.count({ ...settled, freshnessMs });
    return undefined;
  }

  /** Counts rows of a delivery that comes again, because others of its rows are not written. */
  addRows({ stream, receivedAt }: Envelope, rows: number): void {
    if (rows === 0 || stream === edgeReportStream) return;
    this.#ledger.count({ stream, receivedAt, outcome: 'written', deliveries: 0, rows });
  }

  /** The delivery is counted where it was accepted: it moves from the outcome that it had before. */
  #countReplay({ envelope, attributes, outcome, rows, hasNoRow }: Settlement): void {
    const { deliveryId, receivedAt, replay = 0 } = envelope;
    const stream = attributes[acceptedStreamAttribute] ?? envelope.stream;
    if (!this.#isFirst(`${deliveryId}/${replay}`)) return;
    const before = readOutcome(attributes[replayedFromAttribute]);
    const isExport = hasNoRow && this.#delivers(envelope.stream) === 'exports';
    const after = isExport ? 'no row' : outcome;
    const one: Omit<Settled, 'outcome'> = { stream, receivedAt, rows: 0 };
    if (before === after) {
      if (rows > 0) this.#ledger.count({ ...one, outcome: after, deliveries: 0, rows });
      return;
    }
    this.#ledger.count({ ...one, outcome: after, rows });
    if (before) this.#ledger.count({ ...one, outcome: before, deliveries: -1 });
  }

  /** A sender's retry is another delivery with the same body: in a table with a key it changes nothing. */
  #isRetry({ stream, body, query = '' }: Envelope): boolean {
    const digest = `${stream}\n${query}\n${hash('sha1', body, 'base64')}`;
    if (this.#bodies.has(digest)) return true;
    this.#bodies.add(digest);
    return false;
  }

  #isFirst(id: string): boolean {
    if (this.#counted.has(id)) return false;
    this.#counted.add(id);
    return true;
  }

  #delivers(stream: string): 'rows' | 'exports' | undefined {
    const found: RelayStream | undefined = this.#relay.streams.get(stream);
    return found && sources[found.source].delivers;
  }
}

function readOutcome(text: string | undefined): SettledOutcome | undefined {
  return settledOutcomes.find((outcome) => outcome === text);
}
