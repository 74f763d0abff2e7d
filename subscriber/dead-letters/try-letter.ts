import { keyedLayout } from '../../shared/columns.ts';
import type { Relay } from '../../shared/config/config.ts';
import { readEnvelope } from '../../shared/envelope.ts';
import { sources } from '../../shared/sources/registry.ts';
import { createEncoder } from '../bigquery/encode/encode.ts';
import { RecentIds } from '../pull/redeliveries.ts';
import { DeliveryWriter } from '../rows/delivery-writer.ts';
import type { RowTable } from '../rows/row-writer.ts';
import type { WriteResult } from '../rows/write-result.ts';
import type { WholeLetter } from './find-letters.ts';

/** What a replay would give: rows, an export that is loaded, or a dead letter again, and why. */
export interface Trial {
  kind: 'row' | 'row in part' | 'export' | 'dead letter' | 'no stream';
  rows: number;
  reason?: string;
}

/** Letters that a replay would give the same. */
export interface TrialGroup extends Omit<Trial, 'rows'> {
  stream: string | null;
  count: number;
  /** The first of them. */
  first: Pick<WholeLetter, 'messageId' | 'deliveryId'>;
}

/** Writes letters to no table: the same code as the subscriber's, under the config as it is now. */
export class LetterTrials {
  readonly #relay: Relay;
  readonly #writer: DeliveryWriter;
  #rows = 0;
  #exports = 0;

  constructor(relay: Relay) {
    this.#relay = relay;
    const written: WriteResult = { kind: 'written' };
    this.#writer = new DeliveryWriter({
      relay,
      tables: new Map([...relay.streams.keys()].flatMap((name) => this.#tableOf(name))),
      exports: {
        write: async () => {
          this.#exports++;
          return written;
        },
      },
      written: new RecentIds(1),
      writtenInPart: new RecentIds(1),
    });
  }

  /** One at a time. */
  async try(letter: WholeLetter): Promise<Trial> {
    this.#rows = 0;
    this.#exports = 0;
    const reading = readEnvelope(letter.attributes, letter.data);
    if (!reading.ok) return { kind: 'dead letter', rows: 0, reason: reading.problem };
    const { stream } = reading.envelope;
    if (!this.#relay.streams.has(stream)) {
      return { kind: 'no stream', rows: 0, reason: `the config has no stream "${stream}"` };
    }
    const result = await this.#writer.write(reading.envelope);
    const rows = this.#rows;
    if (result.kind === 'nacked') return { kind: 'dead letter', rows, reason: result.reason };
    const reason = result.problem?.reason;
    if (result.kind === 'invalid') return { kind: 'dead letter', rows, reason: reason ?? '' };
    if (this.#exports > 0) return { kind: 'export', rows };
    return reason === undefined ? { kind: 'row', rows } : { kind: 'row in part', rows, reason };
  }

  /** @param as the stream to replay them into, if it is not their own */
  async tryAll(letters: AsyncIterable<WholeLetter>, as?: string): Promise<TrialGroup[]> {
    const groups = new Map<string, TrialGroup>();
    for await (const letter of letters) {
      if (as !== undefined) letter.attributes['stream'] = as;
      const { stream, messageId, deliveryId } = letter;
      const { kind, reason } = await this.try(letter);
      const name = JSON.stringify([stream, kind, reason]);
      const why = reason !== undefined && { reason };
      const first = { messageId, deliveryId };
      const group = groups.get(name) ?? { stream, kind, ...why, count: 0, first };
      group.count++;
      groups.set(name, group);
    }
    return [...groups.values()];
  }

  #tableOf(name: string): [string, RowTable][] {
    const stream = this.#relay.streams.get(name);
    if (!stream) return [];
    const source = sources[stream.source];
    if (source.delivers !== 'rows') return [];
    const layout = keyedLayout(source.layout(stream), stream);
    const encoder = createEncoder(layout, Date.now, stream.invalidValues ?? 'null');
    const queue = {
      write: async (): Promise<WriteResult> => {
        this.#rows++;
        return { kind: 'written' };
      },
    };
    return [[name, { encoder, queue }]];
  }
}
