/** The position of an event in its history. */
export interface HistoryPlace {
  /** Unix milliseconds; absent if the event has no time. */
  timeMs?: number | undefined;
  /** Number of its line in the file or the export. */
  line: number;
  /** Its index in a line with several events. */
  event?: number | undefined;
}

/**
 * The `_CHANGE_SEQUENCE_NUMBER` of a row of history, in the same form as in subscriber/rows/sequence.ts. It is as if
 * the relay had received the event when it happened: the row replaces older states, and never a later one from the
 * webhook. A row without a time replaces no row with one. Among equal times the later line wins.
 *
 * @param now Unix milliseconds; a time in the future must not outrank later deliveries of the webhook
 */
export function historySequence(
  { timeMs = 0, line, event = 0 }: HistoryPlace,
  now: number,
): string {
  const received = Math.max(0, Math.min(timeMs, now));
  return [received, line, event].map((section) => section.toString(16)).join('/');
}
