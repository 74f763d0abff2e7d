import { afterEach, expect, it } from 'vitest';
import type { TableLayout } from '../../shared/columns.ts';
import { openWriteClient, type WriteClient } from '../../subscriber/bigquery/client.ts';
import { createEncoder } from '../../subscriber/bigquery/encode.ts';
import { TableWriter } from '../../subscriber/bigquery/writer.ts';
import { TableQueue } from '../../subscriber/table-queue.ts';
import { WaitingRoom } from '../../subscriber/waiting-room.ts';
import {
  type Hand,
  type Received,
  type ScriptedServer,
  startScriptedServer,
} from './bigquery/scripted-server.ts';

const layout: TableLayout = { columns: [{ name: 'id', type: 'STRING', mode: 'REQUIRED' }] };
const table = 'projects/demo/datasets/d/tables/t';

let server: ScriptedServer;
let client: WriteClient;

afterEach(async () => {
  await client.close();
  server.stop();
});

/** A queue whose rows come together, and go in a request each. */
async function open(script: (received: Received, hand: Hand) => void): Promise<TableQueue> {
  server = await startScriptedServer(script);
  client = await openWriteClient({ projectId: 'demo', endpoint: server.endpoint });
  const encoder = createEncoder(layout, Date.now);
  const writer = new TableWriter(client, {
    table,
    descriptor: encoder.descriptor,
    setupPatienceMs: 0,
    random: () => 0.01,
    maxRequestBytes: 1,
  });
  return new TableQueue({
    encoder,
    writer,
    room: new WaitingRoom({ messages: 1000, bytes: 1_000_000 }),
    limits: { rows: 6, bytes: 1_000_000, lingerMs: 600_000 },
    underWay: { rows: 3000, bytes: 8_000_000 },
    random: () => 0.01,
    onSetupFailure: () => Promise.resolve(),
  });
}

const notFound = { error: { code: 5, message: 'Requested entity was not found' } };
const badRow = (why: string) => ({
  error: { code: 3, message: 'errors in rows' },
  rowErrors: [{ index: 0, code: 1, message: why }],
});

it('tells each row of an append its own fate, also those that are tried again', async () => {
  const seen = new Set<string>();
  const queue = await open(({ rows: [row = ''] }, hand) => {
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
  const queue = await open(({ rows: [row = ''] }, hand) => {
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
  const queue = await open(({ rows: [row = ''] }, hand) => {
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
