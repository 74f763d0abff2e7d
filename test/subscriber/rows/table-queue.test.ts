import { afterEach, describe, expect, it } from 'vitest';
import type { TableLayout } from '../../../shared/columns.ts';
import { TableWriter } from '../../../subscriber/bigquery/append/writer.ts';
import { openWriteClient, type WriteClient } from '../../../subscriber/bigquery/client.ts';
import { createEncoder } from '../../../subscriber/bigquery/encode/encode.ts';
import { InFlightLimit } from '../../../subscriber/pull/in-flight-limit.ts';
import { defaultLimits } from '../../../subscriber/rows/batches.ts';
import { TableQueue, type TableQueueOptions } from '../../../subscriber/rows/table-queue.ts';
import { rowOf } from '../../beds/scripted-queue.ts';
import {
  type Hand,
  type Received,
  type StorageWriteScriptBed,
  startStorageWriteScriptBed,
} from '../../beds/storage-write-script-bed.ts';

const layout: TableLayout = { columns: [{ name: 'id', type: 'STRING', mode: 'REQUIRED' }] };

let server: StorageWriteScriptBed;
let client: WriteClient;
let setupFailures: string[] = [];

afterEach(async () => {
  await client.close();
  server.stop();
});

/** A queue to a BigQuery that behaves as the script says. */
async function open(
  script: (received: Received, hand: Hand) => void,
  { lingerMs = 5, setupRetryMs = 60_000 } = {},
  options: Partial<TableQueueOptions> = {},
): Promise<TableQueue> {
  setupFailures = [];
  server = await startStorageWriteScriptBed(script);
  client = await openWriteClient({ projectId: 'demo', endpoint: server.endpoint });
  const encoder = createEncoder(layout, Date.now);
  const table = 'projects/demo/datasets/d/tables/t';
  const writer = new TableWriter(client, {
    table,
    descriptor: encoder.descriptor,
    setupRetryMs,
    random: () => 0.01,
  });
  return new TableQueue({
    writer,
    inFlight: new InFlightLimit({ messages: 1000, bytes: 1_000_000 }),
    limits: { ...defaultLimits, lingerMs },
    maxPending: { rows: 3000, bytes: 8_000_000 },
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
    const results = await Promise.all(['a', 'b', 'c'].map((id) => queue.write(rowOf(id))));
    expect(results).toEqual([{ kind: 'written' }, { kind: 'written' }, { kind: 'written' }]);
    expect(server.received).toHaveLength(1);
    expect(server.stored).toHaveLength(3);
    await queue.close(1000);
  });

  it('sends a full batch in one request, whatever the request adds to each row', async () => {
    const queue = await open(takes, { lingerMs: 600_000 });
    const id = 'x'.repeat(245);
    // Each row is some 248 bytes: the batch is full by its bytes before it is by its rows.
    const results = Array.from({ length: 4100 }, () => queue.write(rowOf(id)));
    await results[0];
    expect(server.received).toHaveLength(1);
    expect(server.stored.length).toBeGreaterThan(4000);
    await queue.close(5000);
    expect(server.stored).toHaveLength(4100);
    expect(server.received).toHaveLength(2);
  });

  it('tells an invalid row from its neighbours', async () => {
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
    const results = await Promise.all(['a', 'bad', 'c'].map((id) => queue.write(rowOf(id))));
    expect(results[0]).toEqual({ kind: 'written' });
    expect(results[1]).toMatchObject({
      kind: 'invalid',
      problem: { reason: expect.stringContaining('no such id') },
    });
    expect(results[2]).toEqual({ kind: 'written' });
    await queue.close(1000);
  });

  it('tells them apart among rows that had to be sent again', async () => {
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
      { setupRetryMs: 0 },
    );
    const ids = ['bad0', 'a', 'bad2', 'b', 'bad4', 'c'];
    const results = await Promise.all(ids.map((id) => queue.write(rowOf(id))));
    expect(results.map(({ kind }) => kind)).toEqual(
      ids.map((id) => (id.startsWith('bad') ? 'invalid' : 'written')),
    );
    expect(server.stored.map((row) => row.at(-1))).toEqual(['a', 'b', 'c']);
    await queue.close(1000);
  });

  it('writes a batch that is not full when it is closed', async () => {
    const queue = await open(takes, { lingerMs: 600_000 });
    const result = queue.write(rowOf('a'));
    await queue.close(5000);
    expect(await result).toEqual({ kind: 'written' });
  });

  it('nacks what is not answered within the grace time', async () => {
    const queue = await open(() => {});
    const result = queue.write(rowOf('a'));
    await queue.close(50);
    expect(await result).toMatchObject({ kind: 'nacked' });
  });

  it('takes nothing more once it is closed', async () => {
    const queue = await open(takes);
    await queue.close(1000);
    expect(await queue.write(rowOf('a'))).toMatchObject({ kind: 'nacked' });
  });

  it('keeps rows through a table that is gone, and writes them when it is back', async () => {
    let isGone = true;
    const queue = await open(
      (_, hand) => {
        if (isGone) hand.end(5, 'Requested entity was not found');
        else hand.store();
      },
      { setupRetryMs: 0 },
    );
    const result = queue.write(rowOf('a'));
    await expect.poll(() => queue.isRefused).toBe(true);
    isGone = false;
    expect(await result).toEqual({ kind: 'written' });
    expect(setupFailures.length).toBeGreaterThan(0);
    await expect.poll(() => queue.isRefused).toBe(false);
    await queue.close(1000);
  });

  it('mends a table once for all the appends that it refuses, and sends nothing meanwhile', async () => {
    let isRefused = true;
    let mended: () => void = () => {};
    const queue = await open(
      (_, hand) => (isRefused ? hand.end(5, 'Requested entity was not found') : hand.store()),
      { setupRetryMs: 0 },
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
    const results = ['a', 'b', 'c'].map((id) => queue.write(rowOf(id)));
    await expect.poll(() => setupFailures.length).toBe(1);
    const sent = server.received.length;
    const late = queue.write(rowOf('d'));
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(server.received).toHaveLength(sent);
    isRefused = false;
    mended();
    expect(await Promise.all([...results, late])).toEqual(Array(4).fill({ kind: 'written' }));
    expect(setupFailures).toHaveLength(1);
    await queue.close(1000);
  });

  it('closes although mending the table is never answered', async () => {
    const queue = await open(
      (_, hand) => hand.end(5, 'Requested entity was not found'),
      { setupRetryMs: 0 },
      { onSetupFailure: () => new Promise(() => {}) },
    );
    const result = queue.write(rowOf('a'));
    await expect.poll(() => server.received.length).toBe(1);
    await new Promise((resolve) => setTimeout(resolve, 50));
    await queue.close(50);
    expect(await result).toMatchObject({ kind: 'nacked' });
  });

  it('lets rows wait while enough is pending, and fills the batches with them', async () => {
    const waiting: Hand[] = [];
    const queue = await open(
      (_, hand) => void waiting.push(hand),
      {},
      { maxPending: { rows: 1, bytes: 1_000_000 } },
    );
    const first = queue.write(rowOf('a'));
    await expect.poll(() => waiting.length).toBe(1);
    const others = ['b', 'c', 'd'].map((id) => queue.write(rowOf(id)));
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

  it('nacks what was not sent, and goes on with what comes after', async () => {
    const waiting: Hand[] = [];
    const queue = await open(
      (_, hand) => void waiting.push(hand),
      {},
      { maxPending: { rows: 1, bytes: 1_000_000 } },
    );
    const sent = queue.write(rowOf('a'));
    await expect.poll(() => waiting.length).toBe(1);
    const unsent = ['b', 'c'].map((id) => queue.write(rowOf(id)));
    queue.nackUnsent();
    expect(await Promise.all(unsent)).toMatchObject([{ kind: 'nacked' }, { kind: 'nacked' }]);
    expect(queue.waitingSince).toBeDefined();
    waiting[0]?.store();
    expect(await sent).toEqual({ kind: 'written' });
    await expect.poll(() => queue.waitingSince).toBeUndefined();
    const later = queue.write(rowOf('d'));
    await expect.poll(() => waiting.length).toBe(2);
    waiting[1]?.store();
    expect(await later).toEqual({ kind: 'written' });
    await queue.close(1000);
  });

  it('nacks what was sent, and gives its later result', async () => {
    const waiting: Hand[] = [];
    const queue = await open((_, hand) => void waiting.push(hand));
    const results = ['a', 'b'].map((id) => queue.write(rowOf(id)));
    await expect.poll(() => waiting.length).toBe(1);
    queue.nackUnanswered();
    const nacked = await Promise.all(results);
    expect(nacked).toMatchObject([{ kind: 'nacked' }, { kind: 'nacked' }]);
    waiting[0]?.answer({ rowErrors: [{ index: 0, code: 1, message: 'no such id' }] });
    await expect.poll(() => waiting.length).toBe(2);
    waiting[1]?.store();
    const later = nacked.map((result) => (result.kind === 'nacked' ? result.later : undefined));
    expect(await Promise.all(later)).toMatchObject([{ kind: 'invalid' }, { kind: 'written' }]);
    await queue.close(1000);
  });

  it('finds an invalid row by those that come after it, although it is the first of its table', async () => {
    const mended = Promise.withResolvers<void>();
    const queue = await open(
      ({ rows }, hand) => {
        const isBad = rows.some((row) => row.includes('bad'));
        if (isBad) hand.answer({ error: { code: 3, message: 'no' } });
        else hand.store();
      },
      { setupRetryMs: 0 },
      { onSetupFailure: () => mended.promise },
    );
    const bad = queue.write(rowOf('bad'));
    await expect.poll(() => server.received.length).toBe(1);
    await new Promise((resolve) => setTimeout(resolve, 50));
    // It waits for company while the table is mended, and longer than it may.
    const good = queue.write(rowOf('good'));
    await new Promise((resolve) => setTimeout(resolve, 50));
    mended.resolve();
    expect(await good).toEqual({ kind: 'written' });
    expect(await bad).toMatchObject({ kind: 'invalid' });
    await queue.close(1000);
  });

  it('writes all rows behind a slow append when it is closed', async () => {
    const queue = await open(
      (_, hand) => void setTimeout(() => hand.store(), 20),
      { lingerMs: 600_000 },
      { limits: { rows: 2, bytes: 1000, lingerMs: 600_000 }, maxPending: { rows: 1, bytes: 1000 } },
    );
    const results = ['a', 'b', 'c', 'd', 'e'].map((id) => queue.write(rowOf(id)));
    await queue.close(5000);
    expect(await Promise.all(results)).toEqual(Array(5).fill({ kind: 'written' }));
    expect(server.received).toHaveLength(3);
  });
});
