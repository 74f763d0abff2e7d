import type { Log, LogEntry } from '../../subscriber/log.ts';
import { type Metrics, observed } from '../../subscriber/service/metrics.ts';
import type { Delivery } from '../contract.ts';

/** The progress of an export, as the subscriber logs it. */
export interface SeenExport {
  at: number;
  message: string;
  severity: string;
  fields: Record<string, string | number | boolean>;
}

const keptDeliveries = 500;
const keptBatches = 300;
const keptExports = 400;

/**
 * What the subscriber does, for those who look. While no console is open it keeps nothing of deliveries: then a
 * delivery costs one comparison. Lines about exports are rare, and always kept.
 */
export class Feed {
  readonly exports: SeenExport[] = [];
  deliveries: Delivery[] = [];
  /** How many rows each of the last append requests had. */
  batches: number[] = [];
  deadLetters = 0;
  #watchers = 0;
  #count = 0;

  get isWatched(): boolean {
    return this.#watchers > 0;
  }

  /** @returns ends the watch */
  watch(): () => void {
    this.#watchers++;
    let isOver = false;
    return () => {
      if (isOver) return;
      isOver = true;
      this.#watchers--;
      if (this.#watchers > 0) return;
      this.deliveries = [];
      this.batches = [];
    };
  }

  /** The same metrics, seen by the feed. */
  listen(metrics: Metrics): Metrics {
    return observed(metrics, {
      written: (attributes, receivedAt) => {
        if (this.#watchers > 0) this.#see(attributes, 'written', receivedAt);
      },
      appended: (_, rows) => {
        if (this.#watchers > 0) push(this.batches, rows, keptBatches);
      },
      deadLetter: (attributes, { isInPart }) => {
        this.deadLetters++;
        if (this.#watchers > 0) this.#see(attributes, isInPart ? 'written in part' : 'dead letter');
      },
    });
  }

  /** The same log, heard by the feed. */
  overhear(log: Log): Log {
    return (entry) => {
      this.hear(entry);
      log(entry);
    };
  }

  /** Looks at a line of the log. */
  hear(entry: LogEntry): void {
    if (entry['export'] === undefined && !entry.message.startsWith('export')) return;
    const { severity, message, ...rest } = entry;
    const known = Object.entries(rest).filter(([, value]) => value !== undefined);
    const fields = Object.fromEntries(known) as SeenExport['fields'];
    push(this.exports, { at: Date.now(), severity, message, fields }, keptExports);
  }

  #see(attributes: Attributes, kind: Delivery['kind'], receivedAt?: number): void {
    const {
      stream = '',
      delivery_id = '',
      received_at,
      event_name,
      secret,
      replay,
    } = attributes as Record<string, string | undefined>;
    const received =
      receivedAt ?? (received_at === undefined ? Number.NaN : Date.parse(received_at));
    this.#count++;
    push(
      this.deliveries,
      {
        n: this.#count,
        at: Date.now(),
        stream,
        deliveryId: delivery_id,
        kind,
        ...(Number.isFinite(received) && { receivedAt: received }),
        ...(event_name !== undefined && { event: event_name }),
        ...(secret !== undefined && { secret }),
        ...(replay !== undefined && { replay }),
      },
      keptDeliveries,
    );
  }
}

type Attributes = Readonly<Record<string, string>>;

/** Beyond twice its size the older half is cut, so that a push costs next to nothing. */
function push<T>(list: T[], value: T, kept: number): void {
  list.push(value);
  if (list.length >= kept * 2) list.splice(0, list.length - kept);
}
