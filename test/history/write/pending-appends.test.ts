import { EventEmitter, getEventListeners } from 'node:events';
import { expect, it, onTestFinished, vi } from 'vitest';
import { PendingWrite, type PendingWriteOptions } from '../../../history/write/pending-write.ts';
import type { WriteClient } from '../../../subscriber/bigquery/client.ts';

const table = 'projects/p/datasets/d/tables/t';

/** Answers an append; nothing is an append that is never answered. */
type Script = (append: { number: number; rows: number; offset: number }) => object | undefined;

const taken = { appendResult: {} };
const status = (code: number) => ({ error: { code, message: `status ${code}` } });
const badRows = (...indexes: number[]) => ({
  error: { code: 3, message: 'errors in rows' },
  rowErrors: indexes.map((index) => ({ index, code: 1, message: 'bad' })),
});

/** A write to the part of Google's service that it needs, which answers appends as the script says. */
function open(script: Script, more: Partial<PendingWriteOptions<number>> = {}) {
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
    patience: { ms: 600_000, setupMs: 600_000, random: () => 0.001 },
    ...more,
  });
  return { write, seen, refused };
}

const megabyte = () => new Uint8Array(1_000_000);

it('tells the right row as bad in each answer, and the rows behind it move up', async () => {
  const script: Script = ({ number }) => [badRows(1), badRows(1, 2), taken][number - 1];
  const { write, seen, refused } = open(script);
  for (let n = 0; n < 6; n++) write.add(new Uint8Array(10), n);
  await write.commit();
  // Of 0 2 3 4 5, what is left of the first request.
  expect(refused).toEqual([1, 2, 3]);
  expect(seen).toMatchObject({ stored: 3, committed: 1 });
  expect(seen.appends.map(({ rows }) => rows)).toEqual([6, 5, 3]);
});

it('sends no request without rows, and commits nothing, where all of them are bad', async () => {
  const { write, seen, refused } = open(() => badRows(0, 1));
  for (let n = 0; n < 2; n++) write.add(new Uint8Array(10), n);
  await write.commit();
  expect(refused).toEqual([0, 1]);
  expect(seen).toMatchObject({ finalized: 0, committed: 0 });
  expect(seen.appends).toHaveLength(1);
});

it('counts the patience anew after each success', async () => {
  vi.useFakeTimers({ toFake: ['Date'] });
  onTestFinished(() => void vi.useRealTimers());
  const script: Script = ({ number }) => (number % 2 === 1 ? status(14) : taken);
  const { write, seen } = open(script, {
    patience: { ms: 60_000, setupMs: 60_000, random: () => 0.001 },
  });
  write.add(megabyte(), 0);
  await vi.waitFor(() => expect(seen.stored).toBe(1));
  await new Promise((resolve) => setImmediate(resolve));
  vi.setSystemTime(Date.now() + 3_600_000);
  write.add(megabyte(), 1);
  await write.commit();
  expect(seen).toMatchObject({ stored: 2, committed: 1 });
});

it('is full with 4 MB that are not answered, and gives up at once when it is abandoned', async () => {
  const { write, seen } = open(() => undefined);
  const isFull = [0, 1, 2, 3].map((n) => write.add(megabyte(), n));
  expect(isFull).toEqual([false, false, false, true]);
  await expect.poll(() => seen.appends.length).toBe(4);
  const room = write.room();
  write.abandon();
  await expect(room).rejects.toMatchObject({ code: 'bigquery.abandoned' });
  expect(seen.cancelled).toBeGreaterThan(0);
  await expect(write.commit()).rejects.toMatchObject({ code: 'bigquery.abandoned' });
  expect(seen).toMatchObject({ finalized: 0, committed: 0 });
});

it('hears no signal any more once it is committed, or abandoned', async () => {
  const { signal } = new AbortController();
  const writes = [0, 1].map(() => open(() => taken, { signal }).write);
  for (const write of writes) write.add(new Uint8Array(10), 0);
  expect(getEventListeners(signal, 'abort').length).toBeGreaterThanOrEqual(2);
  await writes[0]?.commit();
  writes[1]?.abandon();
  expect(getEventListeners(signal, 'abort')).toEqual([]);
});

it('is less patient with a table that is refused than with a BigQuery that is away', async () => {
  const patience = { ms: 600_000, setupMs: 50, random: () => 0.01 };
  const { write } = open(() => status(5), { patience });
  write.add(new Uint8Array(10), 0);
  await expect(write.commit()).rejects.toMatchObject({
    code: 'bigquery.refused',
  });
});
