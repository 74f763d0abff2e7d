const whole = new Intl.NumberFormat('en-GB');
const short = new Intl.NumberFormat('en-GB', { notation: 'compact', maximumFractionDigits: 1 });

/** 12,345 */
export function count(n: number): string {
  return whole.format(n);
}

/** 12.3K */
export function compact(n: number): string {
  return n < 10_000 ? whole.format(Math.round(n)) : short.format(n);
}

/** A figure a second or a minute: few digits, and never "0" for a little. */
export function rate(n: number): string {
  if (n === 0) return '0';
  if (n < 0.1) return '<0.1';
  return n < 10 ? String(Math.round(n * 10) / 10) : compact(n);
}

export function bytes(n: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let value = n;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  const text = unit === 0 || value >= 100 ? Math.round(value) : Math.round(value * 10) / 10;
  return `${text} ${units[unit]}`;
}

/** 850 ms, 1.2 s, 3 min */
export function duration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 10_000) return `${(ms / 1000).toFixed(1)} s`;
  if (ms < 60_000) return `${Math.round(ms / 1000)} s`;
  if (ms < 7_200_000) return `${Math.round(ms / 60_000)} min`;
  if (ms < 172_800_000) return `${Math.round(ms / 3_600_000)} h`;
  return `${Math.round(ms / 86_400_000)} days`;
}

export function plural(n: number, one: string, many = `${one}s`): string {
  return `${count(n)} ${n === 1 ? one : many}`;
}
