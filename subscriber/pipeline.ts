import { readEnvelope } from '../shared/envelope.ts';
import type { DeadLetterQueue } from './dead-letters/dead-letter-queue.ts';
import type { Log } from './log.ts';
import { RecentIds } from './pull/recent-ids.ts';
import type { WaitingRoom } from './pull/waiting-room.ts';
import { EnvelopeWriter, type EnvelopeWriterOptions } from './rows/envelope-writer.ts';
import type { Fate, Loss } from './rows/fate.ts';

/** A pulled envelope, as Pub/Sub's client hands it over. */
export interface PulledMessage {
  readonly id: string;
  readonly data: Uint8Array;
  readonly attributes: Readonly<Record<string, string>>;
  ack(): void;
  nack(): void;
}

export interface PipelineOptions extends Omit<EnvelopeWriterOptions, 'written' | 'writtenInPart'> {
  deadLetters: Pick<DeadLetterQueue, 'store'>;
  room: Pick<WaitingRoom, 'enter' | 'leave'>;
  log: Log;
}

/**
 * Ids that are remembered after they were written: minutes at a thousand deliveries a second, and 30 MB at most.
 * What comes again later is a second row, unless its table has a key.
 */
const rememberedIds = 100_000;

/** Turns envelopes into rows. A message is acked when its rows, or its dead letter, are in BigQuery. */
export class Pipeline {
  readonly #options: PipelineOptions;
  readonly #written = new RecentIds(rememberedIds);
  readonly #writtenInPart = new RecentIds(rememberedIds);
  readonly #writer: EnvelopeWriter;
  /** Deliveries on their way, each with the copies of its envelope that have come and are in hand. */
  readonly #underWay = new Map<string, PulledMessage[]>();
  #taken = 0;
  #acked = 0;
  #givenBack = 0;

  constructor(options: PipelineOptions) {
    this.#options = options;
    this.#writer = new EnvelopeWriter({
      ...options,
      written: this.#written,
      writtenInPart: this.#writtenInPart,
    });
  }

  /** Messages, ever. */
  get taken(): number {
    return this.#taken;
  }

  get acked(): number {
    return this.#acked;
  }

  get givenBack(): number {
    return this.#givenBack;
  }

  /** Takes one message to its end. Never rejects: Pub/Sub's client would swallow it and lease for good. */
  take(message: PulledMessage): Promise<void> {
    this.#taken++;
    this.#options.room.enter(message.data.length);
    const reading = readEnvelope(message.attributes, message.data);
    const id = reading.ok ? reading.envelope.deliveryId : unreadableId(message);
    const before = this.#underWay.get(id);
    if (before) before.push(message);
    else if (this.#written.has(id)) this.#ack([message]);
    else {
      const copies = [message];
      this.#underWay.set(id, copies);
      const fate = reading.ok
        ? this.#writer.write(reading.envelope)
        : { kind: 'dead' as const, reason: reading.problem };
      return this.#follow(id, copies, fate);
    }
    return Promise.resolve();
  }

  /**
   * Settles all copies of a message as its fate says. A message that was given back while its row was
   * under way stays known until the row has its fate: what comes again meanwhile is not written again.
   */
  async #follow(id: string, copies: PulledMessage[], begun: Fate | Promise<Fate>): Promise<void> {
    let fate = await begun;
    let isLetter = false;
    for (;;) {
      if (fate.kind === 'dead' || (fate.kind === 'written' && fate.lacks)) {
        isLetter = true;
        // Whatever becomes of the letter, the row is there: it must not be written again.
        if (fate.kind === 'written') this.#writtenInPart.add(id);
        fate = await this.#storeDeadLetter(copies, fate);
      } else if (fate.kind === 'written') {
        this.#ack(copies);
        // A dead letter that is sent again once its cause is mended must not pass for written.
        if (!isLetter) this.#written.add(id);
        break;
      } else {
        this.#giveBack(copies);
        if (!fate.later) break;
        fate = await fate.later;
      }
    }
    this.#underWay.delete(id);
  }

  /** One whose messages were given back meanwhile is stored when they come again. */
  async #storeDeadLetter(
    copies: readonly PulledMessage[],
    fate: Exclude<Fate, { kind: 'held' }>,
  ): Promise<Fate> {
    const isWritten = fate.kind === 'written';
    const { reason, column }: Loss = isWritten ? (fate.lacks ?? { reason: '' }) : fate;
    const [message] = copies;
    if (!message) return { kind: 'held', reason };
    const { id: messageId, attributes, data } = message;
    // Known by the message, not by the delivery: that may come in another one once its cause is mended.
    const letterId = `${messageId}/dead`;
    if (this.#written.has(letterId)) return { kind: 'written' };
    const loss = { reason, ...(column && { column }) };
    const letter = { messageId, attributes, data, writtenInPart: isWritten, ...loss };
    const stored = await this.#options.deadLetters.store(letter);
    if (stored.kind === 'written') this.#written.add(letterId);
    const kind = isWritten ? 'written in part' : 'dead letter';
    this.#options.log({
      severity: isWritten ? 'WARNING' : 'ERROR',
      message: stored.kind === 'written' ? kind : 'dead letter not stored',
      stream: attributes['stream'],
      delivery_id: attributes['delivery_id'],
      reason,
      column,
      ...(stored.kind !== 'written' && { cause: stored.reason }),
    });
    return stored;
  }

  #ack(copies: readonly PulledMessage[]): void {
    for (const message of copies) {
      message.ack();
      this.#acked++;
      this.#options.room.leave(message.data.length);
    }
  }

  /** Pub/Sub delivers them again, later and later, by the subscription's retry policy. */
  #giveBack(copies: PulledMessage[]): void {
    for (const message of copies.splice(0)) {
      message.nack();
      this.#givenBack++;
      this.#options.room.leave(message.data.length);
    }
  }
}

/** No delivery's id begins so. */
function unreadableId({ id }: PulledMessage): string {
  return `/${id}`;
}
