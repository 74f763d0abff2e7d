import { censusStream, readCount } from '../shared/census.ts';
import type { Relay, RelayStream } from '../shared/config.ts';
import { type Envelope, readEnvelope } from '../shared/envelope.ts';
import type { Announcement, Mapping } from '../shared/source.ts';
import { sources } from '../shared/sources/registry.ts';
import { deadLetterRow } from './dead-letters.ts';
import { deliveryFate, type EventFate } from './delivery-fate.ts';
import type { Fate } from './fate.ts';
import type { Log } from './log.ts';
import { RecentIds } from './recent-ids.ts';
import { sequenceOf } from './sequence.ts';
import type { TableQueue } from './table-queue.ts';
import type { WaitingRoom } from './waiting-room.ts';

/** A pulled envelope, as Pub/Sub's client hands it over. */
export interface PulledMessage {
  readonly id: string;
  readonly data: Uint8Array;
  readonly attributes: Readonly<Record<string, string>>;
  ack(): void;
  nack(): void;
}

export interface PipelineOptions {
  relay: Relay;
  /** One queue for each stream of rows, by the stream's name. */
  tables: ReadonlyMap<string, Pick<TableQueue, 'write'>>;
  deadLetters: Pick<TableQueue, 'write'>;
  room: Pick<WaitingRoom, 'enter' | 'leave'>;
  /** Fetches and loads an announced export, however long it takes. Never rejects. */
  loadExport: (stream: RelayStream, announcement: Announcement) => Promise<Fate>;
  log: Log;
  now?: () => number;
}

/** Ids that are remembered after they were written: some minutes of a busy relay, 30 MB at most. */
const rememberedIds = 100_000;

/** Turns envelopes into rows. A message is acked when its rows, or its dead letter, are in BigQuery. */
export class Pipeline {
  readonly #options: PipelineOptions;
  readonly #now: () => number;
  readonly #written = new RecentIds(rememberedIds);
  /** Deliveries on their way, each with every copy of its envelope that has come so far. */
  readonly #underWay = new Map<string, PulledMessage[]>();

  #taken = 0;
  #acked = 0;

  constructor(options: PipelineOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
  }

  /** Messages, ever. */
  get taken(): number {
    return this.#taken;
  }

  get acked(): number {
    return this.#acked;
  }

  /** Takes one message to its end. Never rejects: Pub/Sub's client would swallow it and lease for good. */
  async take(message: PulledMessage): Promise<void> {
    this.#taken++;
    this.#options.room.enter(message.data.length);
    const reading = readEnvelope(message.attributes, message.data);
    if (!reading.ok) return this.#bury(message, [message], reading.problem);

    const { envelope } = reading;
    if (this.#written.has(envelope.deliveryId)) return this.#ack([message]);

    const copies = this.#underWay.get(envelope.deliveryId);
    if (copies) {
      copies.push(message);
      return;
    }
    const messages = [message];
    this.#underWay.set(envelope.deliveryId, messages);
    const fate = await this.#relay(envelope);
    if (fate.kind === 'written') {
      this.#written.add(envelope.deliveryId);
      this.#ack(messages);
    } else if (fate.kind === 'dead') {
      await this.#bury(message, messages, fate.reason, fate.column);
    } else {
      this.#giveBack(messages);
    }
    this.#underWay.delete(envelope.deliveryId);
  }

  /** Waits by itself for nothing: each promise on the way of every message is paid for. */
  #relay(envelope: Envelope): Fate | Promise<Fate> {
    if (envelope.stream === censusStream) return this.#writeCount(envelope);
    const stream = this.#options.relay.streams.get(envelope.stream);
    if (!stream) {
      return {
        kind: 'dead',
        reason: `no stream "${envelope.stream}": is the Worker's tributary.config.ts newer than this one?`,
      };
    }
    try {
      return this.#write(envelope, stream);
    } catch (error) {
      // A mistake in our own mapping: kept as a dead letter it can be sent again once it is mended.
      return { kind: 'dead', reason: `the mapping failed: ${(error as Error).message}` };
    }
  }

  #write(envelope: Envelope, stream: RelayStream): Fate | Promise<Fate> {
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
      return this.#writeRow(only, envelope, stream, table);
    }
    return this.#writeEvents(mappings, envelope, stream, table);
  }

  async #writeEvents(
    mappings: readonly Mapping[],
    envelope: Envelope,
    stream: RelayStream,
    table: Pick<TableQueue, 'write'>,
  ): Promise<Fate> {
    const fates = await Promise.all(
      mappings.map((mapping) => this.#writeEvent(mapping, envelope, stream, table)),
    );
    const fate = deliveryFate(fates);
    // A delivery that comes again, or is sent again once it is mended, must not double its good rows.
    if (fate.kind !== 'written') this.#rememberEvents(envelope.deliveryId, fates);
    return fate;
  }

  #writeCount({ deliveryId, body }: Envelope): Fate | Promise<Fate> {
    const row = readCount(deliveryId, body);
    if (!row) return { kind: 'dead', reason: 'the body is no count of the census' };
    const table = this.#options.tables.get(censusStream);
    return table ? table.write(row) : { kind: 'held', reason: 'the census is not open' };
  }

  async #writeEvent(
    mapping: Mapping,
    envelope: Envelope,
    stream: RelayStream,
    table: Pick<TableQueue, 'write'>,
  ): Promise<EventFate> {
    const { event } = mapping;
    const index = event === undefined ? {} : { event };
    if (event !== undefined && this.#written.has(eventId(envelope.deliveryId, event))) {
      return { ...index, fate: { kind: 'written' } };
    }
    return { ...index, fate: await this.#writeRow(mapping, envelope, stream, table) };
  }

  #writeRow(
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

  #rememberEvents(deliveryId: string, fates: readonly EventFate[]): void {
    for (const { event, fate } of fates) {
      if (event !== undefined && fate.kind === 'written') {
        this.#written.add(eventId(deliveryId, event));
      }
    }
  }

  /** Stores a dead letter, and only then acks. */
  async #bury(
    message: PulledMessage,
    copies: readonly PulledMessage[],
    reason: string,
    column?: string,
  ): Promise<void> {
    const { id: messageId, attributes, data } = message;
    const letter = { messageId, attributes, data, reason, ...(column && { column }) };
    const fate = await this.#options.deadLetters.write(deadLetterRow(letter, this.#now()));
    this.#options.log({
      severity: 'ERROR',
      message: fate.kind === 'written' ? 'dead letter' : 'dead letter not stored',
      stream: attributes['stream'],
      delivery_id: attributes['delivery_id'],
      reason,
      column,
      ...(fate.kind !== 'written' && { cause: fate.reason }),
    });
    if (fate.kind === 'written') this.#ack(copies);
    else this.#giveBack(copies);
  }

  #ack(messages: readonly PulledMessage[]): void {
    for (const message of messages) {
      message.ack();
      this.#acked++;
      this.#options.room.leave(message.data.length);
    }
  }

  /** Pub/Sub delivers them again, later and later, by the subscription's retry policy. */
  #giveBack(messages: readonly PulledMessage[]): void {
    for (const message of messages) {
      message.nack();
      this.#options.room.leave(message.data.length);
    }
  }
}

/** A delivery's own id holds no slash: the two kinds share one memory. */
function eventId(deliveryId: string, event: number): string {
  return `${deliveryId}/${event}`;
}
