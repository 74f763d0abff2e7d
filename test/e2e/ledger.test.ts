import { v7 as uuidv7 } from 'uuid';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Relay } from '../../shared/config/config.ts';
import { toAttributes } from '../../shared/envelope.ts';
import { edgeReportStream, writeReport } from '../../shared/report/edge-report.ts';
import { type LedgerLine, readLedger } from '../../subscriber/ledger/read-ledger.ts';
import type { StreamStatus } from '../../subscriber/ledger/read-status.ts';
import { type OperatedBed, startOperatedBed } from '../beds/operated-bed.ts';

const runs = 6;
const perRun = 60;

/** @param place where the config finds the amount: the senders' deliveries have it at `$.amount` */
function streams(place: string): Record<string, string> {
  const columns = (required: string) => `columns: {
    id: { type: 'STRING', from: '$.id' }, amount: { type: 'INT64', from: '${place}'${required} },
    delivery_id: { type: 'STRING', from: 'delivery:id' },
    received_at: { type: 'TIMESTAMP', from: 'delivery:received_at' } }`;
  return {
    plain: "segmentstream({ table: 'shop.plain' })",
    broken: `generic({ table: 'shop.broken', ${columns(', required: true')} })`,
    part: `generic({ table: 'shop.part', ${columns('')} })`,
    keyed: `generic({ table: 'shop.keyed', key: ['id'], columns: { id: { type: 'STRING', from: '$.id' } } })`,
    many: `generic({ table: 'shop.many', each: '$', id: '$.id', filter: { where: { field: '$.ok', equals: true } } })`,
  };
}

const bodies: Record<string, (n: number) => unknown> = {
  plain: (n) => ({ n }),
  broken: (n) => ({ id: `b${n}`, amount: n, label: 'no number' }),
  part: (n) => ({ id: `p${n}`, amount: n, label: 'no number' }),
  // Some have the same key: a sender's retry, and a change of one order.
  keyed: (n) => ({ id: `k${n % 10}` }),
  // Some have no event that passes.
  many: (n) =>
    Array.from({ length: 1 + (n % 4) }, (_, i) => ({ id: `m${n}-${i}`, ok: n % 3 > 0 })).concat({
      id: 'x',
      ok: false,
    }),
};
const names = Object.keys(bodies);

let bed: OperatedBed;
let relay: Relay;
/** What the edge accepted, by stream. */
const accepted: Record<string, number> = Object.fromEntries(names.map((name) => [name, 0]));

beforeAll(async () => {
  bed = await startOperatedBed();
  relay = await bed.writeConfig(streams('$.label'));
  await bed.pubsub.createTopic(relay.topic);
  await bed.pubsub.createSubscription(relay.topic, relay.subscription);
}, 60_000);

afterAll(() => bed.stop());

/** Some minutes ago: old enough to be counted in the tables. */
const someTime = () => Date.now() - 180_000 - Math.floor(Math.random() * 180_000);

/** Publishes deliveries as the edge does, some of them twice, and what an isolate counted of them. */
async function accept(count: number): Promise<void> {
  const topic = bed.pubsub.topic(relay.topic, { batching: { maxMessages: 100 } });
  const counts = new Map<string, { minute: number; stream: string; deliveries: number }>();
  const publishing: Promise<unknown>[] = [];
  for (const stream of names) {
    for (let n = 0; n < count; n++) {
      const receivedAt = someTime();
      const attributes = toAttributes({ stream, deliveryId: uuidv7(), receivedAt });
      const data = Buffer.from(JSON.stringify(bodies[stream]?.(n)));
      // Sometimes the first ack was lost.
      const copies = Math.random() < 0.1 ? 2 : 1;
      for (let copy = 0; copy < copies; copy++) {
        publishing.push(
          topic.publishMessage({
            data,
            attributes: { ...attributes, content_type: 'application/json' },
          }),
        );
      }
      const minute = Math.floor(receivedAt / 60_000);
      const known = counts.get(`${minute}${stream}`) ?? { minute, stream, deliveries: 0 };
      known.deliveries++;
      counts.set(`${minute}${stream}`, known);
    }
    accepted[stream] = (accepted[stream] ?? 0) + count;
  }
  const ledger = [...counts.values()].map((one) => ({ ...one, outcome: 'accepted' }));
  const data = Buffer.from(writeReport({ isolate: 'a', ledger, census: [], refused: [] }));
  const attributes = toAttributes({
    stream: edgeReportStream,
    deliveryId: uuidv7(),
    receivedAt: Date.now(),
  });
  for (const _ of 'ab') publishing.push(topic.publishMessage({ data, attributes }));
  await Promise.all(publishing);
}

const read = () => readLedger({ bigquery: bed.bigquery, relay }, { since: Date.now() - 3_600_000 });

function total(lines: readonly LedgerLine[], stream: string, of: (line: LedgerLine) => number) {
  return lines.filter((line) => line.stream === stream).reduce((sum, line) => sum + of(line), 0);
}

async function count(query: string): Promise<number> {
  const [row] = await bed.rows<{ n: number }>(`SELECT COUNT(*) AS n FROM (${query})`);
  return row?.n ?? 0;
}

describe('the ledger', { timeout: 300_000 }, () => {
  it('adds up at rest, after kills at random points', async () => {
    for (let run = 0; run < runs; run++) {
      bed.serve();
      await accept(perRun);
      await new Promise((resolve) => setTimeout(resolve, 1200 + Math.random() * 1500));
      await bed.kill('SIGKILL');
      bed.pubsubFaults.add({ name: 'leases.expire' });
    }
    bed.serve();
    await expect
      .poll(
        async () => {
          const lines = await read();
          return names.map((name) => [
            total(lines, name, (line) => line.accepted - line.uncounted),
            total(lines, name, (line) => line.remainder + line.inFlight + line.uncounted),
          ]);
        },
        { timeout: 120_000, interval: 1000 },
      )
      .toEqual(names.map((name) => [accepted[name], 0]));
    await checkCounts({ broken: 'deadLetters', part: 'writtenInPart' });
  });

  it('follows the replays, wherever these are killed', async () => {
    relay = await bed.writeConfig(streams('$.amount'));
    await bed.kill('SIGTERM');
    bed.serve();
    const first = bed.start('dead-letters', 'replay', '--all');
    await expect
      .poll(() => count('SELECT * FROM shop.broken LIMIT 1'), { timeout: 60_000 })
      .toBe(1);
    first.process.kill('SIGKILL');
    await bed.kill('SIGKILL');
    await first.ended;
    bed.pubsubFaults.add({ name: 'leases.expire' });
    bed.serve();
    expect((await bed.start('dead-letters', 'replay', '--all').ended).status).toBe(0);
    await expect
      .poll(async () => total(await read(), 'broken', (line) => line.deadLetters), {
        timeout: 60_000,
      })
      .toBe(0);
    expect(await bed.kill('SIGTERM')).toBe(0);
    await checkCounts({ broken: 'written', part: 'written' });
  });

  it('and the status are told on the command line', async () => {
    const ledger = await bed.start('ledger', '--json').ended;
    expect(ledger).toMatchObject({ status: 0, err: '' });
    expect(JSON.parse(ledger.out)).toEqual(await read());
    const { out } = await bed.start('ledger', '--by', 'stream').ended;
    expect(out).toContain(`${accepted['plain']} accepted = ${accepted['plain']} written`);
    const status = await bed.start('status', '--window', '1h', '--json').ended;
    const streams = JSON.parse(status.out) as StreamStatus[];
    expect(
      streams.map(({ stream, outcomes, backlog, deadLetters }) => [
        stream,
        outcomes.accepted,
        backlog,
        deadLetters,
      ]),
    ).toEqual(names.map((name) => [name, accepted[name], 0, 0]));
    const [plain] = streams;
    // They were published some minutes after they were received.
    expect(plain?.freshness?.p50).toBeGreaterThan(100_000);
  });

  it('is drawn again until Ctrl-C, which ends it well', async () => {
    const watch = bed.start('status', '--watch', '--json');
    let text = '';
    watch.process.stdout?.on('data', (chunk: string) => {
      text += chunk;
    });
    await expect.poll(() => text.split('\n').length, { timeout: 60_000 }).toBeGreaterThan(2);
    watch.process.kill('SIGINT');
    const { status, out, err } = await watch.ended;
    expect([status, err]).toEqual([0, '']);
    for (const line of out.trim().split('\n')) expect(JSON.parse(line)).toHaveLength(names.length);

    const { code, shown } = await bed.inTerminal(['status', '--watch'], 'freshness', '\u0003');
    expect(code).toBe(0);
    // The other screen is left, and the cursor shown again.
    const codes = ['[?1049h', '[?25l', '[?25h', '[?1049l'].map((code) => shown.indexOf(code));
    expect(codes).not.toContain(-1);
    expect(codes.toSorted((a, b) => a - b)).toEqual(codes);
  });

  it('is created again when somebody drops its table, and deliveries go on', async () => {
    const table = bed.bigquery.dataset('tributary').table('ledger');
    const rows = () => count('SELECT DISTINCT hit_id FROM shop.plain');
    const before = await rows();
    bed.serve();
    await accept(5);
    await expect.poll(rows, { timeout: 60_000 }).toBe(before + 5);
    await table.delete();
    await accept(5);
    await expect.poll(rows, { timeout: 60_000 }).toBe(before + 10);
    await expect.poll(async () => (await table.exists())[0], { timeout: 60_000 }).toBe(true);
    // What the table had is gone; what is counted since adds up.
    await expect
      .poll(async () => total(await read(), 'plain', (line) => line.written), { timeout: 60_000 })
      .toBeGreaterThanOrEqual(5);
    await expect
      .poll(async () => total(await read(), 'plain', (line) => line.remainder), { timeout: 60_000 })
      .toBe(0);
    expect(await bed.kill('SIGTERM')).toBe(0);
  });
});

/** Each delivery of the edge once, and as the tables have it. */
async function checkCounts(other: Record<string, keyof LedgerLine>): Promise<void> {
  const lines = await read();
  for (const stream of names) {
    const sum = (name: keyof LedgerLine) => total(lines, stream, (line) => Number(line[name]));
    const settled =
      sum('written') + sum('writtenInPart') + sum('deadLetters') + sum('noRow') + sum('duplicates');
    expect([stream, sum('accepted'), settled, sum('remainder'), sum('uncounted')]).toEqual([
      stream,
      accepted[stream],
      accepted[stream],
      0,
      0,
    ]);
    const outcome = other[stream];
    if (outcome) expect([stream, sum(outcome)]).toEqual([stream, accepted[stream]]);
  }
  const sum = (stream: string, name: keyof LedgerLine) =>
    total(lines, stream, (line) => Number(line[name]));
  expect(sum('plain', 'rows')).toBe(await count('SELECT hit_id FROM shop.plain_unique'));
  expect(sum('many', 'written')).toBe(await count('SELECT DISTINCT delivery_id FROM shop.many'));
  expect(sum('many', 'noRow')).toBe(
    accepted['many'] ? accepted['many'] - sum('many', 'written') : 0,
  );
}
