import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { Faults } from '../../../local/faults/faults.ts';
import { conditions } from '../../../subscriber/alerts/conditions.ts';
import { type LocalAlert, Receiver } from '../../../subscriber/alerts/messages/receiver.ts';
import { AlertStore } from '../../../subscriber/alerts/state/alert-store.ts';
import type { LogEntry } from '../../../subscriber/log.ts';
import { type AlertReceiverBed, startAlertReceiver } from '../../beds/alert-receiver.ts';
import { type BigQueryBed, startBigQueryBed } from '../../beds/bigquery-bed.ts';
import { alertRelay } from './alert-bed.ts';

let bed: BigQueryBed;
const faults = new Faults();
let endpoint: AlertReceiverBed;
let store: AlertStore;
let log: LogEntry[];
let local: LocalAlert | undefined;
let datasets = 0;

const settings = { name: 'ALERTS_URL', format: 'generic' } as const;
/** Longer than a claim: where one is not given back, the next try waits for its end. */
const soon = { timeout: 55_000, interval: 50 };

beforeAll(async () => {
  bed = await startBigQueryBed(faults);
}, 60_000);

afterAll(async () => {
  await bed?.stop();
});

beforeEach(async () => {
  datasets++;
  log = [];
  local = undefined;
  endpoint = await startAlertReceiver();
  store = new AlertStore(bed.bigquery, relayOf());
  await store.ensure();
  await store.receivers.add([settings.name], Date.now());
});

function relayOf() {
  return alertRelay(`receivers_${datasets}`, {
    receivers: [{ url: 'ALERTS_URL', format: 'generic' }],
  });
}

/** A replica's; it waits 50 ms between tries. */
function open(url = endpoint.url): Receiver {
  const receiver = new Receiver({
    relay: relayOf(),
    settings,
    url,
    store: new AlertStore(bed.bigquery, relayOf()),
    log: (entry) => log.push(entry),
    now: Date.now,
    localAlert: () => local,
    timeoutMs: 400,
    random: () => 0,
  });
  onTestFinished(() => receiver.stop(0));
  return receiver;
}

async function fire(stream: string): Promise<void> {
  await store.fire([{ condition: 'overflow', stream, reason: 'a reason', count: 1 }], Date.now());
}

async function clear(stream: string): Promise<void> {
  const now = Date.now();
  await store.clear([`overflow/${stream}`], now, now);
}

const stateOf = async () => (await store.read()).receivers.get(settings.name);

function wakeAndCount(receiver: Receiver): number {
  receiver.wake();
  return endpoint.posts.length;
}

function told(): string[][] {
  return endpoint
    .messages()
    .map(({ alerts }) => alerts.map(({ stream, state }) => `${stream} ${state}`));
}

describe('a receiver that fails', { timeout: 90_000 }, () => {
  it('is tried again: after 500, after an answer that never comes, and after a closed connection', async () => {
    const failures = [
      (response: { writeHead(status: number): { end(): void } }) =>
        void response.writeHead(500).end(),
      () => {},
      (response: { destroy(): void }) => void response.destroy(),
    ];
    endpoint.answer((response) => {
      const failure = failures.shift();
      if (failure) failure(response);
      else response.writeHead(204).end();
    });
    await fire('orders');
    open().wake();
    await expect.poll(async () => (await stateOf())?.sentAt, soon).toBeDefined();
    expect(told()).toEqual(Array.from({ length: 4 }, () => ['orders firing']));
    // Once for the failure, whatever kind, and once for its end.
    expect(log.map(({ severity, receiver }) => [severity, receiver])).toEqual([
      ['WARNING', 'ALERTS_URL'],
      ['INFO', 'ALERTS_URL'],
    ]);
  });

  it('is left alone for as long as it says, also by other replicas', async () => {
    endpoint.answer((response) => response.writeHead(429, { 'retry-after': '2' }).end());
    await fire('orders');
    const [one, other] = [open(), open()];
    one.wake();
    await expect.poll(() => endpoint.posts.length, soon).toBe(1);
    const begun = performance.now();
    endpoint.answer(200);
    await expect.poll(async () => (await stateOf())?.isFailing, soon).toBe(true);
    other.wake();
    await expect.poll(() => endpoint.posts.length, soon).toBe(2);
    expect(performance.now() - begun).toBeGreaterThan(1000);
  });

  it('learns the newest state alone when it comes back', async () => {
    endpoint.answer(500);
    const receiver = open();
    for (let round = 0; round < 3; round++) {
      await fire('orders');
      await fire('crm');
      receiver.wake();
      await expect.poll(() => endpoint.posts.length, soon).toBeGreaterThan(round);
      if (round < 2) await clear('orders');
      await clear('crm');
    }
    endpoint.posts.length = 0;
    endpoint.answer(200);
    await expect.poll(async () => (await stateOf())?.sentAt, soon).toBeDefined();
    expect(told().at(-1)).toEqual(['orders firing', 'crm clear']);
    const posts = endpoint.posts.length;
    receiver.wake();
    await expect.poll(async () => (await stateOf())?.isFailing, soon).toBe(false);
    expect(endpoint.posts).toHaveLength(posts);
  });

  it('is not followed to another host', async () => {
    const elsewhere = await startAlertReceiver();
    endpoint.answer((response) => response.writeHead(307, { location: elsewhere.url }).end());
    await fire('orders');
    open().wake();
    await expect.poll(async () => (await stateOf())?.answer, soon).toMatch(/^307: .*another host/);
    expect(elsewhere.posts).toEqual([]);
  });

  it('is followed within its host', async () => {
    endpoint.answer((response, { path }) => {
      if (path === '/moved') response.writeHead(200).end();
      else response.writeHead(308, { location: '/moved' }).end();
    });
    await fire('orders');
    open().wake();
    await expect.poll(async () => (await stateOf())?.sentAt, soon).toBeDefined();
    expect(endpoint.posts.map(({ path }) => path).at(-1)).toBe('/moved');
  });

  it('does not hold up another one, and its endless answer is not read', async () => {
    endpoint.answer((response) => {
      response.writeHead(500);
      const endless = setInterval(() => response.write('x'.repeat(65_536)), 1);
      response.on('close', () => clearInterval(endless));
    });
    await fire('orders');
    const receiver = open();
    receiver.wake();
    await expect.poll(async () => (await stateOf())?.isFailing, soon).toBe(true);
    expect((await stateOf())?.answer).toBe('500');
  });
});

describe('BigQuery away', { timeout: 60_000 }, () => {
  it('is told without BigQuery, once for each change', async () => {
    const receiver = new Receiver({
      relay: relayOf(),
      settings,
      url: endpoint.url,
      store: new AlertStore(
        bed.bigquery,
        alertRelay('no_such_dataset', { receivers: [{ url: 'ALERTS_URL', format: 'generic' }] }),
      ),
      log: () => {},
      now: Date.now,
      localAlert: () => local,
    });
    onTestFinished(() => receiver.stop(0));
    const alert = (isFiring: boolean): LocalAlert => ({
      id: 'bigquery-away/',
      condition: 'bigquery-away',
      isFiring,
      changeId: String(isFiring),
      reason: 'deliveries wait',
      count: 1,
      firedAt: Date.now(),
      since: Date.now(),
    });
    local = alert(true);
    receiver.wake();
    await expect.poll(() => endpoint.posts.length, soon).toBe(1);
    receiver.wake();
    local = alert(false);
    await expect.poll(() => wakeAndCount(receiver), soon).toBe(2);
    expect(told()).toEqual([['null firing'], ['null clear']]);
    expect(endpoint.messages()[0]?.alerts[0]?.title).toBe(conditions['bigquery-away'].title);
  });
});

describe('BigQuery, failing for a moment', { timeout: 60_000 }, () => {
  it.each([
    ['GET', 'rest.status'],
    ['POST', 'rest.status'],
    // The claim is made, and its answer lost.
    ['POST', 'rest.lost-answer'],
  ] as const)('does not keep a message back: %s, %s', async (on, name) => {
    onTestFinished(() => faults.clear());
    await fire('orders');
    // Google's client tries a 400 no more.
    faults.add(name === 'rest.status' ? { name, on, status: 400 } : { name, on });
    open().wake();
    await expect.poll(async () => (await stateOf())?.sentAt, soon).toBeDefined();
    expect(told()).toEqual([['orders firing']]);
    expect(faults.list()).toMatchObject([{ struck: 1 }]);
  });
});

describe('a replica that dies in mid-send', { timeout: 60_000 }, () => {
  it('leaves a claim that ends, and another one sends', async () => {
    await fire('orders');
    // What it did before it died.
    expect(await store.receivers.claim(settings.name, 1500)).toBe(true);
    const other = open();
    other.wake();
    await expect.poll(() => wakeAndCount(other), soon).toBe(1);
    await expect.poll(async () => (await stateOf())?.sentAt, soon).toBeDefined();
    expect(told()).toEqual([['orders firing']]);
  });
});
