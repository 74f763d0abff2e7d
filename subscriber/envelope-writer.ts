import { censusStream, readCount } from '../shared/census.ts';
import type { Relay, RelayStream } from '../shared/config.ts';
import type { Envelope } from '../shared/envelope.ts';
import type { Announcement, Mapping } from '../shared/source.ts';
import { sources } from '../shared/sources/registry.ts';
import { EventAllowance, sizeOf } from './event-allowance.ts';
import { EventFates } from './event-fates.ts';
import type { Fate } from './fate.ts';
import { inflateEnvelope } from './inflate-body.ts';
import type { RecentIds } from './recent-ids.ts';
import { sequenceOf } from './sequence.ts';
import type { TableQueue } from './table-queue.ts';

export interface EnvelopeWriterOptions {
  relay: Relay;
  /** One queue for each stream of rows, by the stream's name. */
  tables: ReadonlyMap<string, Pick<TableQueue, 'write'>>;
  /** Fetches and loads an announced export, however long it takes. Never rejects. */
  loadExport: (stream: RelayStream, announcement: Announcement) => Promise<Fate>;
  /** Ids of deliveries, and of events of deliveries, that were written lately. */
  written: RecentIds;
}

/** Turns an envelope into rows of its stream's table, or into the loading of an export. */
export class EnvelopeWriter {
  readonly #options: EnvelopeWriterOptions;
  /** By the stream's name. */
  readonly #allowances = new Map<string, EventAllowance>();

  constructor(options: EnvelopeWriterOptions) {
    this.#options = options;
  }

  /** Never throws or rejects. Waits by itself for nothing: each promise on the way of every message is paid for. */
  write(envelope: Envelope): Fate | Promise<Fate> {
    if (envelope.stream === censusStream) return this.#writeCount(envelope);
    const stream = this.#options.relay.streams.get(envelope.stream);
    if (!stream) {
      return {
        kind: 'dead',
        reason: `no stream "${envelope.stream}": is the Worker's tributary.config.ts newer than this one?`,
      };
    }
    const inflated = inflateEnvelope(envelope, stream.maxBodyBytes);
    if (!inflated.ok) return { kind: 'dead', reason: inflated.reason };
    try {
      return this.#writeDelivery(inflated.envelope, stream);
    } catch (error) {
      return mappingFailed(error);
    }
  }

  #writeCount({ deliveryId, body }: Envelope): Fate | Promise<Fate> {
    const row = readCount(deliveryId, body);
    if (!row) return { kind: 'dead', reason: 'the body is no count of the census' };
    const table = this.#options.tables.get(censusStream);
    return table ? table.write(row) : { kind: 'held', reason: 'the census is not open' };
  }

  #writeDelivery(envelope: Envelope, stream: RelayStream): Fate | Promise<Fate> {
    const source = sources[stream.source];
    if (source.delivers === 'exports') {
      const reading = source.announcement(envelope, stream);
      if (!reading.ok) return { kind: 'dead', ...reading };
      return this.#options.loadExport(stream, reading.announcement);
    }
    const table = this.#options.tables.get(stream.name);
    if (!table) return { kind: 'held', reason: `no table is open for stream "${stream.name}"` };
    const mappings = source.mapEach?.(envelope, stream);
    if (mappings) return this.#writeEvents(mappings, envelope, stream, table);
    const [only] = source.map(envelope, stream);
    return only ? writeRow(only, envelope, stream, table) : { kind: 'written' };
  }

  /** Of a delivery that may hold many events. Never rejects. */
  async #writeEvents(
    mappings: Iterable<Mapping>,
    envelope: Envelope,
    stream: RelayStream,
    table: Pick<TableQueue, 'write'>,
  ): Promise<Fate> {
    const allowance = this.#allowanceOf(stream);
    const fates = new EventFates();
    await allowance.inTurn(async () => {
      try {
        for (const mapping of mappings) {
          const bytes = sizeOf(mapping);
          if (!allowance.has(bytes)) await allowance.freed(bytes);
          // It comes again as a whole: the rest is mapped then.
          if (fates.isHeld) break;
          allowance.take(bytes);
          const fate = this.#writeEvent(mapping, envelope, stream, table);
          fates.follow(mapping.event, fate, () => allowance.giveBack(bytes));
        }
      } catch (error) {
        fates.add({ fate: mappingFailed(error) });
      }
    });
    await fates.known();
    return this.#settleEvents(envelope.deliveryId, fates);
  }

  #writeEvent(
    mapping: Mapping,
    envelope: Envelope,
    stream: RelayStream,
    table: Pick<TableQueue, 'write'>,
  ): Fate | Promise<Fate> {
    const { event } = mapping;
    const isWritten =
      event !== undefined && this.#options.written.has(eventId(envelope.deliveryId, event));
    return isWritten ? { kind: 'written' } : writeRow(mapping, envelope, stream, table);
  }

  #settleEvents(deliveryId: string, fates: EventFates): Fate {
    const { fate } = fates;
    // A delivery that comes again, or is sent again once it is mended, must not double its good rows.
    if (fate.kind !== 'written') {
      for (const event of fates.written) this.#options.written.add(eventId(deliveryId, event));
    }
    if (fate.kind !== 'held') return fate;
    const { kind, reason } = fate;
    const later = fates.later()?.then((next) => this.#settleEvents(deliveryId, next));
    return later ? { kind, reason, later } : { kind, reason };
  }

  #allowanceOf({ name }: RelayStream): EventAllowance {
    const known = this.#allowances.get(name);
    if (known) return known;
    const made = new EventAllowance();
    this.#allowances.set(name, made);
    return made;
  }
}

function mappingFailed(error: unknown): Fate {
  // A mistake in our own mapping: kept as a dead letter it can be sent again once it is mended.
  return { kind: 'dead', reason: `the mapping failed: ${(error as Error).message}` };
}

function writeRow(
  mapping: Mapping,
  envelope: Envelope,
  { key }: RelayStream,
  table: Pick<TableQueue, 'write'>,
): Fate | Promise<Fate> {
  if (!mapping.ok) {
    const { reason, column } = mapping;
    return { kind: 'dead', reason, ...(column && { column }) };
  }
  return table.write(mapping.row, key && sequenceOf(envelope, mapping.event));
}

/** A delivery's own id holds no slash: the two kinds share one memory. */
function eventId(deliveryId: string, event: number): string {
  return `${deliveryId}/${event}`;
}
