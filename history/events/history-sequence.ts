/** Where an event of history stands. */
export interface HistoryPlace {
  /** Unix milliseconds; absent where the event has no time. */
  timeMs?: number | undefined;
  /** Of its line, in the file or the export. */
  line: number;
  /** Its index, where a line may hold several. */
  event?: number | undefined;
}

/**
 * Where a row of history stands among those with its key: as if the relay had received the event when it
 * happened, so that it replaces older states, and never one that the webhook has brought since. An event
 * without a time replaces none that has one. Of equals the one further down counts. The form is that of
 * `_CHANGE_SEQUENCE_NUMBER`, as in subscriber/rows/sequence.ts.
 *
 * @param now Unix milliseconds: a time that is yet to come must not outrank what the webhook brings until then
 */
export function historySequence(
  { timeMs = 0, line, event = 0 }: HistoryPlace,
  now: number,
): string {
  const received = Math.max(0, Math.min(timeMs, now));
  return [received, line, event].map((section) => section.toString(16)).join('/');
}
