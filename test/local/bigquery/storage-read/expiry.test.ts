import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { ReadSessions } from '../../../../local/bigquery/storage-read/read-sessions.ts';
import {
  field,
  type StorageWriteBed,
  startStorageWriteBed,
} from '../../../beds/storage-write-bed.ts';

// A machine under load needs longer than the usual time.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const HOUR_MS = 3600_000;

let bed: StorageWriteBed;
let now = Date.now();
let sessions: ReadSessions;

beforeAll(async () => {
  bed = await startStorageWriteBed();
  sessions = new ReadSessions(bed.store, () => now);
  await bed.createTable('t', [field('i', 'INTEGER')]);
});

afterAll(async () => {
  await sessions.close();
  await bed.stop();
});

test('a session expires after six hours', async () => {
  const { streams, expireTime } = await sessions.create({
    parent: 'projects/demo',
    readSession: { table: 'projects/demo/datasets/events/tables/t', dataFormat: 1 },
  });
  const name = streams?.[0]?.name ?? '';
  expect(Number(expireTime?.seconds)).toBe(Math.floor((now + 6 * HOUR_MS) / 1000));
  now += 6 * HOUR_MS - 1;
  expect(sessions.open(name).rows.count).toBe(0);
  now += 1;
  expect(() => sessions.open(name)).toThrow(
    expect.objectContaining({
      status: expect.objectContaining({ code: status.FAILED_PRECONDITION }),
    }),
  );
  const unknown = name.replace(/sessions\/[^/]+/, 'sessions/none');
  expect(() => sessions.open(unknown)).toThrow(
    expect.objectContaining({ status: expect.objectContaining({ code: status.NOT_FOUND }) }),
  );
});
