import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { InFlightLimit, type LimitedQueue } from '../../../subscriber/pull/in-flight-limit.ts';

/** A table of which the test says how it fares. */
class Table implements LimitedQueue {
  waitingSince: number | undefined;
  writtenAt = Number.NEGATIVE_INFINITY;
  answers = false;
  asked = 0;
  timesNacked = 0;
  timesSentNacked = 0;

  nackUnsent(): void {
    this.timesNacked++;
  }

  nackUnanswered(): void {
    this.timesSentNacked++;
  }

  isAnswered(): Promise<boolean> {
    this.asked++;
    return Promise.resolve(this.answers);
  }
}

let limit: InFlightLimit;
let late: Table;
let other: Table;

beforeEach(() => {
  vi.useFakeTimers({ now: 1_000_000 });
  limit = new InFlightLimit({ messages: 10, bytes: 1000, now: Date.now });
  late = new Table();
  other = new Table();
  limit.register(late);
  limit.register(other);
});

afterEach(() => {
  vi.useRealTimers();
});

function fill(): void {
  while (limit.messages < 10) limit.add(1);
}

describe('InFlightLimit', () => {
  it('leaves a late table alone while there is room', () => {
    late.waitingSince = Date.now();
    other.writtenAt = Date.now() + 5000;
    limit.add(1);
    vi.advanceTimersByTime(10_000);
    expect(late.timesNacked).toBe(0);
  });

  it('is full by bytes too', () => {
    late.waitingSince = Date.now() - 5000;
    other.writtenAt = Date.now();
    limit.add(1000);
    vi.advanceTimersByTime(250);
    expect(late.timesNacked).toBe(1);
  });

  it('has the late table give back what it can while another is written', () => {
    late.waitingSince = Date.now();
    fill();
    vi.advanceTimersByTime(2000);
    other.writtenAt = Date.now();
    expect(late.timesNacked).toBe(0);
    vi.advanceTimersByTime(1250);
    expect(late.timesNacked).toBe(1);
    expect(other.timesNacked).toBe(0);
    expect(other.asked).toBe(0);
  });

  it('has it give back what was sent too, where the rest makes no room', () => {
    late.waitingSince = Date.now();
    other.writtenAt = Date.now() + 1500;
    fill();
    vi.advanceTimersByTime(3251);
    expect([late.timesNacked, late.timesSentNacked]).toEqual([1, 1]);
    expect(other.timesSentNacked).toBe(0);
    // Now its unsent rows are enough.
    let asked = 0;
    late.nackUnsent = () => {
      asked++;
      limit.remove(1);
    };
    vi.advanceTimersByTime(250);
    expect([asked, late.timesSentNacked]).toEqual([1, 1]);
  });

  it('asks about another table when none has anything to show, and believes the answer', async () => {
    late.waitingSince = Date.now();
    // From before the trouble: it proves nothing.
    other.writtenAt = Date.now() + 500;
    other.answers = true;
    fill();
    await vi.advanceTimersByTimeAsync(3250);
    expect([other.asked, late.asked, late.timesNacked]).toEqual([1, 0, 0]);
    await vi.advanceTimersByTimeAsync(250);
    expect(late.timesNacked).toBe(1);
    // An answer does not hold for ever.
    other.answers = false;
    await vi.advanceTimersByTimeAsync(60_000);
    const times = late.timesNacked;
    await vi.advanceTimersByTimeAsync(60_000);
    expect(late.timesNacked).toBe(times);
  });

  it('holds everything while BigQuery is down, for hours', async () => {
    late.waitingSince = Date.now();
    fill();
    await vi.advanceTimersByTimeAsync(3_600_000);
    expect(late.timesNacked).toBe(0);
    expect(other.asked).toBeGreaterThan(1000);
    expect(other.asked).toBeLessThanOrEqual(1200);
  });

  it('gives late tables time to be written when an outage is over', async () => {
    late.waitingSince = Date.now();
    fill();
    await vi.advanceTimersByTimeAsync(600_000);
    other.answers = true;
    await vi.advanceTimersByTimeAsync(55_000);
    expect(late.timesNacked).toBe(0);
    // It had its time: now the trouble is its own.
    await vi.advanceTimersByTimeAsync(15_000);
    expect(late.timesNacked).toBeGreaterThan(0);
  });

  it('holds everything while every table is late', async () => {
    late.waitingSince = Date.now();
    other.waitingSince = Date.now();
    other.writtenAt = Date.now() + 2000;
    other.answers = true;
    fill();
    await vi.advanceTimersByTimeAsync(60_000);
    expect([late.timesNacked, other.timesNacked, other.asked]).toEqual([0, 0, 0]);
  });

  it('rests once there is room again', () => {
    late.waitingSince = Date.now();
    other.writtenAt = Date.now() + 1500;
    fill();
    vi.advanceTimersByTime(3250);
    while (limit.messages > 5) limit.remove(1);
    vi.advanceTimersByTime(250);
    expect(vi.getTimerCount()).toBe(0);
    expect(late.timesNacked).toBe(1);
  });

  it('gives the bytes of a message free when it leaves', () => {
    late.waitingSince = Date.now() - 5000;
    other.writtenAt = Date.now();
    limit.add(900);
    limit.remove(900);
    limit.add(900);
    vi.advanceTimersByTime(1000);
    expect(late.timesNacked).toBe(0);
  });

  it('looks again when it is full again', () => {
    late.waitingSince = Date.now();
    other.writtenAt = Date.now() + 1500;
    fill();
    vi.advanceTimersByTime(3250);
    expect(late.timesNacked).toBe(1);
    while (limit.messages > 5) limit.remove(1);
    vi.advanceTimersByTime(250);
    fill();
    vi.advanceTimersByTime(250);
    expect(late.timesNacked).toBe(2);
  });
});
