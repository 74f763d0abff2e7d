import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Guest, WaitingRoom } from '../../../subscriber/pull/waiting-room.ts';

/** A table of which the test says how it fares. */
class Table implements Guest {
  waitingSince: number | undefined;
  writtenAt = Number.NEGATIVE_INFINITY;
  answers = false;
  asked = 0;
  timesGivenBack = 0;
  timesSentGivenBack = 0;

  giveBackUnsent(): void {
    this.timesGivenBack++;
  }

  giveBackSent(): void {
    this.timesSentGivenBack++;
  }

  isAnswered(): Promise<boolean> {
    this.asked++;
    return Promise.resolve(this.answers);
  }
}

let room: WaitingRoom;
let late: Table;
let other: Table;

beforeEach(() => {
  vi.useFakeTimers({ now: 1_000_000 });
  room = new WaitingRoom({ messages: 10, bytes: 1000, now: Date.now });
  late = new Table();
  other = new Table();
  room.join(late);
  room.join(other);
});

afterEach(() => {
  vi.useRealTimers();
});

function fill(): void {
  while (room.messages < 10) room.enter(1);
}

describe('WaitingRoom', () => {
  it('leaves a late table alone while there is room', () => {
    late.waitingSince = Date.now();
    other.writtenAt = Date.now() + 5000;
    room.enter(1);
    vi.advanceTimersByTime(10_000);
    expect(late.timesGivenBack).toBe(0);
  });

  it('is full by bytes too', () => {
    late.waitingSince = Date.now() - 5000;
    other.writtenAt = Date.now();
    room.enter(1000);
    vi.advanceTimersByTime(250);
    expect(late.timesGivenBack).toBe(1);
  });

  it('has the late table give back what it can while another is written', () => {
    late.waitingSince = Date.now();
    fill();
    vi.advanceTimersByTime(2000);
    other.writtenAt = Date.now();
    expect(late.timesGivenBack).toBe(0);
    vi.advanceTimersByTime(1250);
    expect(late.timesGivenBack).toBe(1);
    expect(other.timesGivenBack).toBe(0);
    expect(other.asked).toBe(0);
  });

  it('has it give back what was sent too, where the rest makes no room', () => {
    late.waitingSince = Date.now();
    other.writtenAt = Date.now() + 1500;
    fill();
    vi.advanceTimersByTime(3251);
    expect([late.timesGivenBack, late.timesSentGivenBack]).toEqual([1, 1]);
    expect(other.timesSentGivenBack).toBe(0);
    // Now its unsent rows are enough.
    let asked = 0;
    late.giveBackUnsent = () => {
      asked++;
      room.leave(1);
    };
    vi.advanceTimersByTime(250);
    expect([asked, late.timesSentGivenBack]).toEqual([1, 1]);
  });

  it('asks about another table when none has anything to show, and believes the answer', async () => {
    late.waitingSince = Date.now();
    // From before the trouble: it proves nothing.
    other.writtenAt = Date.now() + 500;
    other.answers = true;
    fill();
    await vi.advanceTimersByTimeAsync(3250);
    expect([other.asked, late.asked, late.timesGivenBack]).toEqual([1, 0, 0]);
    await vi.advanceTimersByTimeAsync(250);
    expect(late.timesGivenBack).toBe(1);
    // An answer does not hold for ever.
    other.answers = false;
    await vi.advanceTimersByTimeAsync(60_000);
    const times = late.timesGivenBack;
    await vi.advanceTimersByTimeAsync(60_000);
    expect(late.timesGivenBack).toBe(times);
  });

  it('holds everything while BigQuery is down, for hours', async () => {
    late.waitingSince = Date.now();
    fill();
    await vi.advanceTimersByTimeAsync(3_600_000);
    expect(late.timesGivenBack).toBe(0);
    expect(other.asked).toBeGreaterThan(1000);
    expect(other.asked).toBeLessThanOrEqual(1200);
  });

  it('gives late tables time to be written when an outage is over', async () => {
    late.waitingSince = Date.now();
    fill();
    await vi.advanceTimersByTimeAsync(600_000);
    other.answers = true;
    await vi.advanceTimersByTimeAsync(55_000);
    expect(late.timesGivenBack).toBe(0);
    // It had its time: now the trouble is its own.
    await vi.advanceTimersByTimeAsync(15_000);
    expect(late.timesGivenBack).toBeGreaterThan(0);
  });

  it('holds everything while every table is late', async () => {
    late.waitingSince = Date.now();
    other.waitingSince = Date.now();
    other.writtenAt = Date.now() + 2000;
    other.answers = true;
    fill();
    await vi.advanceTimersByTimeAsync(60_000);
    expect([late.timesGivenBack, other.timesGivenBack, other.asked]).toEqual([0, 0, 0]);
  });

  it('rests once there is room again', () => {
    late.waitingSince = Date.now();
    other.writtenAt = Date.now() + 1500;
    fill();
    vi.advanceTimersByTime(3250);
    while (room.messages > 5) room.leave(1);
    vi.advanceTimersByTime(250);
    expect(vi.getTimerCount()).toBe(0);
    expect(late.timesGivenBack).toBe(1);
  });

  it('gives the bytes of a message free when it leaves', () => {
    late.waitingSince = Date.now() - 5000;
    other.writtenAt = Date.now();
    room.enter(900);
    room.leave(900);
    room.enter(900);
    vi.advanceTimersByTime(1000);
    expect(late.timesGivenBack).toBe(0);
  });

  it('looks again when it is full again', () => {
    late.waitingSince = Date.now();
    other.writtenAt = Date.now() + 1500;
    fill();
    vi.advanceTimersByTime(3250);
    expect(late.timesGivenBack).toBe(1);
    while (room.messages > 5) room.leave(1);
    vi.advanceTimersByTime(250);
    fill();
    vi.advanceTimersByTime(250);
    expect(late.timesGivenBack).toBe(2);
  });
});
