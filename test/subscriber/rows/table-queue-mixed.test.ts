import { expect, it } from 'vitest';
import { badRow, notFound, openScripted } from '../../beds/scripted-queue.ts';
import type { Hand, Received } from '../../beds/scripted-storage-write.ts';

/** A queue whose rows come together, and go in a request each. */
async function open(script: (received: Received, hand: Hand) => void) {
  const limits = { rows: 6, bytes: 1_000_000, lingerMs: 600_000 };
  return await openScripted(script, { limits }, 1);
}

it('tells each row of an append its own fate, also those that are tried again', async () => {
  const seen = new Set<string>();
  const { queue, server } = await open(({ rows: [row = ''] }, hand) => {
    const isNew = !seen.has(row);
    seen.add(row);
    if (isNew && /b|d|f/.test(row)) hand.answer(notFound);
    else if (row.includes('c')) hand.answer(badRow('c is bad'));
    else if (row.includes('d')) hand.answer(badRow('d is bad'));
    else if (row.includes('e')) hand.answer(badRow('e is bad'));
    else hand.store();
  });
  const fates = await Promise.all(['a', 'b', 'c', 'd', 'e', 'f'].map((id) => queue.write({ id })));
  expect(fates).toEqual([
    { kind: 'written' },
    { kind: 'written' },
    { kind: 'dead', reason: 'c is bad' },
    { kind: 'dead', reason: 'd is bad' },
    { kind: 'dead', reason: 'e is bad' },
    { kind: 'written' },
  ]);
  // None was sent again that had its fate.
  const requests = server.received.map(({ rows }) => rows.join().at(-1)).toSorted();
  expect(requests.join('')).toBe('abbcddeff');
  expect(queue.rowsWritten).toBe(3);
  await queue.close(1000);
});

it('gives back what is not written when it closes, and tells the others what became of them', async () => {
  const { queue } = await open(({ rows: [row = ''] }, hand) => {
    if (/b|e/.test(row)) hand.answer(notFound);
    else if (row.includes('c')) hand.answer(badRow('c is bad'));
    else hand.store();
  });
  const fates = ['a', 'b', 'c', 'd', 'e', 'f'].map((id) => queue.write({ id }));
  await Promise.all([0, 2, 3, 5].map((index) => fates[index]));
  await queue.close(1000);
  expect(await Promise.all(fates)).toMatchObject([
    { kind: 'written' },
    { kind: 'held' },
    { kind: 'dead' },
    { kind: 'written' },
    { kind: 'held' },
    { kind: 'written' },
  ]);
});

it('lets go of those alone that have no fate yet', async () => {
  const waiting: Hand[] = [];
  const seen = new Set<string>();
  const { queue } = await open(({ rows: [row = ''] }, hand) => {
    const isNew = !seen.has(row);
    seen.add(row);
    if (isNew && /b|e/.test(row)) hand.answer(notFound);
    else if (/b|e/.test(row)) waiting.push(hand);
    else hand.store();
  });
  const fates = ['a', 'b', 'c', 'd', 'e', 'f'].map((id) => queue.write({ id }));
  await expect.poll(() => waiting.length).toBe(2);
  queue.giveBackSent();
  const known = await Promise.all(fates);
  expect(known.map(({ kind }) => kind)).toEqual([
    'written',
    'held',
    'written',
    'written',
    'held',
    'written',
  ]);
  for (const hand of waiting) hand.store();
  const later = known.flatMap((fate) => (fate.kind === 'held' ? [fate.later] : []));
  expect(await Promise.all(later)).toEqual([{ kind: 'written' }, { kind: 'written' }]);
  await queue.close(1000);
});
