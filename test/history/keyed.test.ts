import { describe, expect, it } from 'vitest';
import { backfill } from '../../history/backfill/backfill.ts';
import { historySequence } from '../../history/events/history-sequence.ts';
import { readHistory } from '../../history/fetch/history-api.ts';
import { importLines, noImportCounts } from '../../history/import/import-lines.ts';
import { splitLines } from '../../history/lines/lines.ts';
import { openRowWrite } from '../../history/write/open-row-write.ts';
import { type Fault, Faults } from '../../local/faults/faults.ts';
import type { RelayStream } from '../../shared/config/config.ts';
import { defineRelay } from '../../shared/config/define-relay.ts';
import { generic } from '../../shared/sources/generic.ts';
import { TableWriter } from '../../subscriber/bigquery/append/writer.ts';
import { createEncoder } from '../../subscriber/bigquery/encode/encode.ts';
import { changeSequence } from '../../subscriber/rows/row-writer.ts';
import {
  day,
  eventLine,
  type HistoryBed,
  hour,
  manyEvents,
  project,
  startHistory,
  startHistoryBed,
  streamOf,
} from '../beds/history-bed.ts';

const keyed = streamOf({ key: ['event_id'] });
const windows = [{ from: day, to: day + 24 * hour }];

/** Orders, by number: one row each, with the latest state. */
function ordersStream(hasTime = true): RelayStream {
  const stream = generic({
    table: 'shop.events',
    key: ['order_id'],
    ...(hasTime && { time: '$.at' }),
    columns: {
      order_id: { type: 'STRING', from: '$.order' },
      status: { type: 'STRING', from: '$.status' },
      ...(hasTime && { changed_at: { type: 'TIMESTAMP', from: 'event:time' } }),
    },
  });
  const found = defineRelay({ project, streams: { shop: stream } }).streams.get('shop');
  if (!found) throw new Error('no stream');
  return found;
}

const at = (timeMs: number) => new Date(timeMs).toISOString();
const order = (id: string, status: string, timeMs?: number) =>
  JSON.stringify({ order: id, status, ...(timeMs !== undefined && { at: at(timeMs) }) });

/** Writes like the subscriber after a delivery. */
async function deliver(
  bed: HistoryBed,
  row: Record<string, string>,
  receivedAt: number,
): Promise<void> {
  const encoder = createEncoder(bed.reader.layout, Date.now);
  const writer = new TableWriter(bed.client, {
    table: `projects/${project}/datasets/shop/tables/events`,
    descriptor: encoder.descriptor,
  });
  const deliveryId = '01912d68-783e-7a30-8d11-9e9c4c3f7f41';
  const sequence = changeSequence({
    stream: 'shop',
    deliveryId,
    receivedAt,
    body: new Uint8Array(),
  });
  const encoded = encoder.encode(row, sequence);
  if (!encoded.ok) throw new Error(encoded.reason);
  expect(await writer.append([encoded.row])).toMatchObject({ written: [0] });
  await writer.close();
}

async function run(bed: HistoryBed, lines: readonly string[]) {
  const source = await startHistory(() => lines, bed.reader.stream);
  return await backfill({ ...bed, windows, open: (window) => readHistory(source, window) });
}

async function importAll(bed: HistoryBed, lines: readonly string[]) {
  const bytes = async function* () {
    yield Buffer.from(lines.join('\n'));
  };
  const counts = noImportCounts();
  await importLines(splitLines(bytes()), { ...bed, name: 'x.jsonl', counts });
  return counts;
}

const statuses = (bed: HistoryBed) =>
  bed.query<{ order_id: string; status: string }>(
    'SELECT order_id, status FROM shop.events ORDER BY order_id, status',
  );

describe('history of a stream with a key', () => {
  it('has one row per key, also after repetitions from both sides', async () => {
    const bed = await startHistoryBed(keyed);
    const row = { event_id: 'a', event_time: at(day), user_agent: 'by the webhook' };
    await deliver(bed, row, day + 500);
    const lines = [
      eventLine('a', day),
      eventLine('b', day),
      eventLine('b', day),
      eventLine('c', day + hour),
    ];
    expect(await run(bed, lines)).toMatchObject({ written: 2, present: 1, repeated: 1 });
    // The webhook delivers an event that the backfill has written. The delivery wins.
    await deliver(bed, { ...row, event_id: 'b' }, day + 700);
    expect(await run(bed, lines)).toMatchObject({ written: 0, present: 4 });
    expect(
      await bed.query('SELECT event_id, user_agent FROM shop.events ORDER BY event_id'),
    ).toEqual([
      { event_id: 'a', user_agent: 'by the webhook' },
      { event_id: 'b', user_agent: 'by the webhook' },
      { event_id: 'c', user_agent: null },
    ]);
  });

  it('does not change a row that came between the lookup and the write', async () => {
    const bed = await startHistoryBed(keyed);
    const source = await startHistory(() => [eventLine('a', day)], keyed);
    const counts = await backfill({
      ...bed,
      windows,
      async *open(window) {
        const row = { event_id: 'a', event_time: at(day), user_agent: 'by the webhook' };
        await deliver(bed, row, Date.now());
        yield* readHistory(source, window);
      },
    });
    expect(counts).toMatchObject({ written: 1 });
    expect(await bed.query('SELECT event_id, user_agent FROM shop.events')).toEqual([
      { event_id: 'a', user_agent: 'by the webhook' },
    ]);
  });

  it('has the latest state of a row, in whatever order the states come', async () => {
    const bed = await startHistoryBed(ordersStream());
    await deliver(bed, { order_id: 'N1', status: 'paid', changed_at: at(day + hour) }, day + hour);
    await deliver(bed, { order_id: 'N2', status: 'paid', changed_at: at(day + hour) }, day + hour);
    const lines = [
      order('N1', 'delivered', day + 3 * hour),
      order('N1', 'shipped', day + 2 * hour),
      order('N2', 'received', day),
      order('N3', 'received', day),
      order('N3', 'paid', day + hour),
    ];
    expect(await run(bed, lines)).toMatchObject({ written: 3, present: 1, repeated: 1 });
    const latest = [
      { order_id: 'N1', status: 'delivered' },
      { order_id: 'N2', status: 'paid' },
      { order_id: 'N3', status: 'paid' },
    ];
    expect(await statuses(bed)).toEqual(latest);
    expect(await run(bed, lines)).toMatchObject({ written: 0, present: 5 });
    expect(await importAll(bed, lines)).toMatchObject({ written: 0, present: 3, repeated: 2 });
    expect(await statuses(bed)).toEqual(latest);
  });

  it('does not replace a row by an older state of another day', async () => {
    const bed = await startHistoryBed(ordersStream());
    const later = day + 40 * hour;
    await deliver(bed, { order_id: 'N1', status: 'refunded', changed_at: at(later) }, later);
    await run(bed, [order('N1', 'paid', day)]);
    await importAll(bed, [order('N1', 'paid', day)]);
    expect(await statuses(bed)).toEqual([{ order_id: 'N1', status: 'refunded' }]);
  });

  it('without times takes the later line as the later state, and replaces no row', async () => {
    const bed = await startHistoryBed(ordersStream(false));
    await deliver(bed, { order_id: 'N1', status: 'by the webhook' }, day);
    const lines = [order('N1', 'old'), order('N2', 'received'), order('N2', 'paid')];
    expect(await importAll(bed, lines)).toMatchObject({ written: 1, present: 1, repeated: 1 });
    const rows = [
      { order_id: 'N1', status: 'by the webhook' },
      { order_id: 'N2', status: 'paid' },
    ];
    expect(await statuses(bed)).toEqual(rows);
    expect(await importAll(bed, lines)).toMatchObject({ written: 0, present: 2 });
    expect(await statuses(bed)).toEqual(rows);
  });

  it('rejects an event without its key, and writes the rest', async () => {
    const bed = await startHistoryBed(keyed);
    expect(await run(bed, [eventLine(null, day), eventLine('a', day)])).toMatchObject({
      written: 1,
      rejected: 1,
    });
    expect(bed.rejected).toMatchObject([{ line: 1, column: 'event_id' }]);
    expect(await bed.eventIds()).toEqual(['a']);
  });

  it.each<[string, Fault]>([
    ['an answer is lost', { name: 'append.lost-ack' }],
    ['the stream ends after it has stored', { name: 'append.stream-end', stored: true }],
    ['BigQuery is busy', { name: 'append.status', code: 'RESOURCE_EXHAUSTED' }],
    ['the schema lags', { name: 'append.extra-fields', times: 2 }],
  ])('is written once when %s', async (_, fault) => {
    const faults = new Faults(fault);
    const bed = await startHistoryBed(keyed, faults);
    const filler = { user_agent: 'x'.repeat(10_000) };
    const lines = Array.from({ length: 300 }, (_, n) => eventLine(`evt_${n}`, day + n, filler));
    expect(await run(bed, lines)).toMatchObject({ written: 300 });
    expect(new Set(await bed.eventIds()).size).toBe(300);
    expect(await bed.eventIds()).toHaveLength(300);
    expect(faults.list()[0]?.struck).toBeGreaterThan(0);
  });

  it('loses only the rows that BigQuery names as bad', async () => {
    const faults = new Faults({ name: 'append.bad-row', contains: 'evt_39' });
    const bed = await startHistoryBed(keyed, faults);
    const lines = Array.from({ length: 400 }, (_, n) => eventLine(`evt_${n}`, day + n));
    expect(await run(bed, lines)).toMatchObject({ written: 389, rejected: 11 });
    expect(await bed.eventIds()).toHaveLength(389);
    expect(bed.rejected).toHaveLength(11);
  });

  it('is split if it has too many ids, also after a part was written', async () => {
    const bed = await startHistoryBed(keyed);
    const source = await startHistory((from, to) => manyEvents(from, to, (to - from) / hour));
    const open = (window: { from: number; to: number }) => readHistory(source, window);
    const counts = await backfill({ ...bed, windows, open, maxIds: 7 });
    expect(counts).toMatchObject({ written: 24 });
    expect(new Set(await bed.eventIds()).size).toBe(24);
    expect(await bed.eventIds()).toHaveLength(24);
  });

  it('ends with the error of `onRefused`', async () => {
    const faults = new Faults({ name: 'append.bad-row', contains: 'evt_1' });
    const bed = await startHistoryBed(keyed, faults);
    const write = openRowWrite<string>(bed.client, bed.table, bed.reader, (row) => {
      throw new Error(`refused: ${row}`);
    });
    const encoded = bed.reader.encoder.encode({ event_id: 'evt_1' }, '1');
    if (!encoded.ok) throw new Error(encoded.reason);
    write.add(encoded.row, 'evt_1');
    await expect(write.commit()).rejects.toThrow('refused: evt_1');
    write.abandon();
  });
});

describe('the sequence number of history', () => {
  const now = day + 48 * hour;
  // BigQuery compares section by section.
  const rank = (sequence: string) =>
    sequence
      .split('/')
      .map((section) => section.padStart(16, '0'))
      .join('');

  it('orders by time, then by line and position in it; events without a time come first', () => {
    const sequences = [
      historySequence({ line: 9 }, now),
      historySequence({ line: 10 }, now),
      historySequence({ line: 10, event: 1 }, now),
      historySequence({ timeMs: day, line: 3 }, now),
      historySequence({ timeMs: day, line: 20 }, now),
      historySequence({ timeMs: day + 1, line: 1 }, now),
    ].map(rank);
    expect(sequences).toEqual([...sequences].sort());
    expect(new Set(sequences).size).toBe(sequences.length);
  });

  it('is never later than now, nor before 1970', () => {
    expect(historySequence({ timeMs: now + hour, line: 1 }, now)).toBe(
      historySequence({ timeMs: now, line: 1 }, now),
    );
    expect(historySequence({ timeMs: -5, line: 1 }, now)).toBe('0/1/0');
  });
});
