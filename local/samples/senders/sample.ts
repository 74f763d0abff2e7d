/** What differs from one delivery to the next. */
export interface Moment {
  /** Unix milliseconds. */
  now: number;
  /** Unix seconds. */
  seconds: number;
  /** ISO 8601, in UTC, with milliseconds. */
  iso: string;
  /** A new id: the prefix, then random letters and digits. */
  id(prefix?: string, length?: number): string;
  uuid(): string;
  /** A new number of that many digits, 15 at most. */
  number(digits?: number): number;
}

/** The deliveries of one sender, shaped as its documentation shows them, with made-up data. */
export interface SenderSamples {
  /** The headers in which the sender writes an event's name, id or time. */
  headers?(at: Moment, event: string): Record<string, string>;
  /**
   * The bodies, by the name of their first event. The first is sent by default. A text is sent as it is (a form, or
   * XML), anything else as JSON.
   */
  events: Readonly<Record<string, (at: Moment) => unknown>>;
}

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

/** @param now Unix milliseconds */
export function momentAt(now: number): Moment {
  return {
    now,
    seconds: Math.floor(now / 1000),
    iso: new Date(now).toISOString(),
    uuid: () => crypto.randomUUID(),
    id(prefix = '', length = 20) {
      const bytes = crypto.getRandomValues(new Uint8Array(length));
      return prefix + Array.from(bytes, (byte) => alphabet[byte % alphabet.length]).join('');
    },
    number(digits = 10) {
      const [drawn = 0] = crypto.getRandomValues(new Uint32Array(1));
      const first = 10 ** (digits - 1);
      return first + Math.floor((drawn / 2 ** 32) * 9 * first);
    },
  };
}

/** The text of an urlencoded form. */
export function formText(fields: Record<string, string | number>): string {
  const form = new URLSearchParams();
  for (const [name, value] of Object.entries(fields)) form.set(name, String(value));
  return form.toString();
}
