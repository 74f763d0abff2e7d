import { writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { v7 as uuidv7 } from 'uuid';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { ledgerLayout, ledgerTable } from '../../../shared/report/ledger.ts';
import { refusedLayout, refusedTable } from '../../../shared/report/refused.ts';
import { ensureTable } from '../../../subscriber/bigquery/tables/ensure-table.ts';
import { readLetters } from '../../../subscriber/dead-letters/find-letters.ts';
import { replayLetters } from '../../../subscriber/dead-letters/replay-letters.ts';
import { readDeliveryId } from '../../../subscriber/trace/delivery-id.ts';
import { type TracedDelivery, traceDelivery } from '../../../subscriber/trace/trace-delivery.ts';
import { runCommand } from '../../beds/run-command.ts';
import {
  type SubscriberBed,
  type SubscriberProcess,
  startSubscriberBed,
} from '../../beds/subscriber-bed.ts';
import { relay } from '../../beds/subscriber-process.ts';

const config = fileURLToPath(new URL('../../beds/subscriber-process.ts', import.meta.url));

let bed: SubscriberBed;
let subscriber: SubscriberProcess;
let home: string;
let healthUrl: string;

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'tributary-trace-'));
  bed = await startSubscriberBed();
  subscriber = bed.spawn(['serve'], { HEALTH_PORT: '0' });
  const said = (message: string) => subscriber.lines.find((line) => line['message'] === message);
  await vi.waitUntil(() => said('the subscriber is ready'), { timeout: 60_000 });
  const port = Number(said('health checks are answered')?.['port']);
  healthUrl = `http://127.0.0.1:${port}`;
  const portOf = (name: string) => Number(bed.environment[name]?.split(':').at(-1));
  const ports = {
    bigquery: portOf('BIGQUERY_EMULATOR_HOST'),
    pubsub: portOf('PUBSUB_EMULATOR_HOST'),
    subscriber: port,
  };
  writeFileSync(join(home, 'stack.json'), JSON.stringify({ pid: process.pid, ports }));
}, 90_000);

afterAll(async () => {
  await subscriber?.kill('SIGKILL');
  await bed?.stop();
  await rm(home, { recursive: true });
});

async function trace(text: string): Promise<TracedDelivery> {
  const reading = readDeliveryId(text, Date.now());
  if (!reading.ok) throw new Error(reading.problem);
  const { bigquery } = bed;
  const found = await traceDelivery(reading.id, { bigquery, relay, subscribers: [healthUrl] });
  if (!('state' in found)) throw new Error(`several: ${found.deliveryIds}`);
  return found;
}

const untilState = (id: string, state: string) =>
  expect.poll(async () => (await trace(id)).state, { timeout: 30_000 }).toBe(state);

/** In the dataset of the dead letters. */
async function insert(table: string, layout: typeof ledgerLayout, row: object): Promise<void> {
  const [dataset = '', name = ''] = table.split('.');
  await ensureTable(bed.bigquery, { dataset, table: name }, layout);
  await bed.bigquery.dataset(dataset).table(name).insert([row]);
}

async function tributary(...args: string[]) {
  const environment = { ...process.env, ...bed.environment, TRIBUTARY_CONFIG: config };
  return await runCommand(['trace', ...args, '--state', home], environment);
}

describe('a trace', { timeout: 60_000 }, () => {
  it('finds the rows of a delivery, and those that are there twice', async () => {
    const [id = ''] = await bed.publish('plain', 1);
    await untilState(id, 'row');
    const found = await trace(id);
    expect(found).toMatchObject({
      ...{ stream: 'plain', letters: [], inFlight: [] },
      rows: [{ table: 'shop.plain', rows: 1, duplicates: 0 }],
    });
    expect(Date.parse(found.receivedAt ?? '')).toBeGreaterThan(Date.now() - 60_000);
    const date = found.receivedAt?.slice(0, 10);
    await bed.bigquery
      .dataset('shop')
      .table('plain')
      .insert([{ hit_id: id, date }]);
    expect((await trace(id)).rows).toMatchObject([{ rows: 2, duplicates: 1 }]);
    const { status, out } = await tributary(id);
    expect(status).toBe(0);
    expect(out).toContain('2 rows in shop.plain, 1 of them duplicates');
    expect(out).toMatch(/searched shop\.plain: the days? \d{4}/);
    expect(out).toContain(
      'searched shop.keyed: the whole table, which is partitioned by event_time',
    );
  });

  it('names the events', async () => {
    const body = () => '{"id":"1","event_name":"purchase"}';
    const [id = ''] = await bed.publish('keyed', 1, body);
    await untilState(id, 'row');
    expect((await trace(id)).rows).toMatchObject([{ stream: 'keyed', events: ['purchase'] }]);
  });

  it('finds a dead letter with its reason, and what became of its replays', async () => {
    const [id = ''] = await bed.publish('keyed', 1, () => 'no JSON');
    await untilState(id, 'dead letter');
    const { bigquery, pubsub } = bed;
    const filter = { ids: [id], all: true };
    const counts = await replayLetters(readLetters({ bigquery, relay }, filter), {
      ...{ bigquery, relay, pubsub, idleTimeoutMs: 30_000 },
      signal: new AbortController().signal,
    });
    expect(counts.published).toBe(1);
    const found = await trace(id);
    expect(found).toMatchObject({ state: 'dead letter', stream: 'keyed' });
    expect(found.letters).toHaveLength(2);
    expect(found.replays).toMatchObject([{ replay: 1, result: 'dead letter' }]);
    const { status, out } = await tributary(id);
    expect(status).toBe(1);
    expect(out).toContain('is       a dead letter: the body is');
    expect(out).toContain('replay 1: dead letter');
  });

  it('asks the subscriber what is in flight', async () => {
    bed.bigqueryFaults.add({ name: 'append.frozen', on: 'plain' });
    const [id = ''] = await bed.publish('plain', 1);
    await untilState(id, 'in flight');
    const found = await trace(id);
    expect(found.inFlight).toMatchObject([{ deliveryId: id, stream: 'plain', messages: 1 }]);
    expect(Date.parse(found.inFlight[0]?.since ?? '')).not.toBeNaN();
    const { status, out } = await tributary(id, '--json');
    expect(status).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ state: 'in flight', stream: 'plain' });
    bed.bigqueryFaults.clear();
  });

  it('says what the ledger says of one that leaves no other trace', async () => {
    const id = uuidv7();
    const minute = new Date(Math.floor(Date.now() / 60_000) * 60_000).toISOString();
    await insert(ledgerTable(relay), ledgerLayout, {
      ...{ minute, stream: 'plain', side: 'subscriber', outcome: 'duplicate', deliveries: 1 },
      ...{ delivery_ids: [uuidv7(), id], reported_at: new Date().toISOString() },
    });
    expect(await trace(id)).toMatchObject({
      ...{ state: 'settled', stream: 'plain', rows: [] },
      settled: [{ deliveryId: id, outcome: 'duplicate' }],
    });
  });

  it('says what the edge refused, with the likely mistake', async () => {
    const id = uuidv7();
    await insert(refusedTable(relay), refusedLayout, {
      ...{ at: new Date().toISOString(), stream: 'keyed', delivery_id: id, method: 'POST' },
      ...{ outcome: 'unauthorized', cause: 'signature', hint: 'the body was re-serialised' },
      ...{ path: '/keyed', headers: '{}' },
    });
    expect(await trace(id)).toMatchObject({ state: 'refused', stream: 'keyed' });
    const { status, out } = await tributary(id);
    expect(status).toBe(1);
    expect(out).toContain('is       refused: the body was re-serialised');
  });

  it('says that it knows nothing of others, and where they would be', async () => {
    const id = uuidv7();
    expect(await trace(id)).toMatchObject({ state: 'nowhere', rows: [], letters: [] });
    const { status, out } = await tributary(id);
    expect(status).toBe(1);
    expect(out).toContain(`it is in Pub/Sub (subscription ${relay.subscription}) or in overflow`);
    expect(out).toContain(`asked the subscriber at ${healthUrl}`);
  });

  it('says how many deliveries of its minute have not arrived', async () => {
    const id = uuidv7();
    const minute = new Date(Math.floor(Date.now() / 60_000) * 60_000).toISOString();
    await insert(ledgerTable(relay), ledgerLayout, {
      ...{ minute, stream: 'keyed', side: 'edge', outcome: 'accepted', deliveries: 1000 },
      ...{ report_id: uuidv7(), reporter: 'i', reported_at: new Date().toISOString() },
    });
    const keyed = (await trace(id)).minute?.find(({ stream }) => stream === 'keyed');
    expect(keyed?.remainder).toBeGreaterThan(990);
    expect((await tributary(id)).out).toMatch(/9\d\d of 1,0\d\d accepted deliveries of keyed/);
  });

  it('says which subscriber it has asked in vain', async () => {
    const { out } = await tributary(uuidv7(), '--subscriber', 'http://127.0.0.1:1', '--json');
    expect(JSON.parse(out).subscribers).toEqual([
      { url: healthUrl },
      { url: 'http://127.0.0.1:1', problem: expect.any(String) },
    ]);
  });

  it('takes the beginning of an id, and names all that have it', async () => {
    const ids = await bed.publish('plain', 3);
    for (const id of ids) await untilState(id, 'row');
    const [first = ''] = ids;
    expect((await trace(first.slice(0, -1))).deliveryId).toBe(first);
    const { status, out } = await tributary(first.slice(0, 8));
    expect(status).toBe(1);
    for (const id of ids) expect(out).toContain(id);
  });

  it.each([
    ['abc', 'too short'],
    ['evt_1NG8Du2eZvKYlo2CUI79vXWy', 'neither'],
    [uuidv7({ msecs: Date.now() + 86_400_000 }), 'to come'],
  ])('refuses %s', async (id, problem) => {
    const { status, err } = await tributary(id);
    expect(status).toBe(2);
    expect(err).toContain(problem);
    expect(err).toContain('trace.id');
  });
});
