import type { protos } from '@google-cloud/pubsub';
import { invalid } from './errors.ts';

type IDuration = protos.google.protobuf.IDuration;

const MINUTE = 60;
export const DAY = 24 * 60 * MINUTE;

export function secondsOf(duration: IDuration | null | undefined): number | null {
  return duration ? Number(duration.seconds ?? 0) : null;
}

/** Throws INVALID_ARGUMENT unless it is 10 minutes to 31 days. */
export function checkRetention(seconds: number): number {
  if (seconds < 10 * MINUTE || seconds > 31 * DAY) {
    throw invalid(
      `Invalid message_retention_duration (${seconds} s); it must be 10 minutes to 31 days.`,
    );
  }
  return seconds;
}
