import { carriedHeader } from '../shared/envelope.ts';
import type { EdgeDelivery } from '../shared/sources/source.ts';
import type { Endpoint } from './endpoint.ts';
import type { Outcome } from './outcome.ts';
import { type Delivery, queryOf } from './receive/delivery.ts';

/** What is to be done with a delivery whose key or signature held. */
export type Decision =
  | {
      relay: true;
      /** The name of the first event that passes. */
      event?: string;
      /** The headers that the subscriber needs, by lower-case name. */
      headers: Readonly<Record<string, string>>;
      /** Those of its events that the subscriber will drop, where it holds such. */
      dropped?: Dropped;
    }
  /** `cause` is for the log, and quotes nothing of the body. */
  | { relay: false; outcome: Outcome; cause: string; dropped?: Dropped };

/** What the census counts. */
export interface Dropped {
  cause: 'event-filter' | 'ignored';
  /** Of each event; undefined where it has none. */
  names: readonly (string | undefined)[];
}

/** Only now is the body parsed: nobody without the secret can make the edge parse, or learn a field. */
export function decide(delivery: Delivery, { stream, source, passes, bare }: Endpoint): Decision {
  const { body, method, url, headers: sent } = delivery;
  const header = (name: string) => carriedHeader(sent, name);
  const seen: EdgeDelivery = {
    body,
    header,
    method,
    query: queryOf(url),
    get contentType() {
      return header('content-type');
    },
  };
  const reading = source.read(seen, stream);
  if (reading.kind === 'malformed') {
    const { problem, field } = reading;
    const outcome = {
      outcome: 'malformed',
      problem,
      ...(field !== undefined && { field }),
      ...(bare && { bare }),
    } as const;
    return { relay: false, outcome, cause: problem };
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
    relay: true,
    ...(passing.name !== undefined && { event: passing.name }),
    headers: Object.fromEntries(headers),
    ...(failing.length > 0 && { dropped: toDropped('event-filter', failing) }),
  };

  function drop(reason: string, cause: Dropped['cause'], events: readonly Named[]): Decision {
    const { filteredStatus: status } = source;
    const outcome = { outcome: 'filtered', status, reason, ...(bare && { bare }) } as const;
    return { relay: false, outcome, cause, dropped: toDropped(cause, events) };
  }
}

type Named = { name?: string | undefined };

function toDropped(cause: Dropped['cause'], events: readonly Named[]): Dropped {
  return { cause, names: events.map(({ name }) => name) };
}
