import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import type { AlertOptions } from '../../../shared/config/alert-options.ts';
import type { Relay } from '../../../shared/config/config.ts';
import { AlertWatch } from '../../../subscriber/alerts/alert-watch.ts';
import type { ReplicaState } from '../../../subscriber/alerts/facts/fact-reader.ts';
import { alertSettings } from '../../../subscriber/alerts/settings.ts';
import { AlertStore } from '../../../subscriber/alerts/state/alert-store.ts';
import type { LogEntry } from '../../../subscriber/log.ts';
import {
  type AlertReceiverBed,
  secretPath,
  startAlertReceiver,
} from '../../beds/alert-receiver.ts';
import { type BigQueryBed, startBigQueryBed } from '../../beds/bigquery-bed.ts';
import { AlertTables, alertRelay } from './alert-bed.ts';

let bed: BigQueryBed;
let receiver: AlertReceiverBed;
let tables: AlertTables;
let log: LogEntry[];
let datasets = 0;

const toAll = [{ url: 'ALERTS_URL', format: 'generic' }] as const;
const quick = { every: '1s', clearAfter: '1s', receivers: toAll } as const;
/** Nothing but what a test switches on. */
const nothing = {
  deadLetters: false,
  tableRefused: false,
  freshness: false,
  silentAfter: false,
  overflow: false,
  unauthorized: false,
} as const;

beforeAll(async () => {
  bed = await startBigQueryBed();
}, 60_000);

afterAll(async () => {
  await bed?.stop();
});

beforeEach(async () => {
  log = [];
  datasets++;
  receiver = await startAlertReceiver();
  tables = new AlertTables(bed.bigquery, `alerts_${datasets}`);
  await tables.create();
});

interface Replica {
  relay: Relay;
  state: ReplicaState & { tables: { stream: string; isRefused: boolean }[] };
  stop(): Promise<void>;
}

/** What a subscriber starts. */
function startReplica(options: Partial<AlertOptions>, streams?: readonly string[]): Replica {
  const relay = alertRelay(tables.dataset, { ...quick, ...options }, streams);
  const state: Replica['state'] = { tables: [], oldestReceivedAt: undefined };
  const watch = new AlertWatch({
    relay,
    bigquery: bed.bigquery,
    settings: alertSettings(relay.alerts ?? quick),
    environment: { ALERTS_URL: receiver.url, OTHER_URL: receiver.url },
    state: () => state,
    log: (entry) => log.push(entry),
  });
  void watch.run();
  const stop = () => watch.stop();
  onTestFinished(stop);
  return { relay, state, stop };
}

/** `orders: firing`, in the order in which they came. */
function told(): string[] {
  return receiver
    .messages()
    .flatMap(({ alerts }) =>
      alerts.map(({ stream, condition, state }) => `${stream} ${condition} ${state}`),
    );
}

const soon = { timeout: 50_000, interval: 100 };

describe('a condition', { timeout: 120_000 }, () => {
  it('fires and clears: dead letters', async () => {
    startReplica({ ...nothing, deadLetters: 2 });
    const ids = await tables.kill([{ stream: 'orders' }, { stream: 'orders' }, { stream: 'crm' }]);
    await expect.poll(told, soon).toEqual(['orders dead-letters firing']);
    const [message] = receiver.messages();
    expect(message).toMatchObject({
      version: 1,
      kind: 'alerts',
      project: 'test-project',
      firing: 1,
      omitted: 0,
    });
    expect(message?.alerts[0]).toMatchObject({
      id: 'dead-letters/orders',
      count: 2,
      clearedAt: null,
    });
    expect(ids).toContain(message?.alerts[0]?.example);
    expect(message?.alerts[0]?.command).toContain('dead-letters list --stream orders');
    await tables.replay(ids);
    await expect
      .poll(told, soon)
      .toEqual(['orders dead-letters firing', 'orders dead-letters clear']);
  });

  it('fires and clears: freshness', async () => {
    startReplica({ ...nothing, freshness: '10s' });
    await tables.report([
      {
        stream: 'orders',
        side: 'subscriber',
        outcome: 'written',
        deliveries: 90,
        freshnessMs: 800,
      },
      {
        stream: 'orders',
        side: 'subscriber',
        outcome: 'written',
        deliveries: 10,
        freshnessMs: 60_000,
      },
      { stream: 'crm', side: 'subscriber', outcome: 'written', deliveries: 99, freshnessMs: 800 },
      { stream: 'crm', side: 'subscriber', outcome: 'written', deliveries: 1, freshnessMs: 60_000 },
    ]);
    await expect.poll(told, soon).toEqual(['orders freshness firing']);
    expect(receiver.messages()[0]?.alerts[0]?.reason).toContain('10.0% of 100 deliveries');
    await tables.report([
      { stream: 'orders', side: 'subscriber', outcome: 'written', deliveries: 900, freshnessMs: 5 },
    ]);
    await expect.poll(told, soon).toEqual(['orders freshness firing', 'orders freshness clear']);
  });

  it('fires and clears: overflow', async () => {
    startReplica({ ...nothing, overflow: 5 });
    await tables.report([
      { stream: 'orders', cause: 'overflow', deliveries: 5 },
      { stream: 'crm', cause: 'overflow', deliveries: 4 },
    ]);
    await expect.poll(told, soon).toEqual(['orders overflow firing']);
    await tables.empty('ledger');
    await expect.poll(told, soon).toEqual(['orders overflow firing', 'orders overflow clear']);
  });

  it('fires and clears: the share of 401, from its least number on', async () => {
    startReplica({ ...nothing, unauthorized: 0.5, unauthorizedCount: 10 });
    await tables.refuse('orders', 'refused-1');
    await tables.report([
      { stream: 'orders', deliveries: 9 },
      { stream: 'orders', outcome: 'unauthorized', deliveries: 10 },
      { stream: 'crm', outcome: 'unauthorized', deliveries: 9 },
    ]);
    await expect.poll(told, soon).toEqual(['orders unauthorized firing']);
    expect(receiver.messages()[0]?.alerts[0]).toMatchObject({ count: 10, example: 'refused-1' });
    await tables.report([{ stream: 'orders', deliveries: 100 }]);
    await expect
      .poll(told, soon)
      .toEqual(['orders unauthorized firing', 'orders unauthorized clear']);
  });

  it('fires and clears: silence after a time that the config names', async () => {
    startReplica({ ...nothing, silentAfter: '6s', streams: { crm: { silentAfter: false } } });
    await tables.report([
      { stream: 'orders', deliveries: 1, minutesAgo: 3 },
      { stream: 'crm', deliveries: 1, minutesAgo: 3 },
    ]);
    await expect.poll(told, soon).toEqual(['orders silence firing']);
    await tables.report([{ stream: 'orders', deliveries: 1 }]);
    await expect.poll(told, soon).toEqual(['orders silence firing', 'orders silence clear']);
  });

  it('fires and clears: a table that BigQuery refuses', async () => {
    const { state } = startReplica({ ...nothing, tableRefused: '1s' });
    state.tables = [
      { stream: 'orders', isRefused: true },
      { stream: 'crm', isRefused: false },
    ];
    await expect.poll(told, soon).toEqual(['orders table-refused firing']);
    state.tables = [{ stream: 'orders', isRefused: false }];
    await expect
      .poll(told, soon)
      .toEqual(['orders table-refused firing', 'orders table-refused clear']);
  });
});

describe('two replicas', { timeout: 120_000 }, () => {
  it('send one message', async () => {
    startReplica({ ...nothing, deadLetters: 1 });
    startReplica({ ...nothing, deadLetters: 1 });
    const ids = await tables.kill([{ stream: 'orders' }]);
    await expect.poll(told, soon).toContain('orders dead-letters firing');
    await tables.replay(ids);
    await expect.poll(told, soon).toContain('orders dead-letters clear');
    expect(told()).toHaveLength(2);
  });

  it('do not clear what one of them still sees', async () => {
    // Long enough that a slow machine does not look too late.
    const options = { ...nothing, tableRefused: '1s', clearAfter: '8s' } as const;
    const [sees, blind] = [startReplica(options), startReplica(options)];
    sees.state.tables = [{ stream: 'orders', isRefused: true }];
    blind.state.tables = [{ stream: 'orders', isRefused: false }];
    await expect.poll(told, soon).toEqual(['orders table-refused firing']);
    const store = new AlertStore(bed.bigquery, sees.relay);
    const seenAt = async () => (await store.read()).alerts.get('table-refused/orders')?.seenAt ?? 0;
    const first = await seenAt();
    // Longer than `clearAfter`, by the clock of the state.
    await expect.poll(async () => (await seenAt()) - first, soon).toBeGreaterThan(10_000);
    expect(told()).toEqual(['orders table-refused firing']);
  });
});

describe('the state', { timeout: 120_000 }, () => {
  it('survives a restart: nothing is said twice, and the end is said', async () => {
    const first = startReplica({ ...nothing, deadLetters: 1 });
    const ids = await tables.kill([{ stream: 'orders' }]);
    await expect.poll(told, soon).toEqual(['orders dead-letters firing']);
    await first.stop();
    const second = startReplica({ ...nothing, deadLetters: 1 });
    const store = new AlertStore(bed.bigquery, second.relay);
    const seenAt = async () => (await store.read()).alerts.get('dead-letters/orders')?.seenAt ?? 0;
    const before = await seenAt();
    await expect.poll(seenAt, soon).toBeGreaterThan(before);
    await tables.replay(ids);
    await expect
      .poll(told, soon)
      .toEqual(['orders dead-letters firing', 'orders dead-letters clear']);
  });

  it('is created again where somebody drops its table', async () => {
    const { relay } = startReplica({ ...nothing, deadLetters: 1 });
    const store = new AlertStore(bed.bigquery, relay);
    await expect.poll(async () => (await store.read()).receivers.size, soon).toBe(1);
    await tables.drop('alerts');
    await tables.kill([{ stream: 'orders' }]);
    await expect.poll(told, soon).toContain('orders dead-letters firing');
  });

  it('does without the ledger', async () => {
    await tables.drop('ledger');
    startReplica({ deadLetters: 1 });
    await tables.kill([{ stream: 'orders' }]);
    await expect.poll(told, soon).toEqual(['orders dead-letters firing']);
  });

  it('of a condition that is switched off is cleared', async () => {
    const first = startReplica({ ...nothing, overflow: 1 });
    await tables.report([{ stream: 'orders', cause: 'overflow', deliveries: 5 }]);
    await expect.poll(told, soon).toEqual(['orders overflow firing']);
    await first.stop();
    startReplica({ ...nothing });
    await expect.poll(told, soon).toEqual(['orders overflow firing', 'orders overflow clear']);
  });
});

describe('a message', { timeout: 120_000 }, () => {
  it('lists the first of very many, and counts the others', async () => {
    const streams = Array.from({ length: 10_000 }, (_, n) => `stream-${n}`);
    startReplica({ ...nothing, overflow: 1 }, streams);
    await tables.report(streams.map((stream) => ({ stream, cause: 'overflow', deliveries: 1 })));
    await expect.poll(() => receiver.posts.length, { timeout: 50_000 }).toBe(1);
    const [message] = receiver.messages();
    expect(message).toMatchObject({ firing: 10_000, omitted: 9990 });
    expect(message?.alerts).toHaveLength(10);
  });

  it('holds nothing of a payload, and the log holds no URL', async () => {
    receiver.answer(500);
    startReplica({ ...nothing, deadLetters: 1 });
    await tables.kill([
      {
        stream: 'orders',
        column: 'planted.key',
        reason: "planted.key is 'planted value' 4929000000001",
      },
    ]);
    await expect.poll(() => receiver.posts.length, soon).toBeGreaterThan(0);
    await expect.poll(() => log.some(({ answer }) => answer === '500'), soon).toBe(true);
    expect(receiver.posts[0]?.body).not.toMatch(/planted|4929/);
    expect(JSON.stringify(log)).not.toContain(secretPath.slice(-12));
    expect(JSON.stringify(log)).toContain('ALERTS_URL');
  });

  it('of unknown streams is one', async () => {
    startReplica({ ...nothing, deadLetters: 1 });
    await tables.kill(Array.from({ length: 50 }, (_, n) => ({ stream: `gone-${n}` })));
    await expect.poll(told, soon).toEqual(['null dead-letters firing']);
    expect(receiver.messages()[0]?.alerts[0]?.count).toBe(50);
  });

  it('goes to the receivers of its stream', async () => {
    const other = { url: 'OTHER_URL', format: 'slack', streams: ['crm'] } as const;
    startReplica({ ...nothing, deadLetters: 1, receivers: [...toAll, other] });
    await tables.kill([{ stream: 'orders' }]);
    await expect.poll(() => receiver.posts.length, soon).toBe(1);
    await tables.kill([{ stream: 'crm' }]);
    await expect.poll(() => receiver.posts.length, soon).toBe(3);
    expect(receiver.posts.filter(({ body }) => body.includes('"blocks"'))).toHaveLength(1);
  });
});

describe('a heartbeat', { timeout: 120_000 }, () => {
  it('comes again and again, from one of two replicas', async () => {
    const receivers = [{ ...toAll[0], heartbeat: '3s' as const }];
    startReplica({ ...nothing, receivers });
    startReplica({ ...nothing, receivers });
    await expect.poll(() => receiver.posts.length, soon).toBe(3);
    const times = receiver.messages().map(({ sentAt }) => Date.parse(sentAt));
    expect(receiver.messages().map(({ kind }) => kind)).toEqual([
      'heartbeat',
      'heartbeat',
      'heartbeat',
    ]);
    for (const [at, time] of times.entries()) {
      if (at > 0) expect(time - (times[at - 1] ?? 0)).toBeGreaterThan(2500);
    }
  });
});
