import { randomInt } from 'node:crypto';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect } from 'vitest';
import { seededRandom } from '../../local/absmartly/sample-export.ts';
import { signDelivery } from '../../local/samples/deliveries.ts';
import type { Relay, RelayStream } from '../../shared/config/config.ts';
import type { StoredLetter } from '../../subscriber/dead-letters/find-letters.ts';
import type { LedgerLine } from '../../subscriber/ledger/read-ledger.ts';
import type { StreamStatus } from '../../subscriber/ledger/read-status.ts';
import type { TracedDelivery } from '../../subscriber/trace/trace-delivery.ts';
import { type AlertReceiverBed, startAlertReceiver } from '../beds/alert-receiver.ts';
import { OperatedStack } from '../beds/operated-stack.ts';
import { itWith } from './tools.ts';

// A mapping is broken, deliveries come, parts are killed, and a person puts it right with nothing but the commands.

const deliveries = 500;
const senders = 6;
const soon = { timeout: 60_000, interval: 200 };
/** The ledger counts a minute in the tables when it is over for a minute. */
const ledgerAheadMs = 150_000;

let stack: OperatedStack;
let receiver: AlertReceiverBed;
/** Numbers of deliveries that were answered 2xx, with their ids. */
let acknowledged: Map<number, string>;

beforeEach(async () => {
  receiver = await startAlertReceiver();
  stack = new OperatedStack({ ALERTS_URL: receiver.url });
  acknowledged = new Map();
});

afterEach(() => stack.stop());

/** @param place where the config finds the amount: the senders' deliveries have it at `$.amount` */
function writeConfig(place: string): void {
  stack.project.write(
    'tributary.config.ts',
    `import { defineRelay, generic } from 'tributary-relay';
export const relay = defineRelay({
  project: 'test-project',
  alerts: {
    receivers: [{ url: 'ALERTS_URL', format: 'generic' }],
    every: '1s', clearAfter: '1s', silentAfter: false, freshness: false,
  },
  streams: {
    orders: generic({
      scheme: 'standard-webhooks', table: 'shop.orders', key: ['id'],
      columns: {
        id: { type: 'STRING', from: '$.id' },
        amount: { type: 'INT64', from: '${place}', required: true },
        delivery_id: { type: 'STRING', from: 'delivery:id' },
        received_at: { type: 'TIMESTAMP', from: 'delivery:received_at' },
      },
    }),
  },
});
`,
  );
}

class Sender {
  readonly #relay: Relay;
  readonly #stream: RelayStream;

  constructor(relay: Relay) {
    this.#relay = relay;
    this.#stream = relay.streams.get('orders') as RelayStream;
  }

  /** Status of one try, and the id of the delivery; undefined where nobody answers. */
  async post(n: number, { space = 0 } = {}) {
    const port = stack.ports?.edge;
    if (port === undefined) return undefined;
    const order = { id: `order-${n}`, amount: n, label: 'no number' };
    const draft = { body: JSON.stringify(order), contentType: 'application/json' };
    const { url, headers } = await signDelivery(draft, this.#stream, {
      relay: this.#relay,
      secrets: stack.secrets,
      edge: `http://127.0.0.1:${port}`,
      now: Date.now(),
    });
    // What was signed has no spaces.
    const body = JSON.stringify(order, null, space);
    const signal = AbortSignal.timeout(5000);
    const answer = await fetch(url, { method: 'POST', headers, body, signal }).catch(() => {});
    await answer?.arrayBuffer().catch(() => {});
    return answer && { status: answer.status, id: answer.headers.get('tributary-delivery-id') };
  }

  /** Each delivery again and again until it is acknowledged. */
  async sendAll(): Promise<void> {
    let next = 0;
    const send = async () => {
      while (next < deliveries) {
        const n = next++;
        while (!acknowledged.has(n)) {
          const answer = await this.post(n);
          if (answer && answer.status < 300) acknowledged.set(n, answer.id ?? '');
          else await new Promise((resolve) => setTimeout(resolve, 100));
        }
      }
    };
    await Promise.all(Array.from({ length: senders }, send));
  }
}

/** Processes of the stack: what `ps` shows of them, and how the stack ends when they are killed. */
const victims = {
  edge: 'part.ts edge',
  workerd: 'workerd serve',
  subscriber: 'part.ts subscriber',
  pubsub: 'part.ts pubsub',
  bigquery: 'part.ts bigquery',
  all: undefined,
} as const;
type Victim = keyof typeof victims;

/** Kills a process after so many acknowledged deliveries, and starts the stack again. */
async function killAfter(count: number, victim: Victim): Promise<void> {
  await expect.poll(() => acknowledged.size, { ...soon, interval: 5 }).toBeGreaterThan(count);
  const { process: running } = stack;
  const command = victims[victim];
  if (command === undefined) await running.killGroup();
  else {
    process.kill(running.find(command), 'SIGKILL');
    expect(await running.exited()).toBe(1);
    expect(running.output).toContain('ended unexpectedly');
  }
  await stack.start();
}

/** One of the edge, one of the others, and everything, in any order. */
function pickVictims(random: () => number): Victim[] {
  const one = <Item>(items: readonly Item[]) => items[Math.floor(random() * items.length)] as Item;
  const edge = one(['edge', 'workerd'] as const);
  const other = one(['subscriber', 'subscriber', 'pubsub', 'bigquery'] as const);
  const places = new Map([edge, other, 'all' as const].map((victim) => [victim, random()]));
  return [...places.keys()].toSorted((a, b) => (places.get(a) ?? 0) - (places.get(b) ?? 0));
}

function alerts() {
  return receiver.messages().flatMap(({ alerts }) => alerts);
}

const letters = () => stack.json<StoredLetter[]>(['dead-letters', 'list', '--limit', '5000']);

async function countRows(): Promise<{ total: number; unique: number }> {
  const [row] = await stack.rows<{ total: number; unique: number }>(
    'SELECT COUNT(*) AS total, COUNT(DISTINCT id) AS `unique` FROM shop.orders',
  );
  return row ?? { total: 0, unique: 0 };
}

describe('an operator', { timeout: 240_000 }, () => {
  itWith(['ps'], 'puts a broken mapping right, wherever parts are killed', async () => {
    const seed = Number(process.env['TEST_SEED'] ?? randomInt(2 ** 31));
    console.info(`operate.test.ts: TEST_SEED=${seed}`);
    const random = seededRandom(seed);
    writeConfig('$.label');
    await stack.start();
    const { relay } = (await import(/* @vite-ignore */ pathToFileURL(stack.config).href)) as {
      relay: Relay;
    };
    const sender = new Sender(relay);

    // Deliveries come, and parts die.
    const sending = sender.sendAll();
    for (const [n, victim] of pickVictims(random).entries()) {
      await killAfter(n * 160 + random() * 120, victim);
    }
    await sending;
    expect(acknowledged.size).toBe(deliveries);

    // The alert says it.
    await expect.poll(() => alerts().at(-1)?.state, soon).toBe('firing');
    const [alert] = alerts();
    expect(alert).toMatchObject({ id: 'dead-letters/orders', stream: 'orders', state: 'firing' });
    expect(alert?.count).toBeGreaterThan(0);
    expect(alert?.reason).toContain('amount');

    // The commands show it.
    let list: StoredLetter[] = [];
    const listed = async () => {
      list = await letters();
      const ids = new Set(list.map(({ deliveryId }) => deliveryId));
      return [...acknowledged.values()].filter((id) => !ids.has(id));
    };
    await expect.poll(listed, soon).toEqual([]);
    expect(new Set(list.map(({ stream }) => stream))).toEqual(new Set(['orders']));
    expect(list.map(({ deliveryId }) => deliveryId)).toContain(alert?.example);
    const shown = await stack.command(['dead-letters', 'show', alert?.example ?? '']).ended;
    expect(shown).toMatchObject({ status: 0, err: '' });
    expect(shown.out).toMatch(/^column +amount$/m);
    expect(shown.out).toContain('"label": "no number"');

    // The config is mended, and one sender signs something else than it sends.
    writeConfig('$.amount');
    await stack.process.printed('Restarted.');
    expect(await sender.post(deliveries, { space: 1 })).toMatchObject({ status: 401 });

    // What a replay would do, and a replay that is killed half-way.
    const trial = await stack.json(['dead-letters', 'replay', '--dry-run']);
    expect(trial).toMatchObject([{ stream: 'orders', kind: 'row', count: list.length }]);
    const first = stack.command(['dead-letters', 'replay', '--all']);
    await expect.poll(async () => (await countRows()).total, { ...soon, interval: 5 }).not.toBe(0);
    first.process.kill('SIGKILL');
    expect((await first.ended).out).toBe('');
    const second = await stack.command(['dead-letters', 'replay', '--all']).ended;
    expect(second).toMatchObject({ status: 0, out: expect.stringMatching(/^Replayed /) });
    await expect.poll(letters, soon).toEqual([]);
    await expect.poll(countRows, soon).toEqual({ total: deliveries, unique: deliveries });
    await expect.poll(() => alerts().at(-1)?.state, soon).toBe('clear');
    expect(receiver.posts.map(({ body }) => body).join()).not.toContain('no number');

    // Everything adds up.
    await expectRefused();
    const [row] = await stack.rows<{ id: string }>(
      `SELECT delivery_id AS id FROM shop.orders WHERE id = 'order-${Math.floor(random() * deliveries)}'`,
    );
    await expectTrace(row?.id ?? '');
    await expectLedger(list.length);
    expect(await stack.process.interrupt()).toBe(0);
  });
});

async function expectRefused(): Promise<void> {
  type Groups = { stream: string; outcome: string; hint?: string; count: number }[];
  const groups = async () => (await stack.json<{ groups: Groups }>(['refused'])).groups;
  // The edge reports every ten seconds.
  await expect.poll(groups, soon).toMatchObject([
    {
      ...{ stream: 'orders', outcome: 'unauthorized', count: 1 },
      hint: expect.stringContaining('re-serialised'),
    },
  ]);
}

async function expectTrace(id: string): Promise<void> {
  const trace = await stack.json<TracedDelivery>(['trace', id]);
  expect(trace).toMatchObject({
    ...{ deliveryId: id, state: 'row', stream: 'orders' },
    letters: [{ deliveryId: id, reason: expect.any(String) }],
    rows: [{ deliveryId: id, rows: 1 }],
  });
  expect(trace.replays.map(({ result }) => result)).toContain('written');
}

/** @param accepted the acknowledged deliveries, and those whose answer was lost */
async function expectLedger(accepted: number): Promise<void> {
  const lines = await stack.json<LedgerLine[]>(['ledger'], ledgerAheadMs);
  const sum = (of: (line: LedgerLine) => number) =>
    lines.reduce((total, line) => total + of(line), 0);
  expect(lines.map(({ minute, remainder, inFlight }) => [minute, remainder, inFlight])).toEqual(
    lines.map(({ minute }) => [minute, 0, 0]),
  );
  expect(accepted).toBeGreaterThanOrEqual(deliveries);
  expect(sum((line) => line.accepted)).toBe(accepted);
  expect(sum((line) => line.written + line.duplicates)).toBe(accepted);
  expect(sum((line) => line.deadLetters + line.writtenInPart)).toBe(0);
  expect(sum(({ rejected }) => Object.values(rejected).reduce((one, two) => one + two, 0))).toBe(1);

  const status = await stack.json<StreamStatus[]>(['status', '--window', '1h'], ledgerAheadMs);
  expect(status).toMatchObject([
    { stream: 'orders', backlog: 0, oldestAgeS: 0, deadLetters: 0, outcomes: { accepted } },
  ]);
}
