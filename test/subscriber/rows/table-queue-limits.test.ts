import { describe, expect, it } from 'vitest';
import { InFlightLimit } from '../../../subscriber/pull/in-flight-limit.ts';
import type { WriteResult } from '../../../subscriber/rows/write-result.ts';
import { badRow, notFound, openScripted, rowOf } from '../../beds/scripted-queue.ts';
import type { Hand } from '../../beds/storage-write-script-bed.ts';

describe('a queue that closes', () => {
  it('has given every row its result by then, also those that were not sent', async () => {
    const { queue, server } = await openScripted(() => {}, {
      maxPending: { rows: 1, bytes: 1000 },
    });
    const results: WriteResult[] = [];
    const take = (id: string) => void queue.write(rowOf(id)).then((result) => results.push(result));
    take('a');
    await expect.poll(() => server.received.length).toBe(1);
    for (const id of ['b', 'c']) take(id);
    await queue.close(50);
    expect(results.map(({ kind }) => kind)).toEqual(['nacked', 'nacked', 'nacked']);
    expect(server.received).toHaveLength(1);
  });
});

describe('what a queue has pending', () => {
  it('is bounded by bytes as well as by rows', async () => {
    const waiting: Hand[] = [];
    const { queue, server } = await openScripted((_, hand) => void waiting.push(hand), {
      maxPending: { rows: 3000, bytes: 100 },
    });
    const results = ['b', 'c', 'a'.repeat(200)].map((id) => queue.write(rowOf(id)));
    await expect.poll(() => waiting.length).toBe(1);
    const more = queue.write(rowOf('d'));
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(server.received).toHaveLength(1);
    waiting[0]?.store();
    await Promise.all(results);
    await expect.poll(() => waiting.length).toBe(2);
    waiting[1]?.store();
    expect(await more).toEqual({ kind: 'written' });
    // What was written is given free.
    const next = queue.write(rowOf('e'.repeat(200)));
    await expect.poll(() => waiting.length).toBe(3);
    waiting[2]?.store();
    expect(await next).toEqual({ kind: 'written' });
    await queue.close(1000);
  });

  it('is waiting since its oldest row came, sent or not, and was written when it was', async () => {
    let now = 0;
    const inFlight = new InFlightLimit({ messages: 1000, bytes: 1_000_000, now: () => now });
    const waiting: Hand[] = [];
    const { queue } = await openScripted((_, hand) => void waiting.push(hand), {
      inFlight,
      maxPending: { rows: 1, bytes: 1000 },
    });
    now = 10;
    const first = queue.write(rowOf('a'));
    await expect.poll(() => waiting.length).toBe(1);
    now = 20;
    const second = queue.write(rowOf('b'));
    expect(queue.waitingSince).toBe(10);
    expect(queue.writtenAt).toBe(Number.NEGATIVE_INFINITY);
    now = 30;
    waiting[0]?.store();
    await first;
    expect(queue.writtenAt).toBe(30);
    await expect.poll(() => waiting.length).toBe(2);
    expect(queue.waitingSince).toBe(20);
    waiting[1]?.store();
    await second;
    await expect.poll(() => queue.waitingSince).toBeUndefined();
    await queue.close(1000);
  });

  it('is nacked where the in-flight limit is reached, and others are written', async () => {
    const inFlight = new InFlightLimit({ messages: 1, bytes: 1_000_000, lateAfterMs: 30 });
    inFlight.register({
      waitingSince: undefined,
      get writtenAt() {
        return inFlight.now;
      },
      nackUnsent() {},
      nackUnanswered() {},
      isAnswered: () => Promise.resolve(true),
    });
    const waiting: Hand[] = [];
    const { queue } = await openScripted((_, hand) => void waiting.push(hand), { inFlight });
    const result = queue.write(rowOf('a'));
    inFlight.add(1);
    const nacked = await result;
    expect(nacked).toMatchObject({ kind: 'nacked' });
    inFlight.remove(1);
    await expect.poll(() => waiting.length).toBe(1);
    waiting[0]?.store();
    expect(nacked.kind === 'nacked' && (await nacked.later)).toEqual({ kind: 'written' });
    await queue.close(1000);
  });
});

it('nacks the rows of every pending append', async () => {
  const waiting: Hand[] = [];
  const limits = { rows: 1, bytes: 1000, lingerMs: 5 };
  const { queue } = await openScripted((_, hand) => void waiting.push(hand), { limits });
  const results = ['a', 'b', 'c'].map((id) => queue.write(rowOf(id)));
  await expect.poll(() => waiting.length).toBe(3);
  queue.nackUnanswered();
  expect(await Promise.all(results)).toMatchObject(Array(3).fill({ kind: 'nacked' }));
  for (const hand of waiting) hand.store();
  await queue.close(1000);
});

describe('a table that was refused', () => {
  it('is not any more once it takes rows, although others are on their way', async () => {
    const waiting: Hand[] = [];
    let answer: (hand: Hand) => void = (hand) => hand.answer(notFound);
    const { queue } = await openScripted((_, hand) => answer(hand));
    const first = queue.write(rowOf('a'));
    await expect.poll(() => queue.isRefused).toBe(true);
    answer = (hand) => hand.store();
    expect(await first).toEqual({ kind: 'written' });
    answer = (hand) => void waiting.push(hand);
    const second = queue.write(rowOf('b'));
    await expect.poll(() => waiting.length).toBe(1);
    expect(queue.isRefused).toBe(false);
    waiting[0]?.store();
    await second;
    await queue.close(1000);
  });

  it('is not any more where its rows turn out to be bad', async () => {
    let isGone = true;
    const { queue } = await openScripted((_, hand) =>
      hand.answer(isGone ? notFound : badRow('no such id')),
    );
    const result = queue.write(rowOf('a'));
    await expect.poll(() => queue.isRefused).toBe(true);
    isGone = false;
    expect(await result).toMatchObject({ kind: 'invalid' });
    await expect.poll(() => queue.isRefused).toBe(false);
    await queue.close(1000);
  });
});
