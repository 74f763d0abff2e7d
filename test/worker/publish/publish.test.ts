import { decodeJwt } from 'jose';
import { expect, test } from 'vitest';
import type { Fault } from '../../beds/pubsub-stand-in-script.ts';
import { logged, openEdge, purchase, shop, signed } from '../../beds/workerd/edge.ts';

/** Sends one event while Pub/Sub fails as scripted. */
async function deliver(faults: Fault[], publishBudgetMs = 3000) {
  const edge = openEdge({ streams: { shop: { ...shop, publishBudgetMs } } });
  await edge.script(faults);
  let status = 0;
  const [line = ''] = await logged(async () => {
    status = (await edge.send('/shop', await signed(purchase))).status;
  });
  const tries = await edge.tries();
  const ids = tries.map((made) => made.request.messages[0]?.attributes['delivery_id']);
  return { edge, status, tries, ids, line: JSON.parse(line) };
}

/** For each attempt: did the edge abort it? The test's Pub/Sub sees that shortly after the answer. */
async function abandonedAt(edge: ReturnType<typeof openEdge>): Promise<boolean[]> {
  return (await edge.tries()).map((made) => made.abandoned);
}

test.each([408, 409, 429, 499, 500, 502, 503, 504])(
  'after %i from Pub/Sub the edge retries with the same delivery id',
  async (status) => {
    const got = await deliver([{ status }]);
    expect(got.status).toBe(204);
    expect(got.ids).toHaveLength(2);
    expect(new Set(got.ids).size).toBe(1);
    expect(got.line).toMatchObject({ outcome: 'accepted', tries: 2 });
  },
);

test.each([
  [403, 'may not publish'],
  [404, 'does not exist'],
  [301, 'redirects'],
  [307, 'redirects'],
])('%i from Pub/Sub needs a person: 503 at once, and the log says so', async (status, says) => {
  const got = await deliver([{ status }]);
  expect(got.status).toBe(503);
  expect(got.tries).toHaveLength(1);
  expect(got.line).toMatchObject({ outcome: 'not-stored', cause: `pubsub-${status}`, tries: 1 });
  expect(got.line.problem).toMatch(/^configuration: /);
  expect(got.line.problem).toContain(says);
});

test('a redirect is not followed, so the token reaches no other host', async () => {
  const got = await deliver([{ status: 302 }]);
  expect(got.tries.map((made) => made.path)).toEqual([
    `/v1/projects/your-project/topics/${got.edge.topic}:publish`,
  ]);
});

test('400 from Pub/Sub is not retried, and never becomes a 4xx', async () => {
  const got = await deliver([{ status: 400 }]);
  expect([got.status, got.tries.length]).toEqual([503, 1]);
});

test('401: the edge drops the token and signs a new one', async () => {
  let now = Date.parse('2026-11-21T08:00:00Z');
  const edge = openEdge({ now: () => (now += 1000) });
  await edge.script([{ status: 401 }]);
  expect((await edge.send('/shop', await signed(purchase))).status).toBe(204);
  const [first, second] = await edge.tries();
  expect(second?.authorization).not.toBe(first?.authorization);
  expect(decodeJwt(bearer(second?.authorization)).iat).toBeGreaterThan(
    decodeJwt(bearer(first?.authorization)).iat ?? 0,
  );
});

test('401 twice needs a person', async () => {
  const got = await deliver([{ status: 401 }, { status: 401 }]);
  expect([got.status, got.tries.length]).toEqual([503, 2]);
  expect(got.line).toMatchObject({ cause: 'pubsub-401', tries: 2 });
  expect(got.line.problem).toContain('GOOGLE_SERVICE_ACCOUNT');
});

test('a lost ack gives two messages with one delivery id', async () => {
  const got = await deliver(['lose-ack']);
  expect(got.status).toBe(204);
  expect(got.tries.map((made) => made.stored)).toEqual([true, true]);
  expect(got.tries[1]?.request).toEqual(got.tries[0]?.request);
  expect(new Set(got.ids).size).toBe(1);
});

test.each<Fault>(['hang', 'hang-in-body'])(
  '%s once: there is time for another attempt',
  async (fault) => {
    const got = await deliver([fault]);
    expect([got.status, got.tries.length]).toEqual([204, 2]);
    await expect.poll(() => abandonedAt(got.edge)).toEqual([true, false]);
  },
);

test.each<Fault>(['hang', 'hang-in-body'])(
  '%s every time: 503 within the budget, and no connection stays open',
  async (fault) => {
    const got = await deliver(Array(9).fill(fault), 400);
    expect(got.status).toBe(503);
    expect(got.line).toMatchObject({ outcome: 'not-stored', cause: 'pubsub-timeout' });
    expect(got.tries.length).toBeGreaterThan(0);
    expect(got.tries.map((made) => made.stored)).not.toContain(true);
    await expect.poll(() => abandonedAt(got.edge)).not.toContain(false);
  },
);

test('if nothing listens at the endpoint: 503', async () => {
  const edge = openEdge({
    streams: { shop: { ...shop, publishBudgetMs: 100 } },
    env: { PUBSUB_ENDPOINT: 'http://127.0.0.1:1' },
  });
  const lines = await logged(async () => {
    expect((await edge.send('/shop', await signed(purchase))).status).toBe(503);
  });
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({ cause: 'pubsub-unreachable' });
});

test.each([
  '',
  '{}',
  '{"messageIds":[]}',
  '{"messageIds":["1","2"]}',
  '{"messageIds":"1"}',
  'null',
])('a 200 with the body %j acknowledges nothing', async (body) => {
  const got = await deliver(Array(40).fill({ body }), 800);
  expect(got.status).toBe(503);
  expect(got.line).toMatchObject({ cause: 'pubsub-no-message-id' });
});

test('without an endpoint: 503, and the log names what is missing', async () => {
  const edge = openEdge({ env: { PUBSUB_ENDPOINT: '' } });
  const [line = ''] = await logged(async () => {
    expect((await edge.send('/shop', await signed(purchase))).status).toBe(503);
  });
  expect(JSON.parse(line)).toMatchObject({ cause: 'pubsub-unset', tries: 0 });
  expect(JSON.parse(line).problem).toContain('PUBSUB_ENDPOINT');
});

test('the edge waits for a slow acknowledgement within the budget', async () => {
  const got = await deliver([{ afterMs: 150 }]);
  expect([got.status, got.tries.length]).toEqual([204, 1]);
});

test('a sender that disconnects cancels nothing', async () => {
  const edge = openEdge();
  await edge.script([{ status: 503 }, { afterMs: 50 }]);
  const lines = await logged(async () => {
    await edge.sendAndHangUp('/shop', await signed(purchase));
  });
  const tries = await edge.tries();
  expect(tries.map((made) => made.stored)).toEqual([false, true]);
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({ outcome: 'accepted', tries: 2 });
});

test('a small body of a declared length is held from the moment when it is to be stored', async () => {
  const edge = openEdge();
  await edge.script([{ afterMs: 50 }]);
  const { headers, ...init } = await signed(purchase);
  const declared = { ...(headers as object), 'content-length': String(purchase.length) };
  await edge.sendAndHangUp('/shop', { ...init, headers: declared });
  expect((await edge.tries()).map((made) => made.stored)).toEqual([true]);
});

test('a body of 7 MiB is published whole', async () => {
  // This tests the size, so the time on a busy machine must not matter.
  const large = { ...shop, maxBodyBytes: 7 * 1024 * 1024, publishBudgetMs: 25_000 };
  const edge = openEdge({ streams: { shop: large } });
  const frame = '{"event_name":"purchase","x":""}';
  const body = frame.replace('""', `"${'é'.repeat((7 * 1024 * 1024 - frame.length) / 2)}"`);
  const bytes = new TextEncoder().encode(body);
  expect(bytes.byteLength).toBe(7 * 1024 * 1024);
  expect((await edge.send('/shop', await signed(bytes))).status).toBe(204);
  const [made] = await edge.tries();
  expect(made?.request.messages[0]?.data === bytes.toBase64()).toBe(true);
});

function bearer(authorization = ''): string {
  return authorization.replace(/^Bearer /, '');
}
