import { EventEmitter } from 'node:events';
import { describe, expect, it } from 'vitest';
import { PendingWrite } from '../../../history/write/pending-write.ts';
import { type Fault, Faults } from '../../../local/faults/faults.ts';
import type { WriteClient } from '../../../subscriber/bigquery/client.ts';
import { type HistoryBed, project, startHistoryBed } from '../../beds/history-bed.ts';

const rowCount = 400;
const filler = 'x'.repeat(10_000);

function openWrite(
  bed: HistoryBed,
  more: { maxElapsedMs?: number; maxSetupElapsedMs?: number; appendTimeoutMs?: number } = {},
) {
  const refused: [number, string][] = [];
  const write = new PendingWrite<number>({
    client: bed.client,
    table: `projects/${project}/datasets/shop/tables/events`,
    descriptor: bed.reader.encoder.descriptor,
    onRefused: (row, reason) => refused.push([row, reason]),
    appendTimeoutMs: more.appendTimeoutMs ?? 10_000,
    retryPolicy: {
      maxElapsedMs: more.maxElapsedMs ?? 10_000,
      maxSetupElapsedMs: more.maxSetupElapsedMs ?? 10_000,
      random: () => 0.1,
    },
  });
  return { write, refused };
}

/** 4 MB of rows: more than one request, and more than the in-flight limit. */
async function addRows(bed: HistoryBed, write: PendingWrite<number>): Promise<void> {
  for (let n = 0; n < rowCount; n++) {
    const encoded = bed.reader.encoder.encode({ event_id: `evt_${n}`, user_agent: filler });
    if (!encoded.ok) throw new Error(encoded.reason);
    if (write.add(encoded.row, n)) await write.waitForCapacity();
  }
}

const counts = async (bed: HistoryBed) =>
  (
    await bed.query<{ n: number; ids: number }>(
      'SELECT COUNT(*) AS n, COUNT(DISTINCT event_id) AS ids FROM shop.events',
    )
  )[0];

describe('rows of one commit', () => {
  it('are invisible before the commit, and all visible after it', async () => {
    const bed = await startHistoryBed();
    const { write } = openWrite(bed);
    await addRows(bed, write);
    expect(await counts(bed)).toEqual({ n: 0, ids: 0 });
    await write.commit();
    expect(await counts(bed)).toEqual({ n: rowCount, ids: rowCount });
  });

  it('are never visible if they are abandoned', async () => {
    const bed = await startHistoryBed();
    const { write } = openWrite(bed);
    await addRows(bed, write);
    write.abandon();
    expect(await counts(bed)).toEqual({ n: 0, ids: 0 });
  });

  it('need no stream if there are none', async () => {
    const bed = await startHistoryBed();
    await openWrite(bed).write.commit();
    expect(await counts(bed)).toEqual({ n: 0, ids: 0 });
  });

  it.each<[string, Fault]>([
    ['an answer is lost', { name: 'append.lost-ack' }],
    ['three answers are lost', { name: 'append.lost-ack', times: 3 }],
    ['one in the middle is lost', { name: 'append.lost-ack', after: 2 }],
    ['BigQuery is busy', { name: 'append.status', code: 'RESOURCE_EXHAUSTED', times: 2 }],
    ['an append fails, and the stream goes on', { name: 'append.status', inBand: true, after: 1 }],
    ['an append that failed is stored', { name: 'append.status', stored: true, inBand: true }],
    ['the stream ends', { name: 'append.stream-end', after: 1 }],
    ['the stream ends after it has stored', { name: 'append.stream-end', stored: true }],
    ['the schema changes', { name: 'append.updated-schema', times: 2 }],
    ['the schema lags', { name: 'append.extra-fields', times: 2 }],
    ['the table is new', { name: 'append.new-table', ms: 1000 }],
  ])('exist once when %s', async (_, fault) => {
    const faults = new Faults(fault);
    const bed = await startHistoryBed(undefined, faults);
    const { write } = openWrite(bed);
    await addRows(bed, write);
    await write.commit();
    expect(await counts(bed)).toEqual({ n: rowCount, ids: rowCount });
    expect(faults.list()[0]?.struck).toBeGreaterThan(0);
  });

  it('exist once after BigQuery stopped answering', async () => {
    const bed = await startHistoryBed(
      undefined,
      new Faults({ name: 'append.frozen', stored: true }),
    );
    const { write } = openWrite(bed, { appendTimeoutMs: 300 });
    await addRows(bed, write);
    await write.commit();
    expect(await counts(bed)).toEqual({ n: rowCount, ids: rowCount });
  });

  it('are written without those that BigQuery names as bad', async () => {
    const faults = new Faults({ name: 'append.bad-row', contains: 'evt_39' });
    const bed = await startHistoryBed(undefined, faults);
    const { write, refused } = openWrite(bed);
    await addRows(bed, write);
    const bad = [39, ...Array.from({ length: 10 }, (_, n) => 390 + n)];
    await write.commit();
    expect(refused.map(([row]) => row)).toEqual(bad);
    expect(await counts(bed)).toEqual({ n: 389, ids: 389 });
  });

  it('are not written if BigQuery stays unreachable', async () => {
    const faults = new Faults({
      name: 'append.status',
      code: 'UNAVAILABLE',
      times: 'always',
      after: 1,
    });
    const bed = await startHistoryBed(undefined, faults);
    const { write } = openWrite(bed, { maxElapsedMs: 300 });
    await expect(addRows(bed, write).then(() => write.commit())).rejects.toMatchObject({
      code: 'bigquery.append',
    });
    expect(await counts(bed)).toEqual({ n: 0, ids: 0 });
  });

  it.each([
    ['the first', 'evt_0', [0]],
    ['the last', 'evt_399', [399]],
    ['some', 'evt_39', [39, ...Array.from({ length: 10 }, (_, n) => 390 + n)]],
  ])('are written without those that are rejected and not named: %s', async (_, contains, bad) => {
    const faults = new Faults({ name: 'append.bad-row', contains, named: false });
    const bed = await startHistoryBed(undefined, faults);
    const { write, refused } = openWrite(bed);
    await addRows(bed, write);
    await write.commit();
    expect(refused.map(([row]) => row).sort((a, b) => a - b)).toEqual(bad);
    const left = rowCount - bad.length;
    expect(await counts(bed)).toEqual({ n: left, ids: left });
  });

  it('are not reported as bad if the table accepts none of them', async () => {
    const faults = new Faults({ name: 'append.bad-row', contains: 'evt_', named: false });
    const bed = await startHistoryBed(undefined, faults);
    const { write, refused } = openWrite(bed, { maxSetupElapsedMs: 500 });
    await expect(addRows(bed, write).then(() => write.commit())).rejects.toMatchObject({
      code: 'bigquery.refused',
    });
    expect(refused).toEqual([]);
  });
});

describe('a write', () => {
  const table = 'projects/p/datasets/d/tables/t';

  it('that has failed rejects the next row and does not keep it', async () => {
    const createWriteStream = async () => {
      throw Object.assign(new Error('no such parent'), { code: 3 });
    };
    const client = { createWriteStream } as unknown as WriteClient;
    const write = new PendingWrite<number>({ client, table, descriptor: {}, onRefused() {} });
    write.add(new Uint8Array(1_000_000), 1);
    await expect.poll(() => write.add(new Uint8Array(1), 2)).toBe(true);
    await expect(write.waitForCapacity()).rejects.toMatchObject({ code: 'bigquery.refused' });
  });

  it('that is stopped requests no stream and lets nobody wait', async () => {
    let asked = 0;
    const createWriteStream = async () => {
      asked++;
      throw Object.assign(new Error('away'), { code: 14 });
    };
    const client = { createWriteStream } as unknown as WriteClient;
    const retryPolicy = { maxElapsedMs: 3_600_000, maxSetupElapsedMs: 60_000, random: () => 1000 };
    const stop = new AbortController();
    const options = { client, table, descriptor: {}, onRefused() {}, retryPolicy };
    const write = new PendingWrite<number>({ ...options, signal: stop.signal });
    for (let n = 0; n < 4; n++) write.add(new Uint8Array(1_000_000), n);
    const room = write.waitForCapacity();
    await expect.poll(() => asked).toBe(1);
    stop.abort();
    await expect(room).rejects.toMatchObject({ code: 'bigquery.abandoned' });
    await expect(write.commit()).rejects.toMatchObject({ code: 'bigquery.abandoned' });
    expect(asked).toBe(1);
  });

  // Turns of the event loop between a response and the next look at the queue.
  it.each(Array.from({ length: 14 }, (_, turns) => turns))(
    'commits a row that comes %i turns after those before it are taken',
    async (turns) => {
      const google = new TakingAll();
      const client = google as unknown as WriteClient;
      const write = new PendingWrite<number>({ client, table, descriptor: {}, onRefused() {} });
      google.onFirst = async () => {
        for (let turn = 0; turn < turns; turn++) await Promise.resolve();
        write.add(new Uint8Array(1_000_000), 2);
      };
      write.add(new Uint8Array(1_000_000), 1);
      await expect.poll(() => google.taken).toBeGreaterThan(0);
      await write.commit();
      expect(google.committed).toBe(2);
    },
  );
});

/** A stand-in for Google's service that accepts every request of one row. */
class TakingAll {
  taken = 0;
  committed = 0;
  onFirst: () => Promise<void> = async () => {};

  createWriteStream = async () => [{ name: 'stream' }];
  finalizeWriteStream = async () => [{ rowCount: this.taken }];
  batchCommitWriteStreams = async () => {
    this.committed = this.taken;
    return [{ streamErrors: [] }];
  };

  appendRows() {
    let isOpen = true;
    const stream = Object.assign(new EventEmitter(), {
      cancel: () => {
        isOpen = false;
      },
      write: () => {
        setTimeout(() => {
          if (!isOpen) return;
          this.taken++;
          stream.emit('data', { appendResult: {} });
          if (this.taken === 1) void this.onFirst();
        }, 2);
      },
    });
    return stream;
  }
}
