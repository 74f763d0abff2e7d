import { expect, it } from 'vitest';
import { badRow, notFound, openScripted, rowOf } from '../../beds/scripted-queue.ts';
import type { Hand, Received } from '../../beds/storage-write-script-bed.ts';

/** A queue whose rows come together, and go in a request each. */
async function open(script: (received: Received, hand: Hand) => void) {
  const limits = { rows: 6, bytes: 1_000_000, lingerMs: 600_000 };
  return await openScripted(script, { limits }, 1);
}

it('gives each row of an append its own result, also those that are tried again', async () => {
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
  const results = await Promise.all(
    ['a', 'b', 'c', 'd', 'e', 'f'].map((id) => queue.write(rowOf(id))),
  );
  expect(results).toEqual([
    { kind: 'written' },
    { kind: 'written' },
    { kind: 'invalid', problem: { reason: 'c is bad' } },
    { kind: 'invalid', problem: { reason: 'd is bad' } },
    { kind: 'invalid', problem: { reason: 'e is bad' } },
    { kind: 'written' },
  ]);
  // No row was sent again that had its result.
  const requests = server.received.map(({ rows }) => rows.join().at(-1)).toSorted();
  expect(requests.join('')).toBe('abbcddeff');
  expect(queue.rowsWritten).toBe(3);
  await queue.close(1000);
});

it('nacks what is not written when it closes, and gives the others their results', async () => {
  const { queue } = await open(({ rows: [row = ''] }, hand) => {
    if (/b|e/.test(row)) hand.answer(notFound);
    else if (row.includes('c')) hand.answer(badRow('c is bad'));
    else hand.store();
  });
  const results = ['a', 'b', 'c', 'd', 'e', 'f'].map((id) => queue.write(rowOf(id)));
  await Promise.all([0, 2, 3, 5].map((index) => results[index]));
  await queue.close(1000);
  expect(await Promise.all(results)).toMatchObject([
    { kind: 'written' },
    { kind: 'nacked' },
    { kind: 'invalid' },
    { kind: 'written' },
    { kind: 'nacked' },
    { kind: 'written' },
  ]);
});

it('nacks only the rows that have no result yet', async () => {
  const waiting: Hand[] = [];
  const seen = new Set<string>();
  const { queue } = await open(({ rows: [row = ''] }, hand) => {
    const isNew = !seen.has(row);
    seen.add(row);
    if (isNew && /b|e/.test(row)) hand.answer(notFound);
    else if (/b|e/.test(row)) waiting.push(hand);
    else hand.store();
  });
  const results = ['a', 'b', 'c', 'd', 'e', 'f'].map((id) => queue.write(rowOf(id)));
  await expect.poll(() => waiting.length).toBe(2);
  queue.nackUnanswered();
  const known = await Promise.all(results);
  expect(known.map(({ kind }) => kind)).toEqual([
    'written',
    'nacked',
    'written',
    'written',
    'nacked',
    'written',
  ]);
  for (const hand of waiting) hand.store();
  const later = known.flatMap((result) => (result.kind === 'nacked' ? [result.later] : []));
  expect(await Promise.all(later)).toEqual([{ kind: 'written' }, { kind: 'written' }]);
  await queue.close(1000);
});
