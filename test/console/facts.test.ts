import { afterAll, beforeAll, expect, it } from 'vitest';
import type { ConsoleParts } from '../../console/context.ts';
import { needsOf } from '../../console/page/flow/verdict.ts';
import { readFacts } from '../../console/readers/facts.ts';
import { defineRelay } from '../../shared/config/define-relay.ts';
import { generic } from '../../shared/sources/generic.ts';
import { AlertStore } from '../../subscriber/alerts/state/alert-store.ts';
import { type BigQueryBed, PROJECT, startBigQueryBed } from '../beds/bigquery-bed.ts';

let bed: BigQueryBed;

beforeAll(async () => {
  bed = await startBigQueryBed();
}, 60_000);

afterAll(() => bed?.stop());

it('an alert that fires is among what needs somebody, unless the page shows the same anyway', async () => {
  const relay = defineRelay({
    project: PROJECT,
    streams: { stock: generic({ scheme: 'endpoint-key', table: 'shop.stock' }) },
    alerts: { receivers: [{ url: 'ALERTS_URL', format: 'generic' }] },
  });
  const parts = { relay, bigquery: bed.bigquery } as ConsoleParts;
  expect((await readFacts(parts, undefined)).alerts).toEqual([]);
  const store = new AlertStore(bed.bigquery, relay);
  await store.ensure();
  const now = Date.now();
  await store.fire(
    [
      { condition: 'silence', stream: 'stock', reason: 'none for 2 hours', count: 1 },
      { condition: 'unauthorized', reason: '40 in 10 minutes', count: 40 },
      { condition: 'dead-letters', stream: 'stock', reason: 'three', count: 3 },
      { condition: 'overflow', stream: 'stock', reason: 'is over', count: 1 },
    ],
    now,
  );
  await store.clear(['overflow/stock'], now, now + 1);

  const needs = needsOf(await readFacts(parts, undefined), undefined);
  expect(needs).toMatchObject([
    {
      text: 'Alert of stock: no deliveries',
      detail: 'none for 2 hours',
      to: '/streams/stock',
    },
    { text: 'Alert: requests are refused with 401', to: '/refused' },
  ]);
});
