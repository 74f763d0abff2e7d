import { afterEach, describe, expect, it } from 'vitest';
import type { TableLayout } from '../../../shared/columns.ts';
import { TableWriter } from '../../../subscriber/bigquery/append/writer.ts';
import { openWriteClient, type WriteClient } from '../../../subscriber/bigquery/client.ts';
import { createEncoder } from '../../../subscriber/bigquery/encode/encode.ts';
import { WaitingRoom } from '../../../subscriber/pull/waiting-room.ts';
import { defaultLimits } from '../../../subscriber/rows/batch.ts';
import { TableQueue, type TableQueueOptions } from '../../../subscriber/rows/table-queue.ts';
import {
  type Hand,
  type Received,
  type ScriptedServer,
  startScriptedServer,
} from '../../beds/scripted-storage-write.ts';

const layout: TableLayout = { columns: [{ name: 'id', type: 'STRING', mode: 'REQUIRED' }] };

let server: ScriptedServer;
let client: WriteClient;
let setupFailures: string[] = [];

afterEach(async () => {
  await client.close();
  server.stop();
});

/** A queue to a BigQuery that behaves as the script says. */
async function open(
  script: (received: Received, hand: Hand) => void,
  { lingerMs = 5, setupPatienceMs = 60_000 } = {},
  options: Partial<TableQueueOptions> = {},
): Promise<TableQueue> {
  setupFailures = [];
  server = await startScriptedServer(script);
  client = await openWriteClient({ projectId: 'demo', endpoint: server.endpoint });
  const encoder = createEncoder(layout, Date.now);
  const table = 'projects/demo/datasets/d/tables/t';
  const writer = new TableWriter(client, {
    table,
    descriptor: encoder.descriptor,
    setupPatienceMs,
    random: () => 0.01,
  });
  return new TableQueue({
    encoder,
    writer,
    room: new WaitingRoom({ messages: 1000, bytes: 1_000_000 }),
    limits: { ...defaultLimits, lingerMs },
    underWay: { rows: 3000, bytes: 8_000_000 },
    random: () => 0.01,
    onSetupFailure: (reason) => {
      setupFailures.push(reason);
      return Promise.resolve();
    },
    ...options,
  });
}

const takes = (_: Received, hand: Hand) => hand.store();

describe('TableQueue', () => {
  it('writes rows that come together in one append', async () => {
    const queue = await open(takes);
    const fates = await Promise.all(['a', 'b', 'c'].map((id) => queue.write({ id })));
    expect(fates).toEqual([{ kind: 'written' }, { kind: 'written' }, { kind: 'written' }]);
    expect(server.received).toHaveLength(1);
    expect(server.stored).toHaveLength(3);
    await queue.close(1000);
  });

  it('sends a full batch in one request, whatever the request adds to each row', async () => {
    const queue = await open(takes, { lingerMs: 600_000 });
    const id = 'x'.repeat(245);
    // Each row is some 248 bytes: the batch is full by its bytes before it is by its rows.
    const fates = Array.from({ length: 4100 }, () => queue.write({ id }));
    await fates[0];
    expect(server.received).toHaveLength(1);
    expect(server.stored.length).toBeGreaterThan(4000);
    await queue.close(5000);
    expect(server.stored).toHaveLength(4100);
    expect(server.received).toHaveLength(2);
  });

  it('refuses what can be no row without asking BigQuery, and names the column', async () => {
    const queue = await open(takes);
    expect(await queue.write({ id: null })).toMatchObject({ kind: 'dead', column: 'id' });
    expect(server.received).toHaveLength(0);
    await queue.close(1000);
  });

  it('tells a row that BigQuery refuses from its neighbours', async () => {
    const queue = await open(({ rows }, hand) => {
      const bad = rows.findIndex((row) => row.includes('bad'));
      if (bad < 0) hand.store();
      else {
        hand.answer({
          error: { code: 3, message: 'errors in rows' },
          rowErrors: [{ index: bad, code: 1, message: 'no such id' }],
        });
      }
    });
    const fates = await Promise.all(['a', 'bad', 'c'].map((id) => queue.write({ id })));
    expect(fates[0]).toEqual({ kind: 'written' });
    expect(fates[1]).toMatchObject({
      kind: 'dead',
      reason: expect.stringContaining('no such id'),
    });
    expect(fates[2]).toEqual({ kind: 'written' });
    await queue.close(1000);
  });

  it('tells them apart again among those that had to be sent again', async () => {
    let appends = 0;
    const queue = await open(
      ({ rows }, hand) => {
        const bad = rows.findIndex((row) => row.includes('bad'));
        // The first answer names one, then the table is gone for a while.
        if (++appends === 2) return hand.end(5);
        if (bad < 0) return hand.store();
        const rowErrors = [{ index: bad, code: 1, message: 'no such id' }];
        hand.answer({ error: { code: 3, message: 'errors in rows' }, rowErrors });
      },
      { setupPatienceMs: 0 },
    );
    const ids = ['bad0', 'a', 'bad2', 'b', 'bad4', 'c'];
    const fates = await Promise.all(ids.map((id) => queue.write({ id })));
    expect(fates.map(({ kind }) => kind)).toEqual(
      ids.map((id) => (id.startsWith('bad') ? 'dead' : 'written')),
    );
    expect(server.stored.map((row) => row.at(-1))).toEqual(['a', 'b', 'c']);
    await queue.close(1000);
  });

  it('writes what waits for company when it is closed', async () => {
    const queue = await open(takes, { lingerMs: 600_000 });
    const fate = queue.write({ id: 'a' });
    await queue.close(5000);
    expect(await fate).toEqual({ kind: 'written' });
  });

  it('gives back what is not answered in the grace', async () => {
    const queue = await open(() => {});
    const fate = queue.write({ id: 'a' });
    await queue.close(50);
    expect(await fate).toMatchObject({ kind: 'held' });
  });

  it('takes nothing more once it is closed', async () => {
    const queue = await open(takes);
    await queue.close(1000);
    expect(await queue.write({ id: 'a' })).toMatchObject({ kind: 'held' });
  });

  it('keeps rows through a table that is gone, and writes them when it is back', async () => {
    let isGone = true;
    const queue = await open(
      (_, hand) => {
        if (isGone) hand.end(5, 'Requested entity was not found');
        else hand.store();
      },
      { setupPatienceMs: 0 },
    );
    const fate = queue.write({ id: 'a' });
    await expect.poll(() => queue.isRefused).toBe(true);
    isGone = false;
    expect(await fate).toEqual({ kind: 'written' });
    expect(setupFailures.length).toBeGreaterThan(0);
    await expect.poll(() => queue.isRefused).toBe(false);
    await queue.close(1000);
  });

  it('mends a table once for all the appends that it refuses, and sends nothing meanwhile', async () => {
    let isRefused = true;
    let mended: () => void = () => {};
    const queue = await open(
      (_, hand) => (isRefused ? hand.end(5, 'Requested entity was not found') : hand.store()),
      { setupPatienceMs: 0 },
      {
        limits: { rows: 1, bytes: 1000, lingerMs: 5 },
        onSetupFailure: (reason) => {
          setupFailures.push(reason);
          return new Promise((resolve) => {
            mended = resolve;
          });
        },
      },
    );
    const fates = ['a', 'b', 'c'].map((id) => queue.write({ id }));
    await expect.poll(() => setupFailures.length).toBe(1);
    const sent = server.received.length;
    const late = queue.write({ id: 'd' });
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(server.received).toHaveLength(sent);
    isRefused = false;
    mended();
    expect(await Promise.all([...fates, late])).toEqual(Array(4).fill({ kind: 'written' }));
    expect(setupFailures).toHaveLength(1);
    await queue.close(1000);
  });

  it('closes although mending the table is never answered', async () => {
    const queue = await open(
      (_, hand) => hand.end(5, 'Requested entity was not found'),
      { setupPatienceMs: 0 },
      { onSetupFailure: () => new Promise(() => {}) },
    );
    const fate = queue.write({ id: 'a' });
    await expect.poll(() => server.received.length).toBe(1);
    await new Promise((resolve) => setTimeout(resolve, 50));
    await queue.close(50);
    expect(await fate).toMatchObject({ kind: 'held' });
  });

  it('lets rows wait while enough is under way, and fills the batches with them', async () => {
    const waiting: Hand[] = [];
    const queue = await open(
      (_, hand) => void waiting.push(hand),
      {},
      { underWay: { rows: 1, bytes: 1_000_000 } },
    );
    const first = queue.write({ id: 'a' });
    await expect.poll(() => waiting.length).toBe(1);
    const others = ['b', 'c', 'd'].map((id) => queue.write({ id }));
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(server.received).toHaveLength(1);
    waiting[0]?.store();
    await first;
    await expect.poll(() => waiting.length).toBe(2);
    waiting[1]?.store();
    await Promise.all(others);
    expect(server.received.map(({ rows }) => rows.length)).toEqual([1, 3]);
    expect(queue.rowsWritten).toBe(4);
    await queue.close(1000);
  });

  it('gives back what was not sent, and goes on with what comes after', async () => {
    const waiting: Hand[] = [];
    const queue = await open(
      (_, hand) => void waiting.push(hand),
      {},
      { underWay: { rows: 1, bytes: 1_000_000 } },
    );
    const sent = queue.write({ id: 'a' });
    await expect.poll(() => waiting.length).toBe(1);
    const unsent = ['b', 'c'].map((id) => queue.write({ id }));
    queue.giveBackUnsent();
    expect(await Promise.all(unsent)).toMatchObject([{ kind: 'held' }, { kind: 'held' }]);
    expect(queue.waitingSince).toBeDefined();
    waiting[0]?.store();
    expect(await sent).toEqual({ kind: 'written' });
    await expect.poll(() => queue.waitingSince).toBeUndefined();
    const later = queue.write({ id: 'd' });
    await expect.poll(() => waiting.length).toBe(2);
    waiting[1]?.store();
    expect(await later).toEqual({ kind: 'written' });
    await queue.close(1000);
  });

  it('lets go of what was sent, and tells what becomes of it', async () => {
    const waiting: Hand[] = [];
    const queue = await open((_, hand) => void waiting.push(hand));
    const fates = ['a', 'b'].map((id) => queue.write({ id }));
    await expect.poll(() => waiting.length).toBe(1);
    queue.giveBackSent();
    const held = await Promise.all(fates);
    expect(held).toMatchObject([{ kind: 'held' }, { kind: 'held' }]);
    waiting[0]?.answer({ rowErrors: [{ index: 0, code: 1, message: 'no such id' }] });
    await expect.poll(() => waiting.length).toBe(2);
    waiting[1]?.store();
    const later = held.map((fate) => (fate.kind === 'held' ? fate.later : undefined));
    expect(await Promise.all(later)).toMatchObject([{ kind: 'dead' }, { kind: 'written' }]);
    await queue.close(1000);
  });

  it('tells a bad row by those that come after it, though it is the first of its table', async () => {
    const mended = Promise.withResolvers<void>();
    const queue = await open(
      ({ rows }, hand) => {
        const isBad = rows.some((row) => row.includes('bad'));
        if (isBad) hand.answer({ error: { code: 3, message: 'no' } });
        else hand.store();
      },
      { setupPatienceMs: 0 },
      { onSetupFailure: () => mended.promise },
    );
    const bad = queue.write({ id: 'bad' });
    await expect.poll(() => server.received.length).toBe(1);
    await new Promise((resolve) => setTimeout(resolve, 50));
    // It waits for company while the table is mended, and longer than it may.
    const good = queue.write({ id: 'good' });
    await new Promise((resolve) => setTimeout(resolve, 50));
    mended.resolve();
    expect(await good).toEqual({ kind: 'written' });
    expect(await bad).toMatchObject({ kind: 'dead' });
    await queue.close(1000);
  });

  it('writes all that waits behind a slow append when it is closed', async () => {
    const queue = await open(
      (_, hand) => void setTimeout(() => hand.store(), 20),
      { lingerMs: 600_000 },
      { limits: { rows: 2, bytes: 1000, lingerMs: 600_000 }, underWay: { rows: 1, bytes: 1000 } },
    );
    const fates = ['a', 'b', 'c', 'd', 'e'].map((id) => queue.write({ id }));
    await queue.close(5000);
    expect(await Promise.all(fates)).toEqual(Array(5).fill({ kind: 'written' }));
    expect(server.received).toHaveLength(3);
  });
});
