import type { protos } from '@google-cloud/pubsub';
import type { PulledMessage } from './subscription.ts';

export type ReceivedMessage = protos.google.pubsub.v1.IReceivedMessage;

/** What becomes of a message once it is acked or nacked. */
export interface Settlement {
  ack(message: LeasedMessage): void;
  nack(message: LeasedMessage): void;
}

const noData = new Uint8Array();

/** A message whose lease is extended until Pub/Sub has answered its ack or nack. */
export class LeasedMessage implements PulledMessage {
  readonly id: string;
  readonly data: Uint8Array;
  readonly attributes: Readonly<Record<string, string>>;
  readonly ackId: string;
  readonly #batch: LeaseBatch;
  readonly #settlement: Settlement;
  #isSettled = false;
  #isLeased = true;

  constructor({ ackId, message }: ReceivedMessage, batch: LeaseBatch, settlement: Settlement) {
    this.id = message?.messageId ?? '';
    this.data = (message?.data as Uint8Array | null | undefined) ?? noData;
    this.attributes = message?.attributes ?? {};
    this.ackId = ackId ?? '';
    this.#batch = batch;
    this.#settlement = settlement;
  }

  get isSettled(): boolean {
    return this.#isSettled;
  }

  get isLeased(): boolean {
    return this.#isLeased;
  }

  ack(): void {
    if (this.#isSettled) return;
    this.#isSettled = true;
    this.#settlement.ack(this);
  }

  nack(): void {
    if (this.#isSettled) return;
    this.#isSettled = true;
    this.#settlement.nack(this);
  }

  /** Ends the extension of its lease: Pub/Sub has answered the ack or nack, or never will. */
  release(): void {
    if (!this.#isLeased) return;
    this.#isLeased = false;
    this.#batch.leased--;
  }
}

/** The messages of one response. Their leases begin together, and are extended together. */
export class LeaseBatch {
  readonly messages: readonly LeasedMessage[];
  /** How many of them are still leased. */
  leased: number;
  /** When their leases end, in milliseconds of the clock. */
  until: number;
  /** How long the last lease was. */
  seconds: number;

  constructor(
    received: readonly ReceivedMessage[],
    settlement: Settlement,
    { now, seconds }: { now: number; seconds: number },
  ) {
    this.messages = received.map((each) => new LeasedMessage(each, this, settlement));
    this.leased = received.length;
    this.until = now + seconds * 1000;
    this.seconds = seconds;
  }
}
