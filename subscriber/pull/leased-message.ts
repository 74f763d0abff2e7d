import type { OnReceived } from './decode-response.ts';
import type { PulledMessage } from './subscription.ts';

/** What becomes of a message once it is acked or nacked. */
export interface Settlement {
  ack(message: LeasedMessage): void;
  nack(message: LeasedMessage): void;
}

/** A message whose lease is extended until Pub/Sub has answered its ack or nack. */
export class LeasedMessage implements PulledMessage {
  readonly id: string;
  readonly data: Uint8Array;
  readonly attributes: Readonly<Record<string, string>>;
  readonly ackId: string;
  readonly deliveryAttempt: number;
  readonly #publishedAt: number;
  readonly #batch: LeaseBatch;
  readonly #settlement: Settlement;
  #isSettled = false;
  #isLeased = true;

  constructor(
    batch: LeaseBatch,
    settlement: Settlement,
    ackId: string,
    id: string,
    data: Uint8Array,
    attributes: Record<string, string>,
    publishedAt: number,
    deliveryAttempt: number,
  ) {
    this.ackId = ackId;
    this.id = id;
    this.data = data;
    this.attributes = attributes;
    this.deliveryAttempt = deliveryAttempt;
    this.#publishedAt = publishedAt;
    this.#batch = batch;
    this.#settlement = settlement;
  }

  get publishTime(): Date {
    return new Date(this.#publishedAt);
  }

  get received(): number {
    return this.#batch.received;
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
    this.#batch.released();
  }
}

/** The messages of one response. Their leases begin together, and are extended together. */
export class LeaseBatch {
  messages: LeasedMessage[] = [];
  readonly #settlement: Settlement;
  /** When they came, in Unix milliseconds. */
  readonly received = Date.now();
  /** How many of them are still leased. */
  leased = 0;
  /** When their leases end, in milliseconds of the clock. */
  until: number;
  /** How long the last lease was. */
  seconds: number;

  constructor(settlement: Settlement, { now, seconds }: { now: number; seconds: number }) {
    this.#settlement = settlement;
    this.until = now + seconds * 1000;
    this.seconds = seconds;
  }

  readonly add: OnReceived = (ackId, id, data, attributes, publishedAt, deliveryAttempt) => {
    this.messages.push(
      new LeasedMessage(
        this,
        this.#settlement,
        ackId,
        id,
        data,
        attributes,
        publishedAt,
        deliveryAttempt,
      ),
    );
    this.leased++;
  };

  /** The last one frees them all: the batch itself may wait a second for its end to be noticed. */
  released(): void {
    this.leased--;
    if (this.leased === 0) this.messages = [];
  }
}
