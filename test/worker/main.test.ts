import { exports } from 'cloudflare:workers';
import { expect, test } from 'vitest';
import { relay } from '../../tributary.config.ts';
import { purchase, signature } from '../beds/workerd/edge.ts';

// The Worker as it is deployed: its own entry point, its own config, bindings of vitest.config.ts.
test('accepts a signed event of the configured stream', async () => {
  const response = await exports.default.fetch('https://relay.example/datanostro', {
    method: 'POST',
    body: purchase,
    headers: { 'x-dn-signature': await signature(purchase, 'secret of the tests') },
  });
  expect(response.status).toBe(204);
  expect(response.headers.get('tributary-delivery-id')).toMatch(/^[0-9a-f-]{36}$/);
});

test('every configured stream answers', async () => {
  for (const { name, scheme } of relay.streams.values()) {
    const response = await exports.default.fetch(`https://relay.example/${name}`);
    expect([name, response.status]).toEqual([name, scheme === 'endpoint-key' ? 401 : 405]);
  }
});
