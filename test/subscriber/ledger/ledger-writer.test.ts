import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Row } from '../../../shared/columns.ts';
import type { InFlightDelivery } from '../../../subscriber/ledger/settled/in-flight-gauge.ts';
import { LedgerWriter } from '../../../subscriber/ledger/settled/ledger-writer.ts';
import type { WriteResult } from '../../../subscriber/rows/write-result.ts';
import { rowTable } from '../../beds/row-table.ts';

const written: WriteResult = { kind: 'written' };
const nacked: WriteResult = { kind: 'nacked', reason: 'no rows taken' };
const at = Date.parse('2026-11-28T10:00:30Z');

let rows: Row[];
let results: (WriteResult | Promise<WriteResult>)[];
let inFlight: InFlightDelivery[];
let writer: LedgerWriter;

beforeEach(() => {
  vi.useFakeTimers({ now: at });
  rows = [];
  results = [];
  inFlight = [];
  const table = rowTable(async (row) => {
    rows.push(row);
    return (await results.shift()) ?? written;
  });
  writer = new LedgerWriter({ table, inFlight: () => inFlight, replica: 'r1' });
});

afterEach(() => {
  writer.stop();
  vi.useRealTimers();
});

const one = (stream = 'shop') => ({ stream, receivedAt: at, outcome: 'written' as const, rows: 2 });
const noRow = (id: string) => ({ ...one(), outcome: 'no row' as const, rows: 0, id });
const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);
const counts = () => rows.map(({ stream, outcome, deliveries }) => [stream, outcome, deliveries]);

describe('counts', () => {
  it('go out every five seconds, and only if there are some', async () => {
    for (const stream of ['shop', 'shop', 'mail']) {
      writer.count({ ...one(stream), freshnessMs: 100 });
    }
    await pass(4999);
    expect(rows).toEqual([]);
    await pass(1);
    expect(rows).toMatchObject([
      { minute: '2026-11-28T10:00:00.000Z', stream: 'shop', side: 'subscriber', deliveries: 2n },
      { stream: 'mail', outcome: 'written', deliveries: 1n, row_count: 2n, reporter: 'r1' },
    ]);
    expect(rows[0]?.['freshness']).toHaveLength(15);
    expect(new Set(rows.map((row) => row['report_id'])).size).toBe(1);
    await pass(60_000);
    expect(rows).toHaveLength(2);
  });

  it('add up while a write does not return, and go out when it does', async () => {
    const hung = Promise.withResolvers<WriteResult>();
    results = [hung.promise];
    for (let n = 0; n < 10; n++) {
      writer.count(one());
      await pass(5000);
    }
    expect(rows).toHaveLength(1);
    hung.resolve(written);
    await pass(5000);
    expect(counts()).toEqual([
      ['shop', 'written', 1n],
      ['shop', 'written', 9n],
    ]);
  });

  it('that were not written are sent again as they were: they may be written after all', async () => {
    results = [nacked];
    writer.count(one());
    await pass(5000);
    writer.count(one());
    await pass(10_000);
    expect(rows[1]).toEqual(rows[0]);
    expect(counts()).toEqual(Array(3).fill(['shop', 'written', 1n]));
    expect(rows[2]?.['report_id']).not.toBe(rows[0]?.['report_id']);
  });

  it('are all written by the last flush, also what was not written before', async () => {
    results = [nacked];
    writer.count(one());
    await pass(5000);
    writer.count(one('mail'));
    await writer.flush();
    expect(counts().map(([stream]) => stream)).toEqual(['shop', 'shop', 'mail']);
  });

  it('that BigQuery finds invalid do not hold up the others', async () => {
    results = [{ kind: 'invalid', problem: { reason: 'too old' } }];
    writer.count(one());
    await pass(5000);
    writer.count(one('mail'));
    await pass(5000);
    expect(counts().map(([stream]) => stream)).toEqual(['shop', 'mail']);
  });

  it('are bounded, however many streams and minutes there are', async () => {
    for (let n = 0; n < 30_000; n++) writer.count({ ...one(), receivedAt: at - n * 60_000 });
    writer.count({ ...one(), receivedAt: 0 });
    await writer.flush();
    expect(rows).toHaveLength(10_000);
  });
});

describe('a delivery without a trace', () => {
  it('is acked when the row with its id is written', async () => {
    const settled = vi.fn();
    void writer.store(noRow('d1'), false).then(settled);
    await pass(150);
    expect(settled).not.toHaveBeenCalled();
    await pass(100);
    expect(settled).toHaveBeenCalledWith(true);
    expect(rows).toMatchObject([{ outcome: 'no row', delivery_ids: ['d1'] }]);
  });

  it('is nacked if the ledger takes no rows, and counted once when it comes again', async () => {
    results = [nacked];
    const first = writer.store(noRow('d1'), false);
    await pass(200);
    expect(await first).toBe(false);
    const second = writer.store(noRow('d1'), false);
    await pass(5000);
    expect(await second).toBe(true);
    await pass(10_000);
    expect(rows).toHaveLength(2);
    expect(rows[1]).toEqual(rows[0]);
  });

  it('but with a row is acked all the same, at once or in the end', async () => {
    results = [nacked, new Promise<WriteResult>(() => {})];
    const first = writer.store({ ...noRow('d1'), outcome: 'written' }, true);
    await pass(200);
    expect(await first).toBe(true);
    const second = writer.store({ ...noRow('d2'), outcome: 'written' }, true);
    await pass(20_000);
    expect(await second).toBe(true);
  });

  it('comes again if too many wait, and is not kept', async () => {
    results = [new Promise<WriteResult>(() => {})];
    const waiting = Array.from({ length: 50_001 }, (_, n) => writer.store(noRow(`d${n}`), false));
    expect(await waiting.at(-1)).toBe(false);
    expect(await writer.store({ ...noRow('x'), outcome: 'written' }, true)).toBe(true);
  });

  it('of a wild time is acked: no row of the ledger can have it', async () => {
    expect(await writer.store({ ...noRow('d1'), receivedAt: 0 }, false)).toBe(true);
  });
});

describe('deliveries in flight', () => {
  const delivery = (id: string) => ({ id, stream: 'shop', receivedAt: at });

  it('are reported when they change, and now and then while they do not', async () => {
    inFlight = [delivery('a'), delivery('b')];
    await pass(5000);
    expect(counts()).toEqual([
      ['', 'in flight', 0n],
      ['shop', 'in flight', 2n],
    ]);
    await pass(15_000);
    expect(rows).toHaveLength(2);
    await pass(5000);
    expect(rows).toHaveLength(4);
    inFlight = [];
    await pass(5000);
    expect(counts().slice(4)).toEqual([['', 'in flight', 0n]]);
    await pass(60_000);
    expect(rows).toHaveLength(5);
  });

  it('are not those that wait for the ledger: they are counted already', async () => {
    inFlight = [delivery('a'), delivery('b')];
    void writer.store(noRow('a'), false);
    await pass(200);
    expect(counts()).toEqual([
      ['shop', 'no row', 1n],
      ['', 'in flight', 0n],
      ['shop', 'in flight', 1n],
    ]);
  });
});
