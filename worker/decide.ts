import { carriedHeader } from '../shared/envelope.ts';
import type { EdgeDelivery } from '../shared/sources/source.ts';
import type { Endpoint } from './endpoint.ts';
import type { Dropped, Outcome } from './outcome.ts';
import type { Delivery } from './receive/delivery.ts';

/** What is stored with a delivery that passes the filter. */
export interface Decision {
  /** The name of the first event that passes. */
  event?: string;
  /** The headers that the subscriber needs, by lower-case name. */
  headers: Readonly<Record<string, string>>;
  /** The events that the subscriber will drop, if other events of the delivery pass. */
  dropped?: Dropped;
}

/**
 * Reads the events and applies the stream's filter. This is the first time that the edge parses the body: nobody
 * without the secret can make it parse, or learn the name of a field.
 *
 * @param body of the delivery, without its Content-Encoding
 */
export function decide(
  delivery: Delivery,
  body: Uint8Array<ArrayBuffer>,
  { stream, source, passes }: Endpoint,
): Decision | Outcome {
  const { method, query, headers: sent, facts } = delivery;
  const header = (name: string) => carriedHeader(sent, name);
  const seen: EdgeDelivery = {
    body,
    header,
    method,
    query,
    get contentType() {
      return header('content-type');
    },
  };
  const reading = source.read(seen, stream);
  if (reading.kind === 'malformed') {
    const { problem, field } = reading;
    const named = field === undefined ? {} : { field };
    return { outcome: 'malformed', problem, ...named, facts: { ...facts, cause: problem } };
  }
  if (reading.kind === 'ignored') return drop(reading.reason, 'ignored', [{ name: reading.event }]);
  const { events } = reading;
  const passing = events.find(passes);
  if (!passing) {
    const reason = 'Filtered: no event of it passes the filter of this stream';
    return drop(reason, 'event-filter', events);
  }
  const failing = events.length > 1 ? events.filter((event) => !passes(event)) : [];
  const headers = source.headers(stream).flatMap((name) => {
    const value = header(name);
    return value === undefined ? [] : [[name, value]];
  });
  return {
    ...(passing.name !== undefined && { event: passing.name }),
    headers: Object.fromEntries(headers),
    ...(failing.length > 0 && { dropped: toDropped('event-filter', failing) }),
  };

  function drop(reason: string, cause: Dropped['cause'], events: readonly Named[]): Outcome {
    const dropped = toDropped(cause, events);
    const { filteredStatus: status } = source;
    return { outcome: 'filtered', status, reason, facts: { ...facts, cause }, dropped };
  }
}

type Named = { name?: string | undefined };

function toDropped(cause: Dropped['cause'], events: readonly Named[]): Dropped {
  return { cause, names: events.map(({ name }) => name) };
}
