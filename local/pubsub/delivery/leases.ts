import { invalid } from '../errors.ts';
import { Deadlines, type Timed } from './deadlines.ts';

/** Who a message was delivered to: its flow control counts the message until the lease ends. */
export interface Holder {
  released(bytes: number): void;
}

export interface Lease extends Timed {
  readonly key: number;
  readonly bytes: number;
  readonly holder: Holder;
  /** Unique to the delivery, so that the ack id of an expired lease cannot end a newer one. */
  readonly serial: number;
}

/** What an ack id says: opaque to clients. */
interface Ticket {
  readonly key: number;
  readonly serial: number;
}

const ACK_ID = /^(?<subscription>[0-9a-z]+)-(?<key>[0-9a-z]+)-(?<serial>[0-9a-z]+)$/;
const RADIX = 36;

/** The leases of one subscription's delivered messages, by message key. */
export class Leases {
  readonly #prefix: string;
  readonly #leases = new Map<number, Lease>();
  readonly #deadlines: Deadlines<Lease>;
  // Rises over restarts too: an ack id from before one must not look like a lease of today.
  #serial = Date.now() * 1000;
  #forgotten = 0;

  /** `onExpired` gets the leases whose deadline passed; they have ended already. */
  constructor(subscription: number, onExpired: (expired: readonly Lease[]) => void) {
    this.#prefix = subscription.toString(RADIX);
    this.#deadlines = new Deadlines((due) => {
      const expired = [...due];
      for (const lease of expired) this.end(lease);
      onExpired(expired);
    });
  }

  /** Begins a lease and gives its ack id. A message's earlier lease ends with that. */
  begin(key: number, bytes: number, holder: Holder, leaseMs: number): string {
    const earlier = this.#leases.get(key);
    if (earlier) this.end(earlier);
    const serial = ++this.#serial;
    const lease: Lease = { key, bytes, holder, serial, bucket: 0 };
    this.#leases.set(key, lease);
    this.#deadlines.set(lease, leaseMs);
    return `${this.#prefix}-${key.toString(RADIX)}-${serial.toString(RADIX)}`;
  }

  /** Throws INVALID_ARGUMENT for what is not an ack id of this subscription. */
  parse(ackId: string): Ticket {
    const parts = ACK_ID.exec(ackId)?.groups;
    const key = Number.parseInt(parts?.['key'] ?? '', RADIX);
    const serial = Number.parseInt(parts?.['serial'] ?? '', RADIX);
    const sound = Number.isSafeInteger(key) && Number.isSafeInteger(serial);
    if (parts?.['subscription'] !== this.#prefix || !sound) {
      throw invalid(`You have passed an invalid ack ID to the service (ack_id=${ackId}).`);
    }
    return { key, serial };
  }

  /** The message's lease, whichever delivery it is of. */
  of(key: number): Lease | undefined {
    return this.#leases.get(key);
  }

  /** The ticket's own lease, if it has not ended. */
  current(ticket: Ticket): Lease | undefined {
    const lease = this.#leases.get(ticket.key);
    return lease?.serial === ticket.serial ? lease : undefined;
  }

  extend(lease: Lease, leaseMs: number): void {
    this.#deadlines.set(lease, leaseMs);
  }

  end(lease: Lease): void {
    this.#leases.delete(lease.key);
    this.#deadlines.delete(lease);
    lease.holder.released(lease.bytes);
  }

  /** Ends every lease; gives those that ended. */
  endAll(): Lease[] {
    const ended = [...this.#leases.values()];
    for (const lease of ended) this.end(lease);
    return ended;
  }

  /** From now on the ack ids that were given out so far are as good as unknown. */
  forgetTickets(): void {
    this.#forgotten = this.#serial;
  }

  isForgotten(ticket: Ticket): boolean {
    return ticket.serial <= this.#forgotten;
  }

  close(): void {
    this.#deadlines.clear();
    this.#leases.clear();
  }
}
