import { censusStream, readCount } from '../../shared/census.ts';
import type { Relay, RelayStream } from '../../shared/config/config.ts';
import type { Envelope } from '../../shared/envelope.ts';
import type { Mapping } from '../../shared/shape/map-columns.ts';
import { sources } from '../../shared/sources/registry.ts';
import type { Announcement } from '../../shared/sources/source.ts';
import type { RecentIds } from '../pull/recent-ids.ts';
import { EventAllowance, sizeOf } from './event-allowance.ts';
import { EventFates } from './event-fates.ts';
import type { Fate } from './fate.ts';
import { inflateEnvelope } from './inflate-body.ts';
import { sequenceOf } from './sequence.ts';
import type { TableQueue } from './table-queue.ts';
import { lacking, lossOf, withLoss } from './written-in-part.ts';

export type RowTable = Pick<TableQueue, 'write' | 'judge'>;

export interface EnvelopeWriterOptions {
  relay: Relay;
  /** One queue for each stream of rows, by the stream's name. */
  tables: ReadonlyMap<string, RowTable>;
  /** Fetches and loads an announced export, however long it takes. Never rejects. */
  loadExport: (stream: RelayStream, announcement: Announcement) => Promise<Fate>;
  /** Ids of deliveries, and of events of deliveries, that were written lately. */
  written: RecentIds;
  /** The same of those whose row lacks something: it is written again once it would lack nothing. */
  writtenInPart: RecentIds;
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
    try {
      const inflated = inflateEnvelope(envelope, stream.maxBodyBytes);
      if (!inflated.ok) return { kind: 'dead', reason: inflated.reason };
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
    if (!only) return { kind: 'written' };
    const isWritten = this.#options.writtenInPart.has(envelope.deliveryId);
    const known = isWritten ? this.#judgeAgain(only, envelope.deliveryId, table) : undefined;
    return known ?? writeRow(only, envelope, stream, table);
  }

  /** Of a delivery that may hold many events. Never rejects. */
  async #writeEvents(
    mappings: Iterable<Mapping>,
    envelope: Envelope,
    stream: RelayStream,
    table: RowTable,
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
    table: RowTable,
  ): Fate | Promise<Fate> {
    const { event } = mapping;
    const id = event === undefined ? undefined : eventId(envelope.deliveryId, event);
    const isWritten = id !== undefined && this.#options.written.has(id);
    const known = isWritten ? this.#judgeAgain(mapping, id, table) : undefined;
    return known ?? writeRow(mapping, envelope, stream, table);
  }

  /**
   * The fate of a row that was written before: what it lacks may still have to be stored. Undefined where it
   * lacked something and would not any more, as when it is sent again once the cause is mended.
   */
  #judgeAgain(mapping: Mapping, id: string, table: RowTable): Fate | undefined {
    const fate = judgeRow(mapping, table);
    const isWhole = fate.kind === 'written' && !fate.lacks;
    return isWhole && this.#options.writtenInPart.has(id) ? undefined : fate;
  }

  #settleEvents(deliveryId: string, fates: EventFates): Fate {
    const { fate } = fates;
    // A delivery that comes again, or is sent again once it is mended, must not double its good rows.
    if (fate.kind !== 'written' || fate.lacks) {
      const { written, writtenInPart } = this.#options;
      for (const event of fates.written) written.add(eventId(deliveryId, event));
      for (const event of fates.writtenInPart) writtenInPart.add(eventId(deliveryId, event));
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
  table: RowTable,
): Fate | Promise<Fate> {
  if (!mapping.ok) return unmapped(mapping);
  const fate = table.write(mapping.row, key && sequenceOf(envelope, mapping.event));
  return mapping.notes ? lacking(lossOf(mapping.notes), fate) : fate;
}

/** As if the row were written now. */
function judgeRow(mapping: Mapping, table: RowTable): Fate {
  if (!mapping.ok) return unmapped(mapping);
  const fate = table.judge(mapping.row);
  return mapping.notes ? withLoss(lossOf(mapping.notes), fate) : fate;
}

function unmapped({ reason, column }: Extract<Mapping, { ok: false }>): Fate {
  return { kind: 'dead', reason, ...(column && { column }) };
}

/** A delivery's own id holds no slash: the two kinds share one memory. */
function eventId(deliveryId: string, event: number): string {
  return `${deliveryId}/${event}`;
}
