import { createExecutionContext, createMessageBatch, getQueueResult } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { expect, onTestFinished, test, vi } from 'vitest';
import type { Fault } from '../../beds/pubsub-stand-in-script.ts';
import { inNoTime, logged, openEdge, purchase, shop, signed } from '../../beds/workerd/edge.ts';

// The order in which overflow stores, and the outcome if one of its steps fails or hangs: a 2xx or an ack must
// mean that the delivery is stored.

const objects = (env as unknown as { OVERFLOW_OBJECTS: R2Bucket }).OVERFLOW_OBJECTS;
const large = JSON.stringify({ event_name: 'purchase', x: 'x'.repeat(200_000) });
const down: Fault[] = Array(40).fill({ status: 403 });

/** How a step of overflow ends, if it ends. */
type Step = () => Promise<void>;
const fails: Step = () => Promise.reject(new Error('no'));
const hangs: Step = () => new Promise(() => {});
const works: Step = async () => {};

interface Steps {
  put?: Step;
  send?: Step;
  get?: Step;
  delete?: Step;
}

/** Overflow whose steps are recorded as they begin and as they end; the bucket is workerd's own. */
function recordingOverflow(steps: Steps = {}) {
  const log: string[] = [];
  const sent: Uint8Array[] = [];
  const step = async <Value>(name: keyof Steps, key: string, act: () => Promise<Value>) => {
    log.push(`${name} ${key}`);
    await (steps[name] ?? works)();
    const value = await act();
    log.push(`${name} done`);
    return value;
  };
  const place = (key: string) => key.split('/')[0] ?? '';
  return {
    log,
    sent,
    steps,
    env: {
      OVERFLOW: {
        send: (body: Uint8Array) =>
          step('send', 'claim', async () => void sent.push(new Uint8Array(body))),
      },
      OVERFLOW_OBJECTS: {
        put: (key: string, bytes: Uint8Array, options: R2PutOptions) =>
          step('put', place(key), () => objects.put(key, bytes, options)),
        get: (key: string) => step('get', place(key), () => objects.get(key)),
        delete: (key: string) => step('delete', place(key), () => objects.delete(key)),
      },
    },
  };
}

function openShop(overflow: ReturnType<typeof recordingOverflow>, now = () => Date.now()) {
  const streams = { shop: { ...shop, publishBudgetMs: 100, maxBodyBytes: 1024 * 1024 } };
  return openEdge({ streams, env: overflow.env, now });
}

/** Sends a large delivery, which overflow keeps because Pub/Sub is down. */
async function keepLarge(overflow: ReturnType<typeof recordingOverflow>, now?: () => number) {
  const edge = openShop(overflow, now);
  await edge.script(down);
  const response = await edge.send('/shop', await signed(large));
  const id = response.headers.get('tributary-delivery-id') ?? '';
  return { edge, id, status: response.status, key: `overflow/shop/${id}` };
}

async function drain(edge: ReturnType<typeof openEdge>, bodies: unknown[]) {
  const messages = bodies.map((body, at) => ({
    id: `durable-${at}`,
    timestamp: new Date(),
    attempts: 1,
    body,
  }));
  const batch = createMessageBatch('tributary-overflow', messages);
  const context = createExecutionContext();
  const lines = await logged(() => edge.drain(batch));
  const { explicitAcks, retryMessages } = await getQueueResult(batch, context);
  return {
    acked: explicitAcks.length,
    again: retryMessages.length,
    lines: lines.map((line) => JSON.parse(line)),
  };
}

async function isThere(key: string): Promise<boolean> {
  return (await objects.head(key)) !== null;
}

test('the object is stored before its claim is sent, and both before the answer', async () => {
  const overflow = recordingOverflow();
  const kept = await keepLarge(overflow);
  expect(kept.status).toBe(204);
  expect(overflow.log).toEqual(['put overflow', 'put done', 'send claim', 'send done']);
  expect(await isThere(kept.key)).toBe(true);
});

test('the answer waits for each of them', async () => {
  // No budget may run out during the test, however slow the machine is.
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  onTestFinished(() => void vi.useRealTimers());
  for (const name of ['put', 'send'] as const) {
    let finish = () => {};
    const pending = new Promise<void>((resolve) => {
      finish = resolve;
    });
    const overflow = recordingOverflow({ [name]: () => pending });
    let status = 0;
    const keeping = keepLarge(overflow).then((kept) => {
      status = kept.status;
    });
    await expect.poll(() => overflow.log.at(-1)?.split(' ')[0]).toBe(name);
    // An edge that does not wait would have answered by now.
    for (let turn = 0; turn < 20; turn++) await scheduler.wait(1);
    expect([name, status]).toEqual([name, 0]);
    finish();
    await keeping;
    expect([name, status]).toEqual([name, 204]);
  }
});

test('if the object is not stored, no claim is sent: 503', async () => {
  const overflow = recordingOverflow({ put: fails });
  expect((await keepLarge(overflow)).status).toBe(503);
  expect(overflow.sent).toEqual([]);
});

test('if the queue refuses the claim or a small delivery: 503', async () => {
  for (const body of [large, purchase]) {
    const overflow = recordingOverflow({ send: fails });
    const edge = openShop(overflow);
    await edge.script(down);
    const response = await edge.send('/shop', await signed(body));
    expect([body.length, response.status]).toEqual([body.length, 503]);
  }
});

test.each(['put', 'send'] as const)('a %s that never ends: 503', async (name) => {
  const overflow = recordingOverflow({ [name]: hangs });
  const kept = await inNoTime(() => keepLarge(overflow), 3000);
  expect(kept.status).toBe(503);
  expect(overflow.sent).toEqual([]);
});

test('an object is deleted only after it was published', async () => {
  const overflow = recordingOverflow();
  const { edge, key } = await keepLarge(overflow);
  overflow.log.length = 0;
  expect(await drain(edge, overflow.sent)).toMatchObject({ acked: 0, again: 1 });
  expect(overflow.log).toEqual(['get overflow', 'get done']);
  expect(await isThere(key)).toBe(true);
  await edge.script([]);
  expect(await drain(edge, overflow.sent)).toMatchObject({ acked: 1, again: 0 });
  expect(overflow.log.slice(2)).toEqual([
    'get overflow',
    'get done',
    'delete overflow',
    'delete done',
  ]);
});

test.each(['get', 'delete'] as const)(
  'while %s of the bucket fails, the claim is held and not acked',
  async (name) => {
    for (const failing of [fails, hangs]) {
      const overflow = recordingOverflow();
      const { edge } = await keepLarge(overflow);
      await edge.script([]);
      overflow.steps[name] = failing;
      const isHanging = () => overflow.log.at(-1)?.startsWith(name) ?? false;
      const drained = await inNoTime(() => drain(edge, overflow.sent), 30_000, isHanging);
      expect(drained).toMatchObject({ acked: 0, again: 1, lines: [{ outcome: 'held' }] });
    }
  },
);

const threeDaysMs = 3 * 24 * 3600 * 1000;

test('the object is deleted only after its parked copy is stored', async () => {
  const clock = { now: Date.now() };
  const overflow = recordingOverflow();
  const { edge, id, key } = await keepLarge(overflow, () => clock.now);
  clock.now += threeDaysMs + 1;
  const parked = `parked/shop/${id}`;
  for (const failing of [fails, hangs]) {
    overflow.log.length = 0;
    overflow.steps.put = failing;
    const isHanging = () => overflow.log.at(-1) === 'put parked';
    const held = await inNoTime(() => drain(edge, overflow.sent), 30_000, isHanging);
    expect(held).toMatchObject({ acked: 0, again: 1, lines: [{ outcome: 'held' }] });
    expect(overflow.log).toEqual(['get overflow', 'get done', 'put parked']);
    expect([await isThere(key), await isThere(parked)]).toEqual([true, false]);
  }
  overflow.log.length = 0;
  overflow.steps.put = works;
  expect(await drain(edge, overflow.sent)).toMatchObject({
    acked: 1,
    again: 0,
    lines: [{ outcome: 'parked' }],
  });
  expect(overflow.log).toEqual([
    'get overflow',
    'get done',
    'put parked',
    'put done',
    'delete overflow',
    'delete done',
  ]);
  expect([await isThere(key), await isThere(parked)]).toEqual([false, true]);
});

test('a small message that is parked is acked once its copy is stored', async () => {
  const clock = { now: Date.now() };
  const overflow = recordingOverflow();
  const edge = openShop(overflow, () => clock.now);
  await edge.script(down);
  await edge.send('/shop', await signed(purchase));
  clock.now += threeDaysMs + 1;
  overflow.steps.put = fails;
  expect(await drain(edge, overflow.sent)).toMatchObject({ acked: 0, again: 1 });
  overflow.steps.put = works;
  expect(await drain(edge, overflow.sent)).toMatchObject({ acked: 1, again: 0 });
});

test.each([
  ['a moment', 1],
  ['ten minutes', 10 * 60_000],
  ['a day', 24 * 3600_000],
  ['a second less than three days', threeDaysMs - 1000],
  ['a negative time, because clocks differ', -60_000],
])('a message that is held for %s is not parked', async (_, ageMs) => {
  const clock = { now: Date.now() };
  const overflow = recordingOverflow();
  const { edge, key } = await keepLarge(overflow, () => clock.now);
  await edge.send('/shop', await signed(purchase));
  clock.now += ageMs;
  const drained = await drain(edge, overflow.sent);
  expect(drained).toMatchObject({ acked: 0, again: 2 });
  expect(drained.lines).toMatchObject([{ outcome: 'held' }, { outcome: 'held' }]);
  expect(await isThere(key)).toBe(true);
});

test('a message of unknown age is held', async () => {
  const overflow = recordingOverflow();
  const edge = openShop(overflow);
  await edge.script(down);
  const attributes = { stream: 'shop', delivery_id: 'd', received_at: 'never' };
  const body = new TextEncoder().encode(`${JSON.stringify({ attributes })}\n{}`);
  expect(await drain(edge, [body])).toMatchObject({ acked: 0, again: 1 });
});

test('the claim of an unreadable object is held, and the object stays', async () => {
  const overflow = recordingOverflow();
  const edge = openShop(overflow);
  for (const [at, bytes] of ['', 'nonsense', '{"object":"overflow/shop/other"}\n'].entries()) {
    const key = `overflow/shop/unreadable-${at}`;
    await objects.put(key, bytes);
    const drained = await drain(edge, [{ object: key }]);
    expect(drained).toMatchObject({ acked: 0, again: 1 });
    expect(drained.lines).toMatchObject([{ outcome: 'held', cause: 'overflow.unreadable' }]);
    expect(await isThere(key)).toBe(true);
  }
});

test.each([
  ['the bucket fails', recordingOverflow({ put: fails }).env],
  ['there is no bucket', { ...recordingOverflow().env, OVERFLOW_OBJECTS: undefined }],
])('an unreadable message is held while %s', async (_, bindings) => {
  const edge = openEdge({ env: bindings });
  const drained = await drain(edge, ['nonsense', new Uint8Array([1, 2])]);
  expect(drained).toMatchObject({ acked: 0, again: 2 });
  expect(drained.lines).toMatchObject([{ outcome: 'held' }, { outcome: 'held' }]);
});
