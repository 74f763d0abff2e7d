import { expect, inject, test } from 'vitest';
import type { Fault } from '../../beds/pubsub-stand-in-script.ts';
import { logged, openEdge, purchase, shop, signed } from '../../beds/workerd/edge.ts';

/** Sends one event while Pub/Sub fails as scripted, at two endpoints; returns where each attempt went. */
async function deliver(faults: Fault[], publishBudgetMs = 3000) {
  const edge = openEdge({
    streams: { shop: { ...shop, publishBudgetMs } },
    env: { PUBSUB_FALLBACK_ENDPOINT: `${inject('pubsub')}/fallback` },
  });
  await edge.script(faults);
  let status = 0;
  const [line = ''] = await logged(async () => {
    status = (await edge.send('/shop', await signed(purchase))).status;
  });
  const tries = await edge.tries();
  return {
    status,
    places: tries.map(({ path }) => (path.startsWith('/fallback/') ? 'second' : 'first')),
    ids: new Set(tries.map((made) => made.request.messages[0]?.attributes['delivery_id'])),
    line: JSON.parse(line),
  };
}

test('while the first endpoint answers, the second is never used', async () => {
  expect(await deliver([])).toMatchObject({ status: 204, places: ['first'] });
});

test.each<Fault>([{ status: 500 }, { status: 503 }, { status: 429 }, 'hang', 'lose-ack'])(
  'after %j at the first endpoint, the second is tried with the same delivery id',
  async (fault) => {
    const got = await deliver([fault]);
    expect(got).toMatchObject({ status: 204, places: ['first', 'second'] });
    expect(got.ids.size).toBe(1);
  },
);

test('attempts alternate between the endpoints', async () => {
  const got = await deliver([{ status: 503 }, { status: 503 }, { status: 503 }]);
  expect(got).toMatchObject({ status: 204, places: ['first', 'second', 'first', 'second'] });
});

test('after a failover the second endpoint is tried first for half a minute', async () => {
  const clock = { now: Date.parse('2026-11-21T08:00:00Z') };
  const edge = openEdge({
    env: { PUBSUB_FALLBACK_ENDPOINT: `${inject('pubsub')}/fallback` },
    now: () => clock.now,
  });
  await edge.script([{ status: 503 }]);
  for (const pauseMs of [0, 29_000, 1000]) {
    clock.now += pauseMs;
    expect((await edge.send('/shop', await signed(purchase))).status).toBe(204);
  }
  const places = (await edge.tries()).map(({ path }) => path.startsWith('/fallback/'));
  expect(places).toEqual([false, true, true, false]);
});

test('an endpoint with wrong settings is not tried again; the other one is', async () => {
  const second = await deliver([{ status: 503 }, { status: 404 }, { status: 503 }]);
  expect(second).toMatchObject({ status: 204, places: ['first', 'second', 'first', 'first'] });
  const first = await deliver([{ status: 404 }, { status: 503 }]);
  expect(first).toMatchObject({ status: 204, places: ['first', 'second', 'second'] });
  const both = await deliver([{ status: 404 }, { status: 404 }]);
  expect(both).toMatchObject({ status: 503, places: ['first', 'second'] });
  expect(both.line.problem).toMatch(/^configuration: /);
});
