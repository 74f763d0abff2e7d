import type { Relay, RelayStream } from '../../shared/config/config.ts';
import type { Envelope } from '../../shared/envelope.ts';
import { edgeReportStream } from '../../shared/report/edge-report.ts';
import type { Mapping } from '../../shared/shape/map-columns.ts';
import { sources } from '../../shared/sources/registry.ts';
import type { Announcement } from '../../shared/sources/source.ts';
import { type ReportTables, writeReport } from '../ledger/write-report.ts';
import type { RecentIds } from '../pull/redeliveries.ts';
import type { DeliveryTrace } from '../traces/delivery-trace.ts';
import { EventBudget, sizeOf } from './event-budget.ts';
import { EventResults } from './event-results.ts';
import { inflateEnvelope } from './inflate-body.ts';
import { changeSequence, type RowTable, writeMapping } from './row-writer.ts';
import { invalid, type Queue, type WriteResult } from './write-result.ts';

/** An export that a webhook announced, with the name of its stream. */
export interface AnnouncedExport {
  stream: string;
  announcement: Announcement;
  /** Of the delivery that announced it. */
  traceparent?: string | undefined;
}

export interface DeliveryWriterOptions {
  relay: Relay;
  /** By the stream's name. */
  tables: ReadonlyMap<string, RowTable>;
  /** For what the edge reports about itself. */
  reports?: ReportTables;
  exports: Pick<Queue<AnnouncedExport>, 'write'>;
  /** Ids of deliveries, and of events of deliveries, that were written recently. */
  written: RecentIds;
  /** The same of those that were written in part. */
  writtenInPart: RecentIds;
}

/** Writes the rows of a delivery to its stream's table, or loads the export that it announces. */
export class DeliveryWriter {
  readonly #options: DeliveryWriterOptions;
  /** By the stream's name. */
  readonly #budgets = new Map<string, EventBudget>();

  constructor(options: DeliveryWriterOptions) {
    this.#options = options;
  }

  /**
   * Never throws or rejects. Adds no promise of its own: every message would pay for it.
   *
   * @param trace of the delivery, if it is sampled
   */
  write(envelope: Envelope, trace?: DeliveryTrace): WriteResult | Promise<WriteResult> {
    if (envelope.stream === edgeReportStream) {
      const { reports } = this.#options;
      return reports ? writeReport(reports, envelope) : nacked('no table for reports is open');
    }
    const stream = this.#options.relay.streams.get(envelope.stream);
    if (!stream) {
      const reason = `no stream "${envelope.stream}": is the Worker's tributary.config.ts newer than this one?`;
      return invalid({ reason });
    }
    try {
      const inflated = inflateEnvelope(envelope, stream.maxBodyBytes);
      if (!inflated.ok) return invalid({ reason: inflated.reason });
      return this.#writeDelivery(inflated.envelope, stream, trace);
    } catch (error) {
      return mappingFailed(error);
    }
  }

  #writeDelivery(
    envelope: Envelope,
    stream: RelayStream,
    trace?: DeliveryTrace,
  ): WriteResult | Promise<WriteResult> {
    const source = sources[stream.source];
    if (source.delivers === 'exports') {
      const reading = source.announcement(envelope, stream);
      if (reading.ok) {
        const { announcement } = reading;
        const { traceparent } = envelope;
        return this.#load({ stream: stream.name, announcement, traceparent }, trace);
      }
      const { reason, column } = reading;
      return invalid({ reason, ...(column !== undefined && { column }) });
    }
    const table = this.#options.tables.get(stream.name);
    if (!table) return nacked(`no table is open for stream "${stream.name}"`);
    const mappings = source.mapEach?.(envelope, stream);
    if (mappings) return this.#writeEvents(mappings, envelope, stream, { table, trace });
    const [mapping] = source.map(envelope, stream);
    if (!mapping) return { kind: 'written', rows: 0, hasNoRow: true };
    const isInPart = this.#options.writtenInPart.has(envelope.deliveryId);
    return writeMapping(table, mapping, {
      sequence: stream.key && changeSequence(envelope, mapping.event),
      writtenBefore: isInPart ? 'in part' : undefined,
      trace,
    });
  }

  async #load(announced: AnnouncedExport, trace?: DeliveryTrace): Promise<WriteResult> {
    const result = await this.#options.exports.write(announced, trace);
    return result.kind === 'written' ? { ...result, rows: 0, hasNoRow: true } : result;
  }

  /** Writes a delivery that may hold many events, mapping only as many at once as the budget allows. */
  async #writeEvents(
    mappings: Iterable<Mapping>,
    envelope: Envelope,
    stream: RelayStream,
    { table, trace }: { table: RowTable; trace: DeliveryTrace | undefined },
  ): Promise<WriteResult> {
    const { deliveryId } = envelope;
    const budget = this.#budgetOf(stream);
    const results = new EventResults();
    await budget.inTurn(async () => {
      try {
        for (const mapping of mappings) {
          const { event } = mapping;
          const bytes = sizeOf(mapping);
          if (!budget.fits(bytes)) await budget.untilFits(bytes);
          // The whole delivery comes again: the rest is mapped then.
          if (results.isNacked) break;
          budget.use(bytes);
          const result = writeMapping(table, mapping, {
            sequence: stream.key && changeSequence(envelope, event),
            writtenBefore: event === undefined ? undefined : this.#writtenBefore(deliveryId, event),
            trace,
          });
          results.track(event, result, () => budget.free(bytes));
        }
      } catch (error) {
        results.add(undefined, mappingFailed(error));
      }
    });
    await results.allKnown();
    return this.#settleEvents(deliveryId, results);
  }

  #writtenBefore(deliveryId: string, event: number): 'whole' | 'in part' | undefined {
    const { written, writtenInPart } = this.#options;
    const id = eventId(deliveryId, event);
    if (!written.has(id)) return undefined;
    return writtenInPart.has(id) ? 'in part' : 'whole';
  }

  #settleEvents(deliveryId: string, results: EventResults): WriteResult {
    const { combined } = results;
    // The delivery comes again, now or when its dead letter is replayed: its good rows must stay single.
    if (combined.kind !== 'written' || combined.problem) {
      const { written, writtenInPart } = this.#options;
      for (const event of results.written) written.add(eventId(deliveryId, event));
      for (const event of results.writtenInPart) writtenInPart.add(eventId(deliveryId, event));
    }
    if (combined.kind !== 'nacked') return combined;
    const later = results.later()?.then((next) => this.#settleEvents(deliveryId, next));
    return { ...combined, ...(later && { later }) };
  }

  #budgetOf({ name }: RelayStream): EventBudget {
    const budget = this.#budgets.get(name) ?? new EventBudget();
    this.#budgets.set(name, budget);
    return budget;
  }
}

function nacked(reason: string): WriteResult {
  return { kind: 'nacked', reason };
}

/** A mistake in our own mapping: its dead letter can be replayed once that is fixed. */
function mappingFailed(error: unknown): WriteResult {
  return invalid({ reason: `the mapping failed: ${(error as Error).message}` });
}

/** A delivery's own id has no slash, so both kinds of ids share one memory. */
function eventId(deliveryId: string, event: number): string {
  return `${deliveryId}/${event}`;
}
