import { expect, test } from 'vitest';
import {
  logged,
  openEdge,
  purchase,
  secrets,
  shop,
  signature,
  signed,
} from '../../beds/workerd/edge.ts';

test('with log: all, each delivery leaves one line with its outcome', async () => {
  const edge = openEdge();
  let id: string | null = null;
  const lines = await logged(async () => {
    id = (await edge.send('/shop', await signed(purchase))).headers.get('tributary-delivery-id');
  });
  expect(lines.map((line) => JSON.parse(line))).toEqual([
    {
      stream: 'shop',
      delivery_id: id,
      outcome: 'accepted',
      secret: 'SHOP_SECRET',
      bytes: purchase.length,
      tries: 1,
      publish_ms: expect.any(Number),
    },
  ]);
});

test('by default only what was refused, not stored or unexpected leaves a line', async () => {
  const queued = { send: async () => {} };
  const edge = openEdge({ log: 'problems', env: { OVERFLOW: queued } });
  const filtered = await signed('{"event_name":"page_view"}');
  const lines = await logged(async () => {
    await edge.send('/shop', await signed(purchase));
    await edge.send('/shop', filtered);
    await edge.send('/crm/crm-key', { method: 'HEAD' });
    await edge.send('/shop', { body: purchase });
    await edge.script([{ status: 503 }]);
    await edge.send('/shop', await signed(purchase));
    await edge.script([{ status: 404 }]);
    await edge.send('/shop', await signed(purchase));
    await edge.send('/mistyped');
  });
  const expected = [
    { outcome: 'unauthorized', cause: 'missing' },
    { outcome: 'accepted', tries: 2 },
    { outcome: 'accepted', overflow: 'queue', cause: 'pubsub-404' },
    { outcome: 'unknown-stream' },
  ];
  expect(lines.map((line) => JSON.parse(line))).toMatchObject(expected);
});

test.each([
  ['all', 1],
  ['problems', 0],
  ['nonsense', 0],
])('the binding EDGE_LOG = %j overrides the config', async (EDGE_LOG, expected) => {
  const edge = openEdge({ log: 'problems', env: { EDGE_LOG } });
  const lines = await logged(async () => edge.send('/shop', await signed(purchase)));
  expect(lines).toHaveLength(expected);
});

test.each([
  ['7f2c0a1b2c3d4e5f-PRG', { colo: 'PRG' }],
  ['of the sender, not of Cloudflare', {}],
])('the line names the data centre of the request %j', async (ray, expected) => {
  const edge = openEdge();
  const { headers, ...init } = await signed(purchase);
  const lines = await logged(async () => {
    await edge.send('/shop', { ...init, headers: { ...(headers as object), 'cf-ray': ray } });
  });
  const { colo } = JSON.parse(lines[0] ?? '') as { colo?: string };
  expect({ ...(colo && { colo }) }).toEqual(expected);
});

test.each([
  ['missing', {}, 'missing'],
  ['malformed', { 'x-dn-signature': 'zz' }, 'malformed'],
  ['wrong', { 'x-dn-signature': '00'.repeat(32) }, 'mismatch'],
])('the log holds the cause of a 401: %s', async (_, headers, cause) => {
  const edge = openEdge();
  const lines = await logged(() =>
    edge.send('/shop', { body: purchase, headers: headers as Record<string, string> }),
  );
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({ outcome: 'unauthorized', cause });
});

test('a filtered and a malformed delivery leave their cause', async () => {
  const edge = openEdge();
  const lines = await logged(async () => {
    await edge.send('/shop', await signed('{"event_name":"page_view"}'));
    await edge.send('/exports/exports-key', { body: '{"event_name":"other"}' });
    await edge.send('/shop', await signed('nonsense'));
  });
  expect(lines.map((line) => JSON.parse(line))).toMatchObject([
    { outcome: 'filtered', cause: 'event-filter' },
    { outcome: 'filtered', cause: 'ignored' },
    { outcome: 'malformed', cause: 'the body is not JSON' },
  ]);
});

test('no secret, signature, token or payload is ever in the log', async () => {
  const edge = openEdge();
  const private_ = 'jan.novak@example.com';
  const event = JSON.stringify({ event_name: 'purchase', email: private_ });
  const dropped = JSON.stringify({ event_name: private_ });
  const lines = await logged(async () => {
    await edge.send('/shop', await signed(event));
    await edge.send('/shop', await signed(dropped));
    await edge.send('/shop', await signed(`{"${private_}`));
    await edge.send('/shop', { body: event, headers: { 'x-dn-signature': private_ } });
    await edge.send(`/crm/${secrets.CRM_KEY}`, { body: private_ });
    await edge.send(`/crm/${private_}?email=${private_}`, { body: private_ });
    await edge.send('/exports/exports-key', { body: dropped });
    await edge.script(Array(30).fill({ body: private_ }));
    await edge.send('/shop', await signed(event));
  });
  const log = lines.join('\n');
  expect(lines).toHaveLength(8);
  const [made] = await edge.tries();
  for (const hidden of [
    private_,
    ...Object.values(secrets),
    await signature(event),
    made?.authorization ?? 'no token',
    'PRIVATE KEY',
  ]) {
    expect(log).not.toContain(hidden);
  }
});

test('the edge is a span of the trace of the sender, or of a new one', async () => {
  // Enough time for a busy machine: a retry would fail this test.
  const edge = openEdge({ streams: { shop: { ...shop, publishBudgetMs: 25_000 } } });
  const trace = '0af7651916cd43dd8448eb211c80319c';
  const parent = 'b7ad6b7169203331';
  const wellFormed = `00-${trace}-${parent}-01`;
  const child = new RegExp(`^00-${trace}-(?!0{16}|${parent})[0-9a-f]{16}-01$`);
  const sent: [string | undefined, RegExp][] = [
    [wellFormed, child],
    [`01-${trace}-${parent}-01-later`, child],
    [undefined, /^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-00$/],
    ...[
      wellFormed.toUpperCase(),
      `${wellFormed}-more`,
      `ff-${trace}-${parent}-01`,
      `00-${'0'.repeat(32)}-${parent}-01`,
      `00-${trace}-${'0'.repeat(16)}-01`,
      `${wellFormed}, ${wellFormed}`,
      'nonsense',
    ].map((header): [string, RegExp] => [header, new RegExp(`^00-(?!${trace})[0-9a-f-]{52}$`)]),
  ];
  const ids: (string | null)[] = [];
  for (const [header] of sent) {
    const init = await signed(purchase);
    const headers = { ...init.headers, ...(header !== undefined && { traceparent: header }) };
    const response = await edge.send('/shop', { ...init, headers } as RequestInit);
    expect(response.status).toBe(204);
    ids.push(response.headers.get('tributary-delivery-id'));
  }
  const tries = await edge.tries();
  const attributes = tries.map(({ request }) => request.messages[0]?.attributes);
  const spans = new Set<string>();
  for (const [at, [, expected]] of sent.entries()) {
    const { traceparent, googclient_traceparent, parent_span_id } =
      attributes.find((one) => one?.['delivery_id'] === ids[at]) ?? {};
    expect(traceparent).toMatch(expected);
    expect(googclient_traceparent).toBe(traceparent);
    expect(parent_span_id).toBe(expected === child ? parent : undefined);
    spans.add(traceparent?.split('-')[2] ?? '');
  }
  expect(spans.size).toBe(sent.length);
});

test('the attributes of the envelope', async () => {
  const at = Date.parse('2026-11-21T08:00:00.123Z');
  const edge = openEdge({ streams: { shop }, now: () => at });
  const init = await signed(purchase);
  const headers = { ...init.headers, 'content-type': `text/plain; x=${'y'.repeat(1009)}` };
  const response = await edge.send('/shop', { ...init, headers } as RequestInit);
  const [made] = await edge.tries();
  expect(made?.request.messages[0]?.attributes).toEqual({
    stream: 'shop',
    delivery_id: response.headers.get('tributary-delivery-id'),
    received_at: '2026-11-21T08:00:00.123Z',
    event_name: 'purchase',
    content_type: `text/plain; x=${'y'.repeat(1009)}`,
    traceparent: expect.any(String),
    googclient_traceparent: expect.any(String),
  });
  // UUIDv7, RFC 9562 section 5.7: the first 48 bits are the time.
  const id = made?.request.messages[0]?.attributes['delivery_id'] ?? '';
  expect(Number.parseInt(id.replaceAll('-', '').slice(0, 12), 16)).toBe(at);
  expect(id[14]).toBe('7');
});
