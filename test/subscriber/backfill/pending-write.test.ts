import { describe, expect, it } from 'vitest';
import { type Fault, Faults } from '../../../local/faults.ts';
import { PendingWrite } from '../../../subscriber/backfill/pending-write.ts';
import { type Bed, project, startBed } from './bed.ts';

const rowCount = 400;
const filler = 'x'.repeat(10_000);

function openWrite(bed: Bed, more: { patienceMs?: number; appendTimeoutMs?: number } = {}) {
  const refused: [number, string][] = [];
  const write = new PendingWrite<number>({
    client: bed.client,
    table: `projects/${project}/datasets/shop/tables/events`,
    descriptor: bed.reader.encoder.descriptor,
    onRefused: (row, reason) => refused.push([row, reason]),
    appendTimeoutMs: more.appendTimeoutMs ?? 10_000,
    patience: { ms: more.patienceMs ?? 10_000, setupMs: 10_000, random: () => 0.1 },
  });
  return { write, refused };
}

/** 4 MB of rows: more than one request, and more than may be under way at once. */
async function addRows(bed: Bed, write: PendingWrite<number>): Promise<void> {
  for (let n = 0; n < rowCount; n++) {
    const encoded = bed.reader.encoder.encode({ event_id: `evt_${n}`, user_agent: filler });
    if (!encoded.ok) throw new Error(encoded.reason);
    if (write.add(encoded.row, n)) await write.room();
  }
}

const counts = async (bed: Bed) =>
  (
    await bed.query<{ n: number; ids: number }>(
      'SELECT COUNT(*) AS n, COUNT(DISTINCT event_id) AS ids FROM shop.events',
    )
  )[0];

describe('rows that are written all at once', () => {
  it('are not there before the commit, and all there after it', async () => {
    const bed = await startBed();
    const { write } = openWrite(bed);
    await addRows(bed, write);
    expect(await counts(bed)).toEqual({ n: 0, ids: 0 });
    await write.commit();
    expect(await counts(bed)).toEqual({ n: rowCount, ids: rowCount });
  });

  it('are never there when they are abandoned', async () => {
    const bed = await startBed();
    const { write } = openWrite(bed);
    await addRows(bed, write);
    write.abandon();
    expect(await counts(bed)).toEqual({ n: 0, ids: 0 });
  });

  it('need no stream where there are none', async () => {
    const bed = await startBed();
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
  ])('are there once when %s', async (_, fault) => {
    const faults = new Faults(fault);
    const bed = await startBed(undefined, faults);
    const { write } = openWrite(bed);
    await addRows(bed, write);
    await write.commit();
    expect(await counts(bed)).toEqual({ n: rowCount, ids: rowCount });
    expect(faults.list()[0]?.struck).toBeGreaterThan(0);
  });

  it('are there once when nothing answers any more', async () => {
    const bed = await startBed(undefined, new Faults({ name: 'append.frozen', stored: true }));
    const { write } = openWrite(bed, { appendTimeoutMs: 300 });
    await addRows(bed, write);
    await write.commit();
    expect(await counts(bed)).toEqual({ n: rowCount, ids: rowCount });
  });

  it('are there without those that BigQuery names as bad', async () => {
    const faults = new Faults({ name: 'append.bad-row', contains: 'evt_39' });
    const bed = await startBed(undefined, faults);
    const { write, refused } = openWrite(bed);
    await addRows(bed, write);
    const bad = [39, ...Array.from({ length: 10 }, (_, n) => 390 + n)];
    await write.commit();
    expect(refused.map(([row]) => row)).toEqual(bad);
    expect(await counts(bed)).toEqual({ n: 389, ids: 389 });
  });

  it('are given up, and not there, when BigQuery stays away', async () => {
    const faults = new Faults({
      name: 'append.status',
      code: 'UNAVAILABLE',
      times: 'always',
      after: 1,
    });
    const bed = await startBed(undefined, faults);
    const { write } = openWrite(bed, { patienceMs: 300 });
    await expect(addRows(bed, write).then(() => write.commit())).rejects.toMatchObject({
      code: 'bigquery.append',
      reaction: 'transient',
    });
    expect(await counts(bed)).toEqual({ n: 0, ids: 0 });
  });
});
