import type { Endpoint } from './endpoint.ts';
import type { Outcome } from './outcome.ts';

/** What is to be done with a delivery whose key or signature held. */
export type Decision =
  | { relay: true; event?: string }
  /** `cause` is for the log, and quotes nothing of the body. */
  | { relay: false; outcome: Outcome; cause: string };

/** Only now is the body parsed: nobody without the secret can make the edge parse, or learn a field. */
export function decide(body: Uint8Array, { stream, source, passes }: Endpoint): Decision {
  const status = source.filteredStatus;
  const reading = source.read(body, stream);
  if (reading.kind === 'malformed') {
    const { problem, field } = reading;
    const outcome = {
      outcome: 'malformed',
      problem,
      ...(field !== undefined && { field }),
    } as const;
    return { relay: false, outcome, cause: problem };
  }
  if (reading.kind === 'ignored') return dropped(reading.reason, 'ignored');
  if (!passes({ name: reading.event })) {
    return dropped(
      "Filtered: the event's name does not pass the filter of this stream",
      'event-filter',
    );
  }
  return { relay: true, ...(reading.event !== undefined && { event: reading.event }) };

  function dropped(reason: string, cause: string): Decision {
    return { relay: false, outcome: { outcome: 'filtered', status, reason }, cause };
  }
}
