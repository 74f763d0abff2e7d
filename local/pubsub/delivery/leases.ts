import { invalid } from '../errors.ts';
import { Deadlines, type Timed } from './deadlines.ts';

/** A client that holds leases. Its flow control counts a message until the lease ends. */
export interface LeaseHolder {
  released(bytes: number): void;
}

export interface Lease extends Timed {
  readonly key: number;
  readonly bytes: number;
  readonly holder: LeaseHolder;
  /** Unique for each delivery, so that the ack id of an expired lease cannot end a newer lease. */
  readonly serial: number;
}

/** The content of an ack id, which is opaque to clients. */
interface ParsedAckId {
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
  // Also increases over restarts: an older ack id must never match a new lease.
  #serial = Date.now() * 1000;
  #invalidThrough = 0;

  /** `onExpired` gets the leases whose deadline has passed, after they have ended. */
  constructor(subscription: number, onExpired: (expired: readonly Lease[]) => void) {
    this.#prefix = subscription.toString(RADIX);
    this.#deadlines = new Deadlines((due) => {
      const expired = [...due];
      for (const lease of expired) this.end(lease);
      onExpired(expired);
    });
  }

  /** Begins a lease and returns its ack id. An earlier lease of the message ends. */
  begin(key: number, bytes: number, holder: LeaseHolder, leaseMs: number): string {
    const earlier = this.#leases.get(key);
    if (earlier) this.end(earlier);
    const serial = ++this.#serial;
    const lease: Lease = { key, bytes, holder, serial, bucket: 0 };
    this.#leases.set(key, lease);
    this.#deadlines.set(lease, leaseMs);
    return `${this.#prefix}-${key.toString(RADIX)}-${serial.toString(RADIX)}`;
  }

  /** Throws INVALID_ARGUMENT if the text is not an ack id of this subscription. */
  parse(ackId: string): ParsedAckId {
    const parts = ACK_ID.exec(ackId)?.groups;
    const key = Number.parseInt(parts?.['key'] ?? '', RADIX);
    const serial = Number.parseInt(parts?.['serial'] ?? '', RADIX);
    const sound = Number.isSafeInteger(key) && Number.isSafeInteger(serial);
    if (parts?.['subscription'] !== this.#prefix || !sound) {
      throw invalid(`You have passed an invalid ack ID to the service (ack_id=${ackId}).`);
    }
    return { key, serial };
  }

  /** The lease of the message, of any delivery. */
  of(key: number): Lease | undefined {
    return this.#leases.get(key);
  }

  /** The lease of this very delivery, if it has not ended. */
  current(ackId: ParsedAckId): Lease | undefined {
    const lease = this.#leases.get(ackId.key);
    return lease?.serial === ackId.serial ? lease : undefined;
  }

  extend(lease: Lease, leaseMs: number): void {
    this.#deadlines.set(lease, leaseMs);
  }

  end(lease: Lease): void {
    this.#leases.delete(lease.key);
    this.#deadlines.delete(lease);
    lease.holder.released(lease.bytes);
  }

  /** Ends all leases and returns them. */
  endAll(): Lease[] {
    const ended = [...this.#leases.values()];
    for (const lease of ended) this.end(lease);
    return ended;
  }

  /** From now on all earlier ack ids are ignored. */
  invalidateAckIds(): void {
    this.#invalidThrough = this.#serial;
  }

  isInvalidated(ackId: ParsedAckId): boolean {
    return ackId.serial <= this.#invalidThrough;
  }

  close(): void {
    this.#deadlines.clear();
    this.#leases.clear();
  }
}
