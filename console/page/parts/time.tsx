import { useEffect, useState } from 'preact/hooks';
import { duration } from './figures.ts';

const clock = new Intl.DateTimeFormat(undefined, {
  hourCycle: 'h23',
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
});
const dated = new Intl.DateTimeFormat(undefined, {
  hourCycle: 'h23',
  year: 'numeric',
  month: 'short',
  day: 'numeric',
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
});

function utc(ms: number): string {
  return `${new Date(ms).toISOString().replace('T', ' ').replace('Z', '')} UTC`;
}

function isToday(ms: number): boolean {
  return new Date(ms).toDateString() === new Date().toDateString();
}

/**
 * A TIMESTAMP of BigQuery in the viewer's zone, with every digit: `2026-11-28 11:01:43.788`.
 *
 * @param text ISO 8601, in UTC
 */
export function localTimestamp(text: string): string {
  const ms = Date.parse(text);
  if (Number.isNaN(ms)) return text;
  const offsetMs = new Date(ms).getTimezoneOffset() * 60_000;
  const local = new Date(ms - offsetMs).toISOString().slice(0, 19).replace('T', ' ');
  return local + (/\.\d+/.exec(text)?.[0] ?? '');
}

/** In the viewer's zone; UTC on hover. */
export function Time({ at }: { at: number | string | null | undefined }) {
  const ms = typeof at === 'string' ? Date.parse(at) : at;
  if (ms === null || ms === undefined || Number.isNaN(ms)) return <span class="faint">–</span>;
  return (
    <time dateTime={new Date(ms).toISOString()} title={utc(ms)}>
      {isToday(ms) ? clock.format(ms) : dated.format(ms)}
    </time>
  );
}

/** "12 s ago". */
export function Ago({ at }: { at: number | string | null | undefined }) {
  const now = useNow();
  const ms = typeof at === 'string' ? Date.parse(at) : at;
  if (ms === null || ms === undefined || Number.isNaN(ms)) return <span class="faint">–</span>;
  const age = Math.max(0, now - ms);
  return (
    <time dateTime={new Date(ms).toISOString()} title={`${dated.format(ms)} · ${utc(ms)}`}>
      {age < 1500 ? 'just now' : `${duration(age)} ago`}
    </time>
  );
}

/** "3 min ago", of a time that is known to the minute. */
export function AgoMinute({ at }: { at: number | undefined }) {
  const now = useNow();
  if (at === undefined) return <span class="faint">–</span>;
  const minutes = Math.floor(now / 60_000) - Math.floor(at / 60_000);
  return (
    <time dateTime={new Date(at).toISOString()} title={`${dated.format(at)} · ${utc(at)}`}>
      {minutes <= 0 ? 'this minute' : `${duration(minutes * 60_000)} ago`}
    </time>
  );
}

/** The time, each second. */
export function useNow(): number {
  const [now, set] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => set(Date.now()), 1000);
    return () => clearInterval(timer);
  }, []);
  return now;
}
