import { expect, test } from 'vitest';
import { logged, openEdge, purchase, shop, signed } from '../../beds/workerd/edge.ts';

/** A stand-in for Analytics Engine, which stores nothing locally. */
function openDataset() {
  const points: AnalyticsEngineDataPoint[] = [];
  const dataset = { writeDataPoint: (point: AnalyticsEngineDataPoint) => void points.push(point) };
  return { points, env: { DELIVERIES: dataset } };
}

test('every delivery writes a data point with stream and outcome', async () => {
  const { points, env } = openDataset();
  const edge = openEdge({ env });
  await edge.send('/shop', await signed(purchase));
  await edge.send('/shop', await signed('{"event_name":"page_view"}'));
  await edge.send('/crm/wrong', { body: 'a=1' });
  expect(points).toEqual([
    {
      indexes: ['shop'],
      blobs: ['accepted', '', 'SHOP_SECRET', '', ''],
      doubles: [purchase.length, 1, expect.any(Number)],
    },
    {
      indexes: ['shop'],
      blobs: ['filtered', 'event-filter', 'SHOP_SECRET', '', ''],
      doubles: [26, 0, 0],
    },
    // Without the key, its body is not read.
    { indexes: ['crm'], blobs: ['unauthorized', 'mismatch', '', '', ''], doubles: [0, 0, 0] },
  ]);
});

test('the data point names the secret that matched, so that an unused one can be retired', async () => {
  const { points, env } = openDataset();
  const streams = { shop: { ...shop, secrets: ['NEW_SECRET', 'SHOP_SECRET'] } };
  const edge = openEdge({ streams, env: { ...env, NEW_SECRET: 'the new one' } });
  await edge.send('/shop', await signed(purchase));
  expect(points[0]?.blobs?.[2]).toBe('SHOP_SECRET');
});

test('an error of the dataset does not fail the delivery', async () => {
  const broken = {
    writeDataPoint() {
      throw new TypeError('no');
    },
  };
  const edge = openEdge({ env: { DELIVERIES: broken } });
  await logged(async () => {
    expect((await edge.send('/shop', await signed(purchase))).status).toBe(204);
  });
});

test('a request that matches no stream is counted and logged without its path', async () => {
  const { points, env } = openDataset();
  const edge = openEdge({ env });
  const lines = await logged(async () => {
    await edge.send('/mistyped/a-key', { body: 'a=1' });
    await edge.send('/shop', { method: 'PUT', body: 'a=1' });
  });
  expect(lines.map((line) => JSON.parse(line))).toEqual([
    { outcome: 'unknown-stream' },
    { stream: 'shop', outcome: 'wrong-method' },
  ]);
  expect(points.map(({ indexes, blobs }) => [indexes?.[0], blobs?.[0]])).toEqual([
    ['', 'unknown-stream'],
    ['shop', 'wrong-method'],
  ]);
});
