import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { InFlightLimit, type LimitedQueue } from '../../../subscriber/pull/in-flight-limit.ts';

/** A queue whose state the test sets. */
class TestQueue implements LimitedQueue {
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
let late: TestQueue;
let other: TestQueue;

beforeEach(() => {
  vi.useFakeTimers({ now: 1_000_000 });
  limit = new InFlightLimit({ messages: 10, bytes: 1000, now: Date.now });
  late = new TestQueue();
  other = new TestQueue();
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
  it('leaves a late queue alone while the limit is not reached', () => {
    late.waitingSince = Date.now();
    other.writtenAt = Date.now() + 5000;
    limit.add(1);
    vi.advanceTimersByTime(10_000);
    expect(late.timesNacked).toBe(0);
  });

  it('is reached by bytes as well', () => {
    late.waitingSince = Date.now() - 5000;
    other.writtenAt = Date.now();
    limit.add(1000);
    vi.advanceTimersByTime(250);
    expect(late.timesNacked).toBe(1);
  });

  it('has the late queue nack what is not sent while another is written', () => {
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

  it('has it nack what was sent as well, where the rest is not enough', () => {
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

  it('asks about another table when none was written recently, and trusts the answer', async () => {
    late.waitingSince = Date.now();
    // From before the failure: it proves nothing.
    other.writtenAt = Date.now() + 500;
    other.answers = true;
    fill();
    await vi.advanceTimersByTimeAsync(3250);
    expect([other.asked, late.asked, late.timesNacked]).toEqual([1, 0, 0]);
    await vi.advanceTimersByTimeAsync(250);
    expect(late.timesNacked).toBe(1);
    // An answer expires.
    other.answers = false;
    await vi.advanceTimersByTimeAsync(60_000);
    const times = late.timesNacked;
    await vi.advanceTimersByTimeAsync(60_000);
    expect(late.timesNacked).toBe(times);
  });

  it('nacks nothing while BigQuery is down, for hours', async () => {
    late.waitingSince = Date.now();
    fill();
    await vi.advanceTimersByTimeAsync(3_600_000);
    expect(late.timesNacked).toBe(0);
    expect(other.asked).toBeGreaterThan(1000);
    expect(other.asked).toBeLessThanOrEqual(1200);
  });

  it('gives late queues time to be written when an outage is over', async () => {
    late.waitingSince = Date.now();
    fill();
    await vi.advanceTimersByTimeAsync(600_000);
    other.answers = true;
    await vi.advanceTimersByTimeAsync(55_000);
    expect(late.timesNacked).toBe(0);
    // It had its time: now only its own table fails.
    await vi.advanceTimersByTimeAsync(15_000);
    expect(late.timesNacked).toBeGreaterThan(0);
  });

  it('nacks nothing while every queue is late', async () => {
    late.waitingSince = Date.now();
    other.waitingSince = Date.now();
    other.writtenAt = Date.now() + 2000;
    other.answers = true;
    fill();
    await vi.advanceTimersByTimeAsync(60_000);
    expect([late.timesNacked, other.timesNacked, other.asked]).toEqual([0, 0, 0]);
  });

  it('stops once the limit is no longer reached', () => {
    late.waitingSince = Date.now();
    other.writtenAt = Date.now() + 1500;
    fill();
    vi.advanceTimersByTime(3250);
    while (limit.messages > 5) limit.remove(1);
    vi.advanceTimersByTime(250);
    expect(vi.getTimerCount()).toBe(0);
    expect(late.timesNacked).toBe(1);
  });

  it('frees the bytes of a message that is acked or nacked', () => {
    late.waitingSince = Date.now() - 5000;
    other.writtenAt = Date.now();
    limit.add(900);
    limit.remove(900);
    limit.add(900);
    vi.advanceTimersByTime(1000);
    expect(late.timesNacked).toBe(0);
  });

  it('checks again when it is reached again', () => {
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
