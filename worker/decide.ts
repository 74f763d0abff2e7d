import type { Endpoint } from './endpoint.ts';
import type { Outcome } from './outcome.ts';

/** What is to be done with a delivery whose key or signature held. */
export type Decision = { relay: true; event?: string } | { relay: false; outcome: Outcome };

/** Only now is the body parsed: nobody without the secret can make the edge parse, or learn a field. */
export function decide(body: Uint8Array, { stream, source, passes }: Endpoint): Decision {
  const status = source.filteredStatus;
  const reading = source.read(body, stream);
  if (reading.kind === 'malformed') {
    const { problem, field } = reading;
    return drop({ outcome: 'malformed', problem, ...(field !== undefined && { field }) });
  }
  if (reading.kind === 'ignored') {
    return drop({ outcome: 'filtered', status, reason: reading.reason });
  }
  if (!passes(reading.event)) {
    const reason = "Filtered: the event's name does not pass the filter of this stream";
    return drop({ outcome: 'filtered', status, reason });
  }
  return { relay: true, ...(reading.event !== undefined && { event: reading.event }) };
}

function drop(outcome: Outcome): Decision {
  return { relay: false, outcome };
}
