import { InvalidArgumentError } from 'commander';
import { parseInstant, parseSpan } from '../../history/time-window.ts';

/** For commander: an instant as Unix milliseconds, in UTC without an offset. */
export function readInstant(text: string): number {
  const time = parseInstant(text);
  if (time !== undefined) return time;
  throw new InvalidArgumentError('a time looks like 2026-01-31 or 2026-01-31T08:00:00+01:00');
}

/** For commander: a span in milliseconds. */
export function readSpan(text: string): number {
  const span = parseSpan(text);
  if (span !== undefined) return span;
  throw new InvalidArgumentError('a span looks like 15m, 12h or 7d');
}

/** For commander: an instant, or how long ago it was, as Unix milliseconds. */
export function readPast(text: string): number {
  const age = parseSpan(text);
  const time = age === undefined ? parseInstant(text) : Date.now() - age;
  if (time !== undefined) return time;
  throw new InvalidArgumentError('it is a time like 2026-01-31T08:00:00Z, or an age: 90m, 12h, 7d');
}

export function readCount(text: string): number {
  const count = Number(text);
  if (Number.isSafeInteger(count) && count > 0) return count;
  throw new InvalidArgumentError('it is a whole number above 0');
}
