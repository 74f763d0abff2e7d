import { censusStream, readCount } from '../shared/census.ts';
import type { Relay, RelayStream } from '../shared/config.ts';
import type { Envelope } from '../shared/envelope.ts';
import type { Announcement, Mapping } from '../shared/source.ts';
import { sources } from '../shared/sources/registry.ts';
import { deliveryFate, type EventFate, laterFates } from './delivery-fate.ts';
import type { Fate } from './fate.ts';
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
    try {
      return this.#writeDelivery(envelope, stream);
    } catch (error) {
      // A mistake in our own mapping: kept as a dead letter it can be sent again once it is mended.
      return { kind: 'dead', reason: `the mapping failed: ${(error as Error).message}` };
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
    const mappings = source.map(envelope, stream);
    const [only] = mappings;
    if (only && mappings.length === 1 && only.event === undefined) {
      return writeRow(only, envelope, stream, table);
    }
    const { deliveryId } = envelope;
    const fates = mappings.map((mapping) => this.#writeEvent(mapping, envelope, stream, table));
    return this.#settleEvents(deliveryId, fates);
  }

  #writeEvent(
    mapping: Mapping,
    envelope: Envelope,
    stream: RelayStream,
    table: Pick<TableQueue, 'write'>,
  ): EventFate | Promise<EventFate> {
    const { event } = mapping;
    if (event === undefined) return eventFate({}, writeRow(mapping, envelope, stream, table));
    if (this.#options.written.has(eventId(envelope.deliveryId, event))) {
      return { event, fate: { kind: 'written' } };
    }
    return eventFate({ event }, writeRow(mapping, envelope, stream, table));
  }

  async #settleEvents(
    deliveryId: string,
    events: readonly (EventFate | Promise<EventFate>)[],
  ): Promise<Fate> {
    const fates = await Promise.all(events);
    const fate = deliveryFate(fates);
    // A delivery that comes again, or is sent again once it is mended, must not double its good rows.
    if (fate.kind !== 'written') this.#rememberEvents(deliveryId, fates);
    if (fate.kind !== 'held') return fate;
    const { kind, reason } = fate;
    const later = laterFates(fates);
    return later ? { kind, reason, later: this.#settleEvents(deliveryId, later) } : fate;
  }

  #rememberEvents(deliveryId: string, fates: readonly EventFate[]): void {
    for (const { event, fate } of fates) {
      if (event !== undefined && fate.kind === 'written') {
        this.#options.written.add(eventId(deliveryId, event));
      }
    }
  }
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

/** Holds on to nothing of the delivery: it may wait for hours. */
async function eventFate(
  index: { event?: number },
  fate: Fate | Promise<Fate>,
): Promise<EventFate> {
  return { ...index, fate: await fate };
}

/** A delivery's own id holds no slash: the two kinds share one memory. */
function eventId(deliveryId: string, event: number): string {
  return `${deliveryId}/${event}`;
}
