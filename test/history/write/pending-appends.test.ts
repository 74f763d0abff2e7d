import { EventEmitter, getEventListeners } from 'node:events';
import { expect, it, onTestFinished, vi } from 'vitest';
import { PendingWrite } from '../../../history/write/pending-write.ts';
import type { RowWriteOptions } from '../../../history/write/row-write.ts';
import type { WriteClient } from '../../../subscriber/bigquery/client.ts';

const table = 'projects/p/datasets/d/tables/t';

/** The answer to an append; undefined if there is none. */
type Script = (append: { number: number; rows: number; offset: number }) => object | undefined;

const taken = { appendResult: {} };
const status = (code: number) => ({ error: { code, message: `status ${code}` } });
const badRows = (...indexes: number[]) => ({
  error: { code: 3, message: 'errors in rows' },
  rowErrors: indexes.map((index) => ({ index, code: 1, message: 'bad' })),
});

/** A write to a stand-in for Google's service that answers appends by a script. */
function open(script: Script, more: Partial<RowWriteOptions<number>> = {}) {
  const appends: { rows: number; offset: number }[] = [];
  const seen = { appends, stored: 0, cancelled: 0, finalized: 0, committed: 0 };
  const client = {
    createWriteStream: async () => [{ name: 'stream' }],
    finalizeWriteStream: async () => {
      seen.finalized++;
      return [{ rowCount: seen.stored }];
    },
    batchCommitWriteStreams: async () => {
      seen.committed++;
      return [{ streamErrors: [] }];
    },
    appendRows: () => {
      const stream = Object.assign(new EventEmitter(), {
        cancel: () => seen.cancelled++,
        write: (request: {
          offset: { value: number };
          protoRows: { rows: { serializedRows: unknown[] } };
        }) => {
          const append = {
            rows: request.protoRows.rows.serializedRows.length,
            offset: Number(request.offset.value),
          };
          appends.push(append);
          const answer = script({ ...append, number: appends.length });
          if (answer === taken) seen.stored += append.rows;
          if (answer) setImmediate(() => stream.emit('data', answer));
        },
      });
      return stream;
    },
  };
  const refused: number[] = [];
  const write = new PendingWrite<number>({
    client: client as unknown as WriteClient,
    table,
    descriptor: {},
    onRefused: (row) => refused.push(row),
    retryPolicy: { maxElapsedMs: 600_000, maxSetupElapsedMs: 600_000, random: () => 0.001 },
    ...more,
  });
  return { write, seen, refused };
}

const megabyte = () => new Uint8Array(1_000_000);

it('reports the right row as bad in each answer, and the rows behind it move up', async () => {
  const script: Script = ({ number }) => [badRows(1), badRows(1, 2), taken][number - 1];
  const { write, seen, refused } = open(script);
  for (let n = 0; n < 6; n++) write.add(new Uint8Array(10), n);
  await write.commit();
  // Indexes in 0 2 3 4 5, the rest of the first request.
  expect(refused).toEqual([1, 2, 3]);
  expect(seen).toMatchObject({ stored: 3, committed: 1 });
  expect(seen.appends.map(({ rows }) => rows)).toEqual([6, 5, 3]);
});

it('sends no empty request and commits nothing if all rows are bad', async () => {
  const { write, seen, refused } = open(() => badRows(0, 1));
  for (let n = 0; n < 2; n++) write.add(new Uint8Array(10), n);
  await write.commit();
  expect(refused).toEqual([0, 1]);
  expect(seen).toMatchObject({ finalized: 0, committed: 0 });
  expect(seen.appends).toHaveLength(1);
});

it('starts a new retry after each success', async () => {
  vi.useFakeTimers({ toFake: ['Date'] });
  onTestFinished(() => void vi.useRealTimers());
  const script: Script = ({ number }) => (number % 2 === 1 ? status(14) : taken);
  const { write, seen } = open(script, {
    retryPolicy: { maxElapsedMs: 60_000, maxSetupElapsedMs: 60_000, random: () => 0.001 },
  });
  write.add(megabyte(), 0);
  await vi.waitFor(() => expect(seen.stored).toBe(1));
  await new Promise((resolve) => setImmediate(resolve));
  vi.setSystemTime(Date.now() + 3_600_000);
  write.add(megabyte(), 1);
  await write.commit();
  expect(seen).toMatchObject({ stored: 2, committed: 1 });
});

it('is full with 4 MB in flight, and stops at once when abandoned', async () => {
  const { write, seen } = open(() => undefined);
  const isFull = [0, 1, 2, 3].map((n) => write.add(megabyte(), n));
  expect(isFull).toEqual([false, false, false, true]);
  await expect.poll(() => seen.appends.length).toBe(4);
  const room = write.waitForCapacity();
  write.abandon();
  await expect(room).rejects.toMatchObject({ code: 'bigquery.abandoned' });
  expect(seen.cancelled).toBeGreaterThan(0);
  await expect(write.commit()).rejects.toMatchObject({ code: 'bigquery.abandoned' });
  expect(seen).toMatchObject({ finalized: 0, committed: 0 });
});

it('does not listen to the signal after a commit or abandon', async () => {
  const { signal } = new AbortController();
  const writes = [0, 1].map(() => open(() => taken, { signal }).write);
  for (const write of writes) write.add(new Uint8Array(10), 0);
  expect(getEventListeners(signal, 'abort').length).toBeGreaterThanOrEqual(2);
  await writes[0]?.commit();
  writes[1]?.abandon();
  expect(getEventListeners(signal, 'abort')).toEqual([]);
});

it('retries a rejected table for a shorter time than an unreachable BigQuery', async () => {
  const retryPolicy = { maxElapsedMs: 600_000, maxSetupElapsedMs: 50, random: () => 0.01 };
  const { write } = open(() => status(5), { retryPolicy });
  write.add(new Uint8Array(10), 0);
  await expect(write.commit()).rejects.toMatchObject({
    code: 'bigquery.refused',
  });
});
