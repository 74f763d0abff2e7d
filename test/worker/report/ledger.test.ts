import { expect, test } from 'vitest';
import { LedgerCounts } from '../../../worker/report/ledger.ts';
import { logged, openEdge, purchase, shop, signed } from '../../beds/workerd/edge.ts';

const at = Date.parse('2026-11-21T08:00:59.900Z');
const minute = Math.floor(at / 60_000);

test('each delivery is counted once, by the minute it was received in, its stream, outcome and cause', async () => {
  let now = at;
  const queued = { send: async () => {} };
  const edge = openEdge({ now: () => now, env: { OVERFLOW: queued }, reportEveryMs: 5000 });
  const [bought, viewed, broken] = await Promise.all(
    [purchase, '{"event_name":"page_view"}', 'nonsense'].map(signed),
  );
  const lines = await logged(async () => {
    // Started in one request, the report waits until all have been answered.
    await edge.together([
      () => edge.send('/shop', bought),
      () => edge.send('/shop', bought),
      () => edge.send('/shop', viewed),
      () => edge.send('/shop', broken),
      () => edge.send('/shop', { body: purchase }),
      () => edge.send('/crm/wrong', { body: 'a=1' }),
      () => edge.send('/crm/crm-key', { method: 'HEAD' }),
      () => edge.send('/mistyped/a-key'),
      () => edge.send('/shop', { method: 'PUT' }),
      async () => {
        await expect.poll(async () => (await edge.tries()).length).toBe(2);
        now += 200;
        await edge.script([{ status: 404 }]);
        return edge.send('/shop', bought);
      },
    ]);
  });
  const reports = await edge.reports();
  expect(reports).toHaveLength(1);
  expect(reports[0]?.isolate).toMatch(/^[0-9a-f]{8}$/);
  const counts = reports.flatMap(({ ledger }) => ledger);
  const one = { minute, deliveries: 1 };
  expect(counts).toHaveLength(9);
  for (const count of [
    { ...one, stream: 'shop', outcome: 'accepted', deliveries: 2 },
    { ...one, stream: 'shop', outcome: 'filtered', cause: 'event-filter' },
    { ...one, stream: 'shop', outcome: 'malformed', cause: 'the body is not JSON' },
    { ...one, stream: 'shop', outcome: 'unauthorized', cause: 'missing' },
    { ...one, stream: 'crm', outcome: 'unauthorized', cause: 'mismatch' },
    { ...one, stream: 'crm', outcome: 'handshake' },
    { ...one, stream: '', outcome: 'unknown-stream' },
    { ...one, stream: 'shop', outcome: 'wrong-method' },
    { ...one, stream: 'shop', outcome: 'accepted', cause: 'overflow', minute: minute + 1 },
  ]) {
    expect(counts).toContainEqual(count);
  }
  expect(lines).toHaveLength(10);
});

test('a sender that disconnects is counted', async () => {
  const edge = openEdge({ reportEveryMs: 1 });
  await edge.sendAndHangUp('/shop', await signed(purchase));
  const counts = (await edge.reports()).flatMap(({ ledger }) => ledger);
  expect(counts).toMatchObject([{ stream: 'shop', outcome: 'accepted', deliveries: 1 }]);
});

test('a report that Pub/Sub did not acknowledge is sent again as it was, before the next one', async () => {
  const edge = openEdge({ streams: { shop }, reportEveryMs: 1 });
  const filtered = await signed('{"event_name":"page_view"}');
  // 404 is not tried again at once.
  await edge.script([{ status: 404 }, { status: 404 }]);
  const lines = await logged(async () => {
    for (let n = 0; n < 3; n++) await edge.send('/shop', filtered);
  });
  expect(lines.map((line) => JSON.parse(line)).slice(0, 2)).toMatchObject([
    { outcome: 'filtered' },
    { outcome: 'report-delayed', cause: 'pubsub-404' },
  ]);
  const made = await edge.reportTries();
  const ids = made.map(({ request }) => request.messages[0]?.attributes['delivery_id']);
  expect(ids).toHaveLength(4);
  expect(new Set(ids.slice(0, 3)).size).toBe(1);
  expect(made[2]?.request).toEqual(made[0]?.request);
  const counted = (await edge.reports()).map(({ ledger }) => ledger[0]?.deliveries);
  expect(counted).toEqual([1, 2]);
});

test('a report whose acknowledgement is lost comes twice with one id', async () => {
  const edge = openEdge({ streams: { shop }, reportEveryMs: 1 });
  await edge.script(['lose-ack']);
  await edge.send('/shop', await signed('{"event_name":"page_view"}'));
  const made = await edge.reportTries();
  expect(made).toHaveLength(2);
  expect(made[1]?.request).toEqual(made[0]?.request);
});

test('one report at most in each interval', async () => {
  const edge = openEdge({ streams: { shop }, reportEveryMs: 300 });
  const filtered = await signed('{"event_name":"page_view"}');
  await edge.together(Array.from({ length: 200 }, () => () => edge.send('/shop', filtered)));
  const counts = (await edge.reports()).map(({ ledger }) => ledger[0]?.deliveries);
  expect(counts).toEqual([200]);
});

test('a flood of causes and of streams takes limited memory, and what fits no cell is said', () => {
  const ledger = new LedgerCounts();
  for (let n = 0; n < 2000; n++) ledger.add(at, 'shop', 'malformed', `cause ${n}`);
  ledger.add(at, 'shop', 'malformed', 'x'.repeat(1_000_000));
  const { counts, uncounted } = ledger.take();
  expect(counts.length).toBeLessThanOrEqual(501);
  expect(counts.reduce((sum, { deliveries }) => sum + deliveries, 0)).toBe(2001);
  expect(counts.find(({ cause }) => cause === undefined)?.deliveries).toBe(1501);
  expect(uncounted).toBe(0);

  for (let n = 0; n < 6000; n++) ledger.add(at, `stream-${n}`, 'accepted', undefined);
  const many = ledger.take();
  expect([many.counts.length, many.uncounted]).toEqual([5000, 1000]);
  expect(ledger.isEmpty).toBe(true);
});
