import { expect, it } from 'vitest';
import { defineRelay } from '../../../../shared/config/define-relay.ts';
import { genericSource } from '../../../../shared/sources/generic.ts';
import * as presets from '../../../../shared/sources/presets.ts';
import { createEncoder } from '../../../../subscriber/bigquery/encode/encode.ts';
import { genericDeliveries, genericStream } from '../../../fixtures/generic/deliveries.ts';
import { presetDeliveries } from '../../../fixtures/presets/deliveries.ts';

const now = Date.parse('2026-06-05T10:00:00Z');
const publicUrl = 'https://hooks.example.com';
const byName = { ...presets };

it.each(Object.keys(presets) as (keyof typeof presets)[])(
  'the rows of %s fit the table that is made for them',
  (name) => {
    const streams = { own: byName[name]({ table: 'in.events' }) };
    const stream = defineRelay({ project: 'my-project', publicUrl, streams }).streams.get('own');
    if (!stream) throw new Error('no stream');
    const { body: sent, headers = {} } = presetDeliveries[name];
    const body = new TextEncoder().encode(typeof sent === 'string' ? sent : JSON.stringify(sent));
    const lowered = Object.entries(headers).map(([header, value]) => [header.toLowerCase(), value]);
    const envelope = {
      stream: 'own',
      deliveryId: 'd1',
      receivedAt: now,
      headers: Object.fromEntries(lowered),
      body,
    };
    const encoder = createEncoder(genericSource.layout(stream), () => now);
    for (const mapping of genericSource.map(envelope, stream)) {
      if (!mapping.ok) throw new Error(mapping.reason);
      expect(encoder.encode(mapping.row)).toMatchObject({ ok: true });
    }
  },
);

it('the rows of declared columns do, whatever their types', () => {
  const encoder = createEncoder(genericSource.layout(genericStream), () => now);
  const rows = genericDeliveries
    .flatMap(({ mapping = [] }) => mapping)
    .flatMap((mapping) => (mapping.ok ? [mapping.row] : []))
    // The one time that is none.
    .filter((row) => row['event_time'] !== 'soon');
  expect(rows.length).toBeGreaterThan(4);
  for (const row of rows) expect(encoder.encode(row)).toMatchObject({ ok: true });
});
