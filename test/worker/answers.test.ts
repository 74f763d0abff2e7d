import { expect, test } from 'vitest';
import { schemeOf } from '../../shared/signatures/schemes.ts';
import { signRequest } from '../../shared/signatures/sign/sign.ts';
import { mailgun, paddle } from '../../shared/sources/presets.ts';
import { cap, logged, openEdge, purchase, secrets, shop, signed } from '../beds/workerd/edge.ts';

interface Problem {
  title: string;
  status: number;
  detail: string;
  field?: string;
}

async function problemOf(response: Response): Promise<Problem> {
  expect(response.headers.get('content-type')).toBe('application/problem+json');
  const problem = await response.json<Problem>();
  expect(problem.status).toBe(response.status);
  return problem;
}

test('accepted: 204 with the delivery id, once Pub/Sub has stored it', async () => {
  const edge = openEdge();
  const response = await edge.send('/shop', await signed(purchase));
  expect(response.status).toBe(204);
  const [made] = await edge.tries();
  expect(made?.stored).toBe(true);
  expect(made?.request.messages[0]?.attributes['delivery_id']).toBe(
    response.headers.get('tributary-delivery-id'),
  );
});

test('filtered: 204 without a body for DataNostro', async () => {
  const edge = openEdge();
  const response = await edge.send('/shop', await signed('{"event_name":"page_view"}'));
  expect(response.status).toBe(204);
  expect(response.headers.get('tributary-outcome')).toBe('filtered');
  expect(await response.text()).toBe('');
  expect(await edge.tries()).toEqual([]);
});

test('ignored: 200 with the text of the tutorial for ABsmartly', async () => {
  const edge = openEdge();
  const body = JSON.stringify({ event_name: 'ExperimentStarted', id: 4 });
  const response = await edge.send('/exports/exports-key', { body });
  expect(response.status).toBe(200);
  expect(response.headers.get('tributary-outcome')).toBe('filtered');
  expect(await response.text()).toBe('Ignored: not an ExperimentDataExportReady event\n');
  expect(await edge.tries()).toEqual([]);
});

test('unknown stream: 404, whatever the method', async () => {
  const edge = openEdge();
  for (const path of [
    '/nowhere',
    '/nowhere/key',
    '/shop/key',
    '/crm/key/more',
    '/crm//',
    '/crm//crm-key',
    '/crm/crm-key//',
    '/shop//',
    '/shop/key/',
    '//crm',
    '//',
  ]) {
    for (const method of ['POST', 'GET']) {
      const response = await edge.send(path, { method });
      expect([path, method, response.status]).toEqual([path, method, 404]);
      await problemOf(response);
    }
  }
});

test('a trailing slash changes nothing', async () => {
  const edge = openEdge();
  expect((await edge.send('/crm/crm-key/', { body: 'a=1' })).status).toBe(204);
  expect((await edge.send('/crm/crm-key/?b=2', { body: 'a=1' })).status).toBe(204);
  expect((await edge.send('/shop/', await signed(purchase))).status).toBe(204);
  expect((await edge.send('/crm/crm-key/', { method: 'HEAD' })).status).toBe(200);
  expect((await edge.send('/crm/wrong/', { body: 'a=1' })).status).toBe(401);
  expect((await edge.send('/shop/', { body: purchase })).status).toBe(401);
  expect((await edge.send('/shop/', { method: 'PUT', body: purchase })).status).toBe(405);
  expect(await edge.tries()).toHaveLength(3);
});

test.each(['GET', 'HEAD', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PROPFIND', 'QUERY'])(
  'wrong method: %s gets a 405 with the allowed methods',
  async (method) => {
    const edge = openEdge();
    expect((await edge.send('/shop', { method })).status).toBe(405);
    expect((await edge.send('/shop', { method })).headers.get('allow')).toBe('POST');
    // Whoever shows the key may probe the endpoint.
    if (method === 'GET' || method === 'HEAD') return;
    for (const path of ['/crm', '/crm/crm-key']) {
      const response = await edge.send(path, { method });
      expect([path, response.status]).toEqual([path, 405]);
      expect(response.headers.get('allow')).toBe('GET, HEAD, POST');
    }
    expect(await edge.tries()).toEqual([]);
  },
);

test('unauthorized: the same body for every cause', async () => {
  const edge = openEdge();
  const answers = [
    await edge.send('/shop', { body: purchase }),
    await edge.send('/shop', { body: purchase, headers: { 'x-dn-signature': 'zz' } }),
    await edge.send('/shop', { body: purchase, headers: { 'x-dn-signature': '00'.repeat(32) } }),
    await edge.send('/shop', { ...(await signed('{}')), body: purchase }),
    await edge.send('/crm', { body: 'a=1' }),
    await edge.send('/crm/', { body: 'a=1' }),
    await edge.send('/crm/wrong', { body: 'a=1' }),
    await edge.send('/crm/crm-key2', { body: 'a=1' }),
  ];
  const contents = await Promise.all(answers.map(async (one) => [one.status, await one.text()]));
  for (const one of contents) expect(one).toEqual(contents[0]);
  expect(contents[0]?.[0]).toBe(401);
  expect(await edge.tries()).toEqual([]);
});

test('malformed: 400 that names the field, but only for a sender with the key', async () => {
  const edge = openEdge();
  const body = JSON.stringify({ event_name: 'ExperimentDataExportReady', metadata: {} });
  const problem = await problemOf(await edge.send('/exports/exports-key', { body }));
  expect(problem).toMatchObject({ status: 400, field: 'metadata.download_url' });
  expect((await edge.send('/exports/other-key', { body })).status).toBe(401);
});

test('too large: 413, before anything is verified', async () => {
  const edge = openEdge();
  const response = await edge.send('/shop', { body: 'x'.repeat(cap + 1) });
  expect(await problemOf(response)).toMatchObject({ status: 413 });
});

test('not stored: 503 with Retry-After', async () => {
  const edge = openEdge();
  await edge.script(Array(40).fill({ status: 503 }));
  const response = await edge.send('/shop', await signed(purchase));
  expect(await problemOf(response)).toMatchObject({ status: 503 });
  expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0);
});

test.each([mailgun, paddle])('accepted: 200 if the sender expects it', async (preset) => {
  const stream = preset({ table: 'd.t' });
  const edge = openEdge({ streams: { shop: stream } });
  const body = new TextEncoder().encode('{}') as Uint8Array<ArrayBuffer>;
  const request = { method: 'POST', url: '', headers: new Headers(), body };
  const scheme = schemeOf(stream);
  const made = await signRequest(scheme, request, secrets.SHOP_SECRET, Date.now());
  const response = await edge.send('/shop', { body: made.body ?? body, headers: made.headers });
  expect([response.status, await response.text()]).toEqual([200, '']);
  const [tried] = await edge.tries();
  expect(response.headers.get('tributary-delivery-id')).toBe(
    tried?.request.messages[0]?.attributes['delivery_id'],
  );
});

test('the health check names no streams, and the root answers nothing else', async () => {
  const edge = openEdge();
  const get = await edge.send('/', { method: 'GET' });
  expect([get.status, await get.json()]).toEqual([200, { status: 'ok' }]);
  const head = await edge.send('/', { method: 'HEAD' });
  expect([head.status, await head.text()]).toEqual([200, '']);
  for (const method of ['POST', 'PUT', 'OPTIONS']) {
    const response = await edge.send('/', { method });
    expect([method, response.status]).toEqual([method, 405]);
    expect(response.headers.get('allow')).toBe('GET, HEAD');
  }
});

test.each([
  ['missing', { SHOP_SECRET: undefined }],
  ['empty', { SHOP_SECRET: '' }],
  ['blank', { SHOP_SECRET: ' \n' }],
])('a stream whose secret is %s answers 503, and the log says why', async (_, env) => {
  const edge = openEdge({ env });
  const statuses: number[] = [];
  const lines = await logged(async () => {
    statuses.push((await edge.send('/shop', await signed(purchase))).status);
    statuses.push((await edge.send('/shop', { body: purchase })).status);
    statuses.push(
      (await edge.send('/shop', { body: purchase, headers: { 'x-dn-signature': '' } })).status,
    );
  });
  expect(statuses).toEqual([503, 503, 503]);
  for (const line of lines) {
    const { cause, problem } = JSON.parse(line);
    expect(cause).toBe('secret-missing');
    expect(problem).toContain('SHOP_SECRET');
  }
  expect(await edge.tries()).toEqual([]);
});

test('either of two live secrets matches; while one is missing, a failure is a 503', async () => {
  const twoSecrets = { shop: { ...shop, secrets: ['OLD_SECRET', 'SHOP_SECRET'] } };
  const both = openEdge({ streams: twoSecrets, env: { OLD_SECRET: 'an older one' } });
  const lines = await logged(async () => {
    expect((await both.send('/shop', await signed(purchase))).status).toBe(204);
  });
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({ outcome: 'accepted', secret: 'SHOP_SECRET' });

  const one = openEdge({ streams: twoSecrets });
  expect((await one.send('/shop', await signed(purchase))).status).toBe(204);
  expect((await one.send('/shop', { body: purchase })).status).toBe(503);
});

test('a newline at the end of a secret, as a shell may add it, changes nothing', async () => {
  const edge = openEdge({ env: { SHOP_SECRET: `${secrets.SHOP_SECRET}\n` } });
  expect((await edge.send('/shop', await signed(purchase))).status).toBe(204);
});

test.each([
  ['missing', undefined, 'missing'],
  ['not JSON', '{"client_email', 'not JSON'],
  ['a JSON scalar', 'null', 'not a JSON object'],
  ['without a key id', '{"client_email":"a@b"}', 'private_key_id'],
  [
    'with a broken key',
    '{"client_email":"a@b","private_key_id":"k","private_key":"PRIVATE-TEXT"}',
    'private_key',
  ],
])(
  'a service account that is %s: 503, and the log says what to repair',
  async (_, account, says) => {
    const edge = openEdge({ env: { GOOGLE_SERVICE_ACCOUNT: account } });
    const lines = await logged(async () => {
      expect((await edge.send('/shop', await signed(purchase))).status).toBe(503);
    });
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ cause: 'service-account.invalid' });
    expect(lines[0]).toContain(says);
    expect(lines[0]).not.toContain('PRIVATE-TEXT');
  },
);

test('an error outside of a delivery is logged and answered 503', async () => {
  const edge = openEdge({
    now() {
      throw new RangeError('no clock');
    },
  });
  const lines = await logged(async () => {
    for (const init of [await signed(purchase), { body: purchase }]) {
      const response = await edge.send('/shop', init);
      expect(await problemOf(response)).toMatchObject({ status: 503 });
      expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0);
    }
  });
  expect(lines.map((line) => JSON.parse(line))).toMatchObject([
    { outcome: 'not-stored', cause: 'unexpected RangeError' },
    { outcome: 'not-stored' },
  ]);
  expect(await edge.tries()).toEqual([]);
});

test('an unexpected error is a 503, and its log line quotes no payload', async () => {
  const env = {
    get SHOP_SECRET(): string {
      throw new SyntaxError('Unexpected token in "card 4111"');
    },
  };
  const edge = openEdge({ env });
  const lines = await logged(async () => {
    expect((await edge.send('/shop', await signed(purchase))).status).toBe(503);
  });
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({
    outcome: 'not-stored',
    cause: 'unexpected SyntaxError',
  });
  expect(lines[0]).not.toContain('4111');
});
