import { RelayError } from '../shared/errors.ts';

/** In Unix milliseconds; `to` is not included. */
export interface TimeWindow {
  from: number;
  to: number;
}

export const hourMs = 3_600_000;

const units = { m: 60_000, h: hourMs, d: 24 * hourMs };

/** `30m`, `6h`, `1d` → milliseconds; undefined if it is not a span. */
export function parseSpan(text: string): number | undefined {
  const [, count, unit] = /^([1-9]\d{0,5})([mhd])$/.exec(text) ?? [];
  return count === undefined ? undefined : Number(count) * units[unit as keyof typeof units];
}

/** ISO 8601, a day or an instant, in UTC without an offset. Unix milliseconds; undefined if it is neither. */
export function parseInstant(text: string): number | undefined {
  const match =
    /^(\d{4}-\d{2}-\d{2})(?:[Tt ](\d{2}:\d{2}(?::\d{2}(?:\.\d{1,3})?)?)([Zz]|[+-]\d{2}:\d{2})?)?$/.exec(
      text,
    );
  if (!match) return undefined;
  const [, day = '', clock = '00:00', zone = 'Z'] = match;
  const time = Date.parse(`${day}T${clock}${zone.toUpperCase()}`);
  return Number.isNaN(time) || !isDay(day) ? undefined : time;
}

/** Date.parse reads 31 February as 3 March. */
function isDay(day: string): boolean {
  const midnight = Date.parse(`${day}T00:00Z`);
  return !Number.isNaN(midnight) && new Date(midnight).toISOString().startsWith(day);
}

/** The last window may be shorter. */
export function cutWindows({ from, to }: TimeWindow, spanMs: number): TimeWindow[] {
  const count = Math.max(0, Math.ceil((to - from) / spanMs));
  return Array.from({ length: count }, (_, index) => ({
    from: from + index * spanMs,
    to: Math.min(to, from + (index + 1) * spanMs),
  }));
}

/** The halves, split at a whole second; undefined if the window is too short for that. */
export function halveWindow({ from, to }: TimeWindow): [TimeWindow, TimeWindow] | undefined {
  const middle = Math.floor((from + to) / 2000) * 1000;
  if (middle <= from || middle >= to) return undefined;
  return [
    { from, to: middle },
    { from: middle, to },
  ];
}

/** Too many to keep their ids in memory. Nothing of the window is written. */
export function tooManyEvents(window: TimeWindow, max: number): RelayError {
  const problem = `${describeWindow(window)} has more than ${max} events`;
  return new RelayError('window.too-many-events', problem);
}

/**
 * The windows to try instead of one that had too many events.
 *
 * @throws the error, if it is another one or the window can't be split
 */
export function splitWindow(window: TimeWindow, error: unknown): TimeWindow[] {
  const isTooLarge = error instanceof RelayError && error.code === 'window.too-many-events';
  const halves = isTooLarge ? halveWindow(window) : undefined;
  if (!halves) throw error;
  return halves;
}

export function widen({ from, to }: TimeWindow, byMs: number): TimeWindow {
  return { from: from - byMs, to: to + byMs };
}

export function contains({ from, to }: TimeWindow, timeMs: number): boolean {
  return timeMs >= from && timeMs < to;
}

export function describeWindow({ from, to }: TimeWindow): string {
  return `${shortInstant(from)} … ${shortInstant(to)}`;
}

/** `2026-01-02T03:00Z`, with seconds and milliseconds if they are not 0. */
export function shortInstant(time: number): string {
  return new Date(time).toISOString().replace(/(?::00)?\.000Z$/, 'Z');
}

/** @param windows in order */
export function rangeOf(windows: readonly TimeWindow[]): TimeWindow {
  return { from: windows[0]?.from ?? 0, to: windows.at(-1)?.to ?? 0 };
}
