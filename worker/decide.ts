import { carriedHeader } from '../shared/envelope.ts';
import type { Delivery } from './delivery.ts';
import type { Endpoint } from './endpoint.ts';
import type { Outcome } from './outcome.ts';

/** What is to be done with a delivery whose key or signature held. */
export type Decision =
  | {
      relay: true;
      /** The name of the first event that passes. */
      event?: string;
      /** The headers that the subscriber needs, by lower-case name. */
      headers: Readonly<Record<string, string>>;
    }
  /** `cause` is for the log, and quotes nothing of the body; `names` are those of the dropped events. */
  | { relay: false; outcome: Outcome; cause: string; names?: readonly string[] };

/** Only now is the body parsed: nobody without the secret can make the edge parse, or learn a field. */
export function decide(delivery: Delivery, { stream, source, passes }: Endpoint): Decision {
  const header = (name: string) => carriedHeader(delivery.headers, name);
  const reading = source.read({ body: delivery.body, header }, stream);
  if (reading.kind === 'malformed') {
    const { problem, field } = reading;
    const outcome = {
      outcome: 'malformed',
      problem,
      ...(field !== undefined && { field }),
    } as const;
    return { relay: false, outcome, cause: problem };
  }
  if (reading.kind === 'ignored') return dropped(reading.reason, 'ignored', [reading.event]);
  const passing = reading.events.find(passes);
  if (!passing) {
    return dropped(
      'Filtered: no event of it passes the filter of this stream',
      'event-filter',
      reading.events.map((event) => event.name),
    );
  }
  const headers = source.headers(stream).flatMap((name) => {
    const value = header(name);
    return value === undefined ? [] : [[name, value]];
  });
  return {
    relay: true,
    ...(passing.name !== undefined && { event: passing.name }),
    headers: Object.fromEntries(headers),
  };

  function dropped(
    reason: string,
    cause: string,
    names: readonly (string | undefined)[],
  ): Decision {
    const outcome = { outcome: 'filtered', status: source.filteredStatus, reason } as const;
    return { relay: false, outcome, cause, names: names.filter((name) => name !== undefined) };
  }
}
