import { describe, expect, it } from 'vitest';
import { backfill } from '../../../history/backfill/backfill.ts';
import { readHistory } from '../../../history/fetch/history-api.ts';
import { HourReport, type Reconciliation } from '../../../history/reconcile/hour-report.ts';
import { type ReconcileOptions, reconcile } from '../../../history/reconcile/reconcile.ts';
import { cutWindows } from '../../../history/time-window.ts';
import {
  day,
  eventLine,
  type HistoryBed,
  hour,
  startHistory,
  startHistoryBed,
  streamOf,
} from '../../beds/history-bed.ts';

const whole = { from: day, to: day + 24 * hour };

/** Rows by id, at an hour of the day; NULL means no time. */
async function insert(bed: HistoryBed, rows: [id: string, hour: number | null][]): Promise<void> {
  const values = rows.map(([id, at]) => {
    const time = at === null ? 'NULL' : `TIMESTAMP_MILLIS(${day + at * hour})`;
    return `('${id}', ${time})`;
  });
  await bed.query(`INSERT shop.events (event_id, event_time) VALUES ${values.join(', ')}`);
}

async function compare(
  bed: HistoryBed,
  sent: readonly string[],
  options: Partial<ReconcileOptions> = {},
  stream = streamOf(),
) {
  const source = await startHistory(() => sent, stream);
  return await reconcile({
    ...bed,
    windows: [whole],
    open: (window) => readHistory(source, window),
    idsPerHour: 10,
    ...options,
  });
}

/** Without `outside`, because this sender returns all of its events for each window. */
function alike(found: Reconciliation) {
  return { ...found, totals: { ...found.totals, outside: expect.any(Number) } };
}

it('finds nothing if table and sender agree, whatever is around the range', async () => {
  const bed = await startHistoryBed();
  await insert(bed, [
    ['a', 0],
    ['b', 1.5],
    ['before', -0.5],
    ['after', 24],
    ['timeless', null],
  ]);
  const sent = [eventLine('a', day), eventLine('b', day + 1.5 * hour), eventLine('c', day - 1)];
  expect(await compare(bed, [...sent, eventLine('timeless', day + 1)])).toEqual({
    totals: {
      sent: 3,
      rows: 2,
      missing: 0,
      extra: 0,
      duplicate: 0,
      filtered: 0,
      unusable: 0,
      outside: 1,
    },
    hours: [],
    gaps: [],
  });
});

it('counts a row that was written in part, and does not count an event as missing that can’t become a row', async () => {
  const bed = await startHistoryBed(streamOf());
  await insert(bed, [['in part', 0]]);
  const unfit = (id: string) =>
    JSON.stringify({ id, created_at: new Date(day).toISOString(), tenant_id: {} });
  const { totals } = await compare(bed, [unfit('in part'), unfit('no row')]);
  expect(totals).toMatchObject({ sent: 1, rows: 1, missing: 0, extra: 0, unusable: 1 });
});

it('reports missing, extra and duplicate ids by hour, and the gaps', async () => {
  const stream = streamOf({ filter: { event: '^purchase$' } });
  const bed = await startHistoryBed(stream);
  await insert(bed, [
    ['a', 0],
    ['a', 0.2],
    ['extra', 0.4],
    ['twice', 5],
    ['twice', 5],
    ['twice', 5],
  ]);
  const sent = [
    eventLine('a', day),
    eventLine('a', day),
    eventLine('missing', day + 0.1 * hour),
    eventLine('next hour', day + 1.1 * hour),
    eventLine('twice', day + 5 * hour),
    eventLine('late', day + 23.9 * hour),
    eventLine('dropped', day, { event_name: 'page_view' }),
    eventLine('wild', day, { created_at: 'yesterday' }),
    'no JSON',
  ];
  const found = await compare(bed, sent, {}, stream);
  expect(found.totals).toEqual({
    sent: 5,
    rows: 6,
    missing: 3,
    extra: 1,
    duplicate: 3,
    filtered: 1,
    unusable: 2,
    outside: 0,
  });
  expect(found.hours).toEqual([
    {
      hour: day,
      counts: { missing: 1, extra: 1, duplicate: 1 },
      ids: { missing: ['missing'], extra: ['extra'], duplicate: ['a'] },
    },
    {
      hour: day + hour,
      counts: { missing: 1, extra: 0, duplicate: 0 },
      ids: { missing: ['next hour'], extra: [], duplicate: [] },
    },
    {
      hour: day + 5 * hour,
      counts: { missing: 0, extra: 0, duplicate: 2 },
      ids: { missing: [], extra: [], duplicate: ['twice', 'twice'] },
    },
    {
      hour: day + 23 * hour,
      counts: { missing: 1, extra: 0, duplicate: 0 },
      ids: { missing: ['late'], extra: [], duplicate: [] },
    },
  ]);
  expect(found.gaps).toEqual([
    { from: day, to: day + 2 * hour },
    { from: day + 23 * hour, to: day + 24 * hour },
  ]);
});

it('counts all ids, and lists as many as requested', async () => {
  const bed = await startHistoryBed();
  const sent = Array.from({ length: 50 }, (_, n) => eventLine(`evt_${n}`, day + n));
  const { totals, hours } = await compare(bed, sent, { idsPerHour: 2 });
  expect(totals.missing).toBe(50);
  expect(hours[0]?.ids.missing).toEqual(['evt_0', 'evt_1']);
});

it('has the same result if windows have to be split', async () => {
  const bed = await startHistoryBed();
  const at = (n: number) => (n * 24) / 40;
  await insert(
    bed,
    Array.from({ length: 40 }, (_, n) => [`evt_${n}`, at(n)]),
  );
  const sent = Array.from({ length: 40 }, (_, n) =>
    eventLine(`evt_${n + 1}`, day + at(n + 1) * hour),
  );
  const once = await compare(bed, sent);
  expect(once.totals).toMatchObject({ sent: 39, rows: 40, missing: 0, extra: 1, duplicate: 0 });
  expect(await compare(bed, sent, { maxIds: 12 })).toEqual(alike(once));
  expect(await compare(bed, sent, { windows: cutWindows(whole, hour) })).toEqual(alike(once));
});

describe('an id with several rows', () => {
  it('is a duplicate in the hour of each row except the first, whatever their windows', async () => {
    const bed = await startHistoryBed();
    await insert(bed, [
      ['near', 1.9],
      ['near', 2.1],
      ['far', 3],
      ['far', 20],
      ['far', 20.1],
      ['timeless', null],
      ['timeless', 7],
      ['once', 8],
    ]);
    const sent = [
      eventLine('near', day + 1.9 * hour),
      // The sender has the time of the second row.
      eventLine('far', day + 20 * hour),
      eventLine('timeless', day + 7 * hour),
      eventLine('once', day + 8 * hour),
    ];
    const whole24 = await compare(bed, sent);
    expect(whole24.totals).toMatchObject({ sent: 4, rows: 7, missing: 0, extra: 0, duplicate: 4 });
    expect(
      whole24.hours.map(({ hour: at = 0, counts, ids }) => [
        (at - day) / hour,
        counts.duplicate,
        ids.duplicate,
      ]),
    ).toEqual([
      [2, 1, ['near']],
      [7, 1, ['timeless']],
      [20, 2, ['far', 'far']],
    ]);
    expect(whole24.gaps).toEqual([]);
    expect(await compare(bed, sent, { windows: cutWindows(whole, hour) })).toEqual(alike(whole24));
    expect(await compare(bed, sent, { maxIds: 4 })).toEqual(alike(whole24));
  });

  it('is extra once if the sender does not have it', async () => {
    const bed = await startHistoryBed();
    await insert(bed, [
      ['unknown', 3],
      ['unknown', 20],
    ]);
    const found = await compare(bed, [], { windows: cutWindows(whole, hour) });
    expect(found.totals).toMatchObject({ rows: 2, extra: 1, duplicate: 1 });
    expect(found.hours.map(({ hour: at = 0, counts }) => [(at - day) / hour, counts])).toEqual([
      [3, { missing: 0, extra: 1, duplicate: 0 }],
      [20, { missing: 0, extra: 0, duplicate: 1 }],
    ]);
  });

  it('is counted if the other row is just before the range, but not just behind it', async () => {
    const bed = await startHistoryBed();
    await insert(bed, [
      ['a', -0.5],
      ['a', 0.5],
      ['b', 23.5],
      ['b', 24.5],
    ]);
    const sent = [eventLine('a', day + 0.5 * hour), eventLine('b', day + 23.5 * hour)];
    const { hours } = await compare(bed, sent);
    expect(hours).toEqual([
      {
        hour: day,
        counts: { missing: 0, extra: 0, duplicate: 1 },
        ids: { missing: [], extra: [], duplicate: ['a'] },
      },
    ]);
  });

  it('causes an error if there are too many', async () => {
    const bed = await startHistoryBed();
    const twice = [1, 2, 3].flatMap((n): [string, number][] => [
      [`evt_${n}`, 1],
      [`evt_${n}`, 2],
    ]);
    await insert(bed, twice);
    await expect(compare(bed, [], { maxIds: 2 })).rejects.toMatchObject({
      code: 'range.too-many-duplicates',
    });
  });
});

it('does not report a row as missing that a later state has moved to another day', async () => {
  const stream = streamOf({ key: ['event_id'] });
  const bed = await startHistoryBed(stream);
  await insert(bed, [['moved', 50]]);
  const sent = [eventLine('moved', day + hour), eventLine('missing', day + hour)];
  const found = await compare(bed, sent, {}, stream);
  expect(found.totals).toMatchObject({ sent: 2, rows: 0, missing: 1, extra: 0 });
  expect(found.hours[0]?.ids.missing).toEqual(['missing']);
});

it('finds nothing missing after a backfill of the gaps', async () => {
  const bed = await startHistoryBed();
  await insert(bed, [['there', 3]]);
  const sent = [1, 3, 8].map((at) => eventLine(at === 3 ? 'there' : `evt_${at}`, day + at * hour));
  const source = await startHistory(() => sent);
  const { gaps } = await compare(bed, sent);
  expect(gaps).toHaveLength(2);
  const open = (window: typeof whole) => readHistory(source, window);
  expect(await backfill({ ...bed, windows: gaps, open })).toMatchObject({ written: 2, outside: 4 });
  expect((await compare(bed, sent)).hours).toEqual([]);
});

it('adds more ids than a call can have arguments', () => {
  const [all, some] = [new HourReport(1_000_000), new HourReport(1_000_000)];
  for (let n = 0; n < 200_000; n++) some.count('missing', `evt_${n}`, day);
  all.add(some);
  expect(all.result().hours[0]?.ids.missing).toHaveLength(200_000);
});
