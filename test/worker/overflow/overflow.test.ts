import { createExecutionContext, createMessageBatch, getQueueResult } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { expect, test, vi } from 'vitest';
import type { Fault } from '../../beds/pubsub-stand-in-script.ts';
import { inNoTime, logged, openEdge, purchase, shop, signed } from '../../beds/workerd/edge.ts';

// The bindings of vitest.config.ts: workerd's own queue and bucket.
const bound = env as unknown as { OVERFLOW: Queue<Uint8Array>; OVERFLOW_OBJECTS: R2Bucket };
const objects = bound.OVERFLOW_OBJECTS;

/** The real queue with its real limits; records what it was sent. */
function recordingQueue() {
  const sent: Uint8Array[] = [];
  const queue = {
    async send(body: Uint8Array, options: QueueSendOptions) {
      // Sending detaches the buffer.
      sent.push(body.slice());
      return bound.OVERFLOW.send(body, options);
    },
  };
  return { queue, sent };
}

/** On a busy machine even a refusal may arrive too late. */
const failed = expect.stringMatching(/^pubsub-(503|timeout)$/);

const down: Fault[] = Array(40).fill({ status: 503 });
const large = shopOf(7 * 1024 * 1024);

function shopOf(maxBodyBytes: number) {
  return { ...shop, publishBudgetMs: 100, maxBodyBytes };
}

function eventOf(bytes: number): string {
  const frame = '{"event_name":"purchase","x":""}';
  return frame.replace('""', `"${'x'.repeat(bytes - frame.length)}"`);
}

/** An edge whose Pub/Sub is down, and one event that its overflow keeps. */
async function keepOne(body = purchase, bindings: object = {}) {
  const { queue, sent } = recordingQueue();
  const overflow = { OVERFLOW: queue, OVERFLOW_OBJECTS: objects };
  const clock = { now: Date.now() };
  const edge = openEdge({
    streams: { shop: large },
    env: { ...overflow, ...bindings },
    now: () => clock.now,
  });
  await edge.script(down);
  let response = new Response();
  const [line = '{}'] = await logged(async () => {
    response = await edge.send('/shop', await signed(body));
  });
  const id = response.headers.get('tributary-delivery-id') ?? '';
  const triesBefore = (await edge.tries()).length;
  return {
    edge,
    sent,
    clock,
    id,
    status: response.status,
    line: JSON.parse(line),
    /** Delivers the queue's messages to the consumer; returns what it acked, retried and logged. */
    async drain(bodies: unknown[] = sent, attempts = 1) {
      const messages = bodies.map((one, at) => ({
        id: String(at),
        timestamp: new Date(),
        attempts,
        body: one,
      }));
      const batch = createMessageBatch('tributary-overflow', messages);
      const context = createExecutionContext();
      const lines = await logged(() => edge.drain(batch));
      const { explicitAcks, retryMessages } = await getQueueResult(batch, context);
      return {
        acked: explicitAcks,
        again: retryMessages,
        lines: lines.map((one) => JSON.parse(one)),
      };
    },
    async published() {
      return (await edge.tries()).slice(triesBefore).filter((made) => made.stored);
    },
  };
}

async function keys(prefix: string): Promise<string[]> {
  const { objects: found } = await objects.list({ prefix });
  return found.map(({ key }) => key);
}

test('a delivery that the queue keeps is accepted, then drained with the same id and attributes', async () => {
  const kept = await keepOne();
  expect(kept.status).toBe(204);
  expect(kept.line).toMatchObject({
    outcome: 'accepted',
    delivery_id: kept.id,
    overflow: 'queue',
    cause: failed,
  });
  const [refused] = await kept.edge.tries();
  await kept.edge.script([]);
  const drained = await kept.drain();
  expect(drained).toMatchObject({ acked: ['0'], again: [] });
  expect(drained.lines).toMatchObject([
    { stream: 'shop', delivery_id: kept.id, outcome: 'drained', tries: 1, attempts: 1 },
  ]);
  expect((await kept.published()).map((made) => made.request)).toEqual([refused?.request]);
});

test('while Pub/Sub is down a message is held with growing delays of at most an hour', async () => {
  const kept = await keepOne();
  const delays: number[] = [];
  for (const attempts of [1, 2, 5, 20, 100]) {
    await kept.edge.script([{ status: 403 }]);
    const { acked, again, lines } = await kept.drain(kept.sent, attempts);
    expect([acked, lines[0].outcome, lines[0].attempts]).toEqual([[], 'held', attempts]);
    expect(again).toHaveLength(1);
    delays.push(lines[0].again_in_s);
  }
  // From 10 s the delay doubles up to an hour, less up to a fifth. A hundred delays are more than three days.
  for (const [at, bound] of [10, 20, 160, 3600, 3600].entries()) {
    expect(delays[at]).toBeGreaterThanOrEqual(bound * 0.8);
    expect(delays[at]).toBeLessThanOrEqual(bound);
  }
  expect(await keys(`parked/shop/${kept.id}`)).toEqual([]);
});

test('each message of a batch is acked or retried by itself', async () => {
  const [one, other] = [await keepOne(), await keepOne('{"event_name":"purchase","n":2}')];
  await one.edge.script([{ status: 400 }]);
  const drained = await one.drain([one.sent[0], other.sent[0]]);
  expect([drained.acked.length, drained.again.length]).toEqual([1, 1]);
});

test.each([
  ['the largest that the queue takes', 127_900, 'queue'],
  ['one byte more', 127_901, 'object'],
  ['a megabyte', 1_000_000, 'object'],
])('%s', async (_, frameBytes, place) => {
  // The frame is the body and a head of fixed length.
  const probe = await keepOne();
  const head = (probe.sent[0]?.byteLength ?? 0) - purchase.length;
  const body = eventOf(frameBytes - head);
  const kept = await keepOne(body);
  expect([kept.status, kept.line.overflow]).toEqual([204, place]);
  expect(kept.sent[0]?.byteLength === frameBytes).toBe(place === 'queue');
  const key = `overflow/shop/${kept.id}`;
  expect(await keys(key)).toEqual(place === 'object' ? [key] : []);

  await kept.edge.script([{ status: 403 }]);
  expect((await kept.drain()).again).toHaveLength(1);
  expect(await keys(key)).toEqual(place === 'object' ? [key] : []);

  await kept.edge.script([]);
  expect((await kept.drain()).acked).toEqual(['0']);
  const [made] = await kept.published();
  expect(atob(made?.request.messages[0]?.data ?? '') === body).toBe(true);
  expect(made?.request.messages[0]?.attributes['delivery_id']).toBe(kept.id);
  expect(await keys(key)).toEqual([]);

  // A queue delivers at least once.
  const second = await kept.drain();
  if (place === 'object') expect(second.lines).toMatchObject([{ outcome: 'gone' }]);
  expect(second.acked).toEqual(['0']);
});

test('a message that is held for three days is parked in the bucket, and a claim replays it', async () => {
  for (const body of [purchase, eventOf(200_000)]) {
    const kept = await keepOne(body);
    kept.clock.now += 3 * 24 * 3600 * 1000 + 1;
    await kept.edge.script([{ status: 403 }, { status: 403 }]);
    const parked = await kept.drain();
    expect(parked.acked).toEqual(['0']);
    expect(parked.lines).toMatchObject([{ outcome: 'parked', delivery_id: kept.id }]);
    const key = `parked/shop/${kept.id}`;
    expect(await keys(`overflow/shop/${kept.id}`)).toEqual([]);
    expect(await keys(key)).toEqual([key]);

    // If it is replayed too early, it stays parked.
    expect((await kept.drain([{ object: key }])).lines).toMatchObject([{ outcome: 'parked' }]);
    expect(await keys(key)).toEqual([key]);
    expect((await kept.drain([{ object: key }])).lines).toMatchObject([{ outcome: 'drained' }]);
    expect(await keys(key)).toEqual([]);
    expect(await kept.published()).toHaveLength(1);
  }
});

test.each([
  ['text', 'nonsense'],
  ['JSON of another kind', { hello: 1 }],
  ['bytes', Uint8Array.of(1, 2, 3)],
  ['attributes that are not strings', new TextEncoder().encode('{"attributes":{"a":1}}\n')],
  ['attributes without a delivery id', new TextEncoder().encode('{"attributes":{"a":"1"}}\n')],
  ['what JSON cannot represent', { n: 1n }],
])('an unreadable message (%s) is parked for a person to look at', async (_, body) => {
  const kept = await keepOne();
  for (const key of await keys('parked/unreadable/')) await objects.delete(key);
  const { acked, lines } = await kept.drain([body]);
  expect([acked, lines[0].outcome, lines[0].cause]).toEqual([
    ['0'],
    'parked',
    'overflow-unreadable',
  ]);
  expect(await keys('parked/unreadable/')).toEqual(['parked/unreadable/0']);
});

test('a bucket that never answers does not block the next message', async () => {
  const [one, other] = [await keepOne(eventOf(200_000)), await keepOne(eventOf(200_001))];
  await one.edge.script([]);
  const hanging = {
    get: (key: string) => (key.includes(one.id) ? new Promise(() => {}) : objects.get(key)),
    put: objects.put.bind(objects),
    delete: objects.delete.bind(objects),
  };
  const kept = await keepOne(purchase, { OVERFLOW_OBJECTS: hanging });
  await kept.edge.script([]);
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  try {
    const draining = kept.drain([one.sent[0], other.sent[0]]);
    await vi.waitFor(() => vi.getTimerCount() > 0 || Promise.reject(new Error('not yet')));
    await vi.advanceTimersByTimeAsync(30_000);
    vi.useRealTimers();
    expect((await draining).lines).toMatchObject([
      { outcome: 'held', cause: 'overflow.timeout' },
      { outcome: 'drained', delivery_id: other.id },
    ]);
  } finally {
    vi.useRealTimers();
  }
});

test('without a bucket nothing is parked, and a delivery that is too large is a 503', async () => {
  const small = await keepOne(purchase, { OVERFLOW_OBJECTS: undefined });
  expect(small.status).toBe(204);
  small.clock.now += 30 * 24 * 3600 * 1000;
  await small.edge.script([{ status: 403 }]);
  expect((await small.drain()).lines).toMatchObject([{ outcome: 'held', cause: 'pubsub-403' }]);
  expect((await small.drain([{ object: 'overflow/shop/x' }])).lines).toMatchObject([
    { outcome: 'held', cause: 'overflow.unbound' },
  ]);

  const tooLarge = await keepOne(eventOf(200_000), { OVERFLOW_OBJECTS: undefined });
  expect(tooLarge.status).toBe(503);
  expect(tooLarge.line).toMatchObject({ outcome: 'not-stored', overflow: 'overflow-too-large' });
});

test.each([
  [
    'refuses',
    { OVERFLOW: { send: () => Promise.reject(new Error('no')) } },
    'overflow: unexpected Error',
  ],
  ['throws', { OVERFLOW: {} }, 'overflow: unexpected TypeError'],
  ['never answers', { OVERFLOW: { send: () => new Promise(() => {}) } }, 'overflow-timeout'],
])('a queue that %s: 503', async (_, bindings, overflow) => {
  const kept = await inNoTime(() => keepOne(purchase, bindings), 3000);
  expect(kept.status).toBe(503);
  expect(kept.line).toMatchObject({ outcome: 'not-stored', cause: failed, overflow });
});

test('overflow keeps deliveries even if the service account cannot sign', async () => {
  const kept = await keepOne(purchase, { GOOGLE_SERVICE_ACCOUNT: '{}' });
  expect(kept.status).toBe(204);
  expect(kept.line).toMatchObject({ cause: 'service-account.invalid', overflow: 'queue' });
  expect(kept.line.problem).toContain('GOOGLE_SERVICE_ACCOUNT');
  expect((await kept.drain()).lines).toMatchObject([
    { outcome: 'held', cause: 'service-account.invalid' },
  ]);
});

test('a sender that disconnects cancels neither publishing nor overflow', async () => {
  const { queue, sent } = recordingQueue();
  const edge = openEdge({ streams: { shop: large }, env: { OVERFLOW: queue } });
  await edge.script(down);
  await edge.sendAndHangUp('/shop', await signed(purchase));
  expect(sent).toHaveLength(1);
});
