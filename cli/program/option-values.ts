import { InvalidArgumentError } from 'commander';
import { parseInstant } from '../../history/time-window.ts';

/** For commander: an instant as Unix milliseconds, in UTC without an offset. */
export function readInstant(text: string): number {
  const time = parseInstant(text);
  if (time !== undefined) return time;
  throw new InvalidArgumentError('a time looks like 2026-01-31 or 2026-01-31T08:00:00+01:00');
}
