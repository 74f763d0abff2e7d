import { describe, expect, it } from 'vitest';
import { WaitingRoom } from '../../../subscriber/pull/waiting-room.ts';
import type { Fate } from '../../../subscriber/rows/fate.ts';
import { badRow, notFound, openScripted } from '../../beds/scripted-queue.ts';
import type { Hand } from '../../beds/scripted-storage-write.ts';

describe('a queue that closes', () => {
  it('has told the fate of every row by then, of those too that were not sent', async () => {
    const { queue, server } = await openScripted(() => {}, { underWay: { rows: 1, bytes: 1000 } });
    const fates: Fate[] = [];
    const take = (id: string) => void queue.write({ id }).then((fate) => fates.push(fate));
    take('a');
    await expect.poll(() => server.received.length).toBe(1);
    for (const id of ['b', 'c']) take(id);
    await queue.close(50);
    expect(fates.map(({ kind }) => kind)).toEqual(['held', 'held', 'held']);
    expect(server.received).toHaveLength(1);
  });
});

describe('what a queue has under way', () => {
  it('is bounded by bytes as well as by rows', async () => {
    const waiting: Hand[] = [];
    const { queue, server } = await openScripted((_, hand) => void waiting.push(hand), {
      underWay: { rows: 3000, bytes: 100 },
    });
    const fates = ['b', 'c', 'a'.repeat(200)].map((id) => queue.write({ id }));
    await expect.poll(() => waiting.length).toBe(1);
    const more = queue.write({ id: 'd' });
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(server.received).toHaveLength(1);
    waiting[0]?.store();
    await Promise.all(fates);
    await expect.poll(() => waiting.length).toBe(2);
    waiting[1]?.store();
    expect(await more).toEqual({ kind: 'written' });
    // What was written is given free.
    const next = queue.write({ id: 'e'.repeat(200) });
    await expect.poll(() => waiting.length).toBe(3);
    waiting[2]?.store();
    expect(await next).toEqual({ kind: 'written' });
    await queue.close(1000);
  });

  it('is waiting since its oldest row came, sent or not, and was written when it was', async () => {
    let now = 0;
    const room = new WaitingRoom({ messages: 1000, bytes: 1_000_000, now: () => now });
    const waiting: Hand[] = [];
    const { queue } = await openScripted((_, hand) => void waiting.push(hand), {
      room,
      underWay: { rows: 1, bytes: 1000 },
    });
    now = 10;
    const first = queue.write({ id: 'a' });
    await expect.poll(() => waiting.length).toBe(1);
    now = 20;
    const second = queue.write({ id: 'b' });
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

  it('is let go of where the room is full, and others are written', async () => {
    const room = new WaitingRoom({ messages: 1, bytes: 1_000_000, lateAfterMs: 30 });
    room.join({
      waitingSince: undefined,
      get writtenAt() {
        return room.now;
      },
      giveBackUnsent() {},
      giveBackSent() {},
      isAnswered: () => Promise.resolve(true),
    });
    const waiting: Hand[] = [];
    const { queue } = await openScripted((_, hand) => void waiting.push(hand), { room });
    const fate = queue.write({ id: 'a' });
    room.enter(1);
    const held = await fate;
    expect(held).toMatchObject({ kind: 'held' });
    room.leave(1);
    await expect.poll(() => waiting.length).toBe(1);
    waiting[0]?.store();
    expect(held.kind === 'held' && (await held.later)).toEqual({ kind: 'written' });
    await queue.close(1000);
  });
});

it('lets go of the rows of every append that is under way', async () => {
  const waiting: Hand[] = [];
  const limits = { rows: 1, bytes: 1000, lingerMs: 5 };
  const { queue } = await openScripted((_, hand) => void waiting.push(hand), { limits });
  const fates = ['a', 'b', 'c'].map((id) => queue.write({ id }));
  await expect.poll(() => waiting.length).toBe(3);
  queue.giveBackSent();
  expect(await Promise.all(fates)).toMatchObject(Array(3).fill({ kind: 'held' }));
  for (const hand of waiting) hand.store();
  await queue.close(1000);
});

describe('a table that was refused', () => {
  it('is not any more once it takes rows, although others are on their way', async () => {
    const waiting: Hand[] = [];
    let answer: (hand: Hand) => void = (hand) => hand.answer(notFound);
    const { queue } = await openScripted((_, hand) => answer(hand));
    const first = queue.write({ id: 'a' });
    await expect.poll(() => queue.isRefused).toBe(true);
    answer = (hand) => hand.store();
    expect(await first).toEqual({ kind: 'written' });
    answer = (hand) => void waiting.push(hand);
    const second = queue.write({ id: 'b' });
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
    const fate = queue.write({ id: 'a' });
    await expect.poll(() => queue.isRefused).toBe(true);
    isGone = false;
    expect(await fate).toMatchObject({ kind: 'dead' });
    await expect.poll(() => queue.isRefused).toBe(false);
    await queue.close(1000);
  });
});
