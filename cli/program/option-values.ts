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

const maxCount = 9_999_999;

/** For commander: a whole number in decimal digits. */
export function countFrom(least: number): (text: string) => number {
  return (text) => {
    const count = /^\d{1,7}$/.test(text) ? Number(text) : Number.NaN;
    if (count >= least) return count;
    throw new InvalidArgumentError(`it is a whole number from ${least} to ${maxCount}`);
  };
}

export const readCount = countFrom(1);

/** For commander: a port of this machine. */
export function readPort(text: string): number {
  const port = Number(text);
  if (/^\d+$/.test(text) && port <= 65_535) return port;
  throw new InvalidArgumentError('a port is a number from 0 (any free one) to 65535');
}

/** For commander: one more host name under which a local server answers. */
export function readHosts(name: string, before: readonly string[]): string[] {
  if (/^(?:[\w-]+(?:\.[\w-]+)*|\[[\da-f:.]+\])$/i.test(name)) return [...before, name];
  throw new InvalidArgumentError('a host is a name or an address, without a port: tributary');
}
