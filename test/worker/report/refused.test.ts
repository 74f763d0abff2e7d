import { expect, test } from 'vitest';
import { maskHeaders, maskPath } from '../../../worker/report/mask.ts';
import { openEdge, purchase, secrets, signature, signed } from '../../beds/workerd/edge.ts';

const none = () => false;

test('a refused delivery is kept with its cause, its masked headers and the likely mistake', async () => {
  const edge = openEdge({ now: () => 1_000_000, reportEveryMs: 1 });
  const headers = {
    'x-dn-signature': await signature(purchase, secrets.EXPORTS_KEY),
    'content-type': 'application/json',
    'user-agent': 'Sender/1.0',
    authorization: `Bearer ${secrets.CRM_KEY}`,
  };
  await edge.send('/shop?token=of-the-sender', { body: purchase, headers });
  const [{ refused = [] } = {}] = await edge.reports();
  expect(refused).toEqual([
    {
      stream: 'shop',
      at: 1_000_000,
      deliveryId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      outcome: 'unauthorized',
      cause: 'mismatch',
      method: 'POST',
      path: '/shop',
      headers: {
        'content-type': 'application/json',
        'user-agent': 'Sender/1.0',
        'x-dn-signature': '(64 hex digits)',
        authorization: 'Bearer (7 base64 characters)',
      },
      bytes: purchase.length,
      hint: 'signed with the secret of the stream "exports"',
    },
  ]);
});

test('unknown paths and wrong methods are kept too', async () => {
  const edge = openEdge({ reportEveryMs: 1 });
  await edge.send(`/shopp/${secrets.CRM_KEY}?a=1`);
  await edge.send('/shop', { method: 'PUT', body: 'x' });
  await edge.send('/shop/more');
  await edge.send('/kD83-hd9Sk30dkS92kd0sL3');
  const refused = (await edge.reports()).flatMap((report) => report.refused);
  expect(refused).toMatchObject([
    { stream: '', outcome: 'unknown-stream', path: '/shopp/…', hint: 'did you mean /shop?' },
    { stream: 'shop', outcome: 'wrong-method', method: 'PUT', hint: 'this endpoint takes POST' },
    { stream: '', path: '/shop/…', hint: '"shop" takes no more path than /shop' },
    { stream: '', path: '/(23 characters)' },
  ]);
  expect(JSON.stringify(refused)).not.toContain('a=1');
});

test('the body is kept only where the config allows it, and only its beginning', async () => {
  for (const [bodyBytes, expected] of [
    [0, undefined],
    [10, purchase.slice(0, 10)],
  ] as const) {
    const edge = openEdge({ bodyBytes, reportEveryMs: 1 });
    await edge.send('/shop', { body: purchase });
    const [{ refused = [] } = {}] = await edge.reports();
    const [{ body, bytes } = {}] = refused;
    expect(body && atob(body)).toBe(expected);
    expect(bytes).toBe(purchase.length);
  }
});

test('no secret is in a report, wherever a sender puts it', async () => {
  const edge = openEdge({ bodyBytes: 4096, reportEveryMs: 1 });
  const hidden = Object.values(secrets);
  const all = hidden.join(' ');
  const made = await signature('other');
  const headers: Record<string, string> = {
    'x-dn-signature': made,
    'user-agent': all,
    'content-type': `text/plain; x="${all}"`,
    'x-request-id': all,
    cookie: `session=${all}`,
    'x-api-key': secrets.CRM_KEY,
    'x-timestamp': all,
  };
  await edge.send('/shop', { body: all, headers });
  for (const secret of hidden) {
    await edge.send(`/${encodeURIComponent(secret)}`);
    await edge.send(`/crm/${secret}x`, { headers });
    await edge.send(`/nowhere/${secret}?key=${secret}`, { method: 'GET' });
  }
  const text = JSON.stringify(await edge.reports());
  const bodies = [...text.matchAll(/"body":"([^"]*)"/g)].map(([, body = '']) => atob(body));
  expect(bodies.length).toBeGreaterThan(0);
  for (const secret of [...hidden, made]) {
    expect(text).not.toContain(secret);
    expect(bodies.join()).not.toContain(secret);
  }
});

test('a flood leaves three samples of each stream and cause in a report', async () => {
  const edge = openEdge({ reportEveryMs: 500, now: () => 60_000 });
  const flood = Array.from({ length: 200 }, (_, n) => () => {
    return n % 2 ? edge.send('/shop', { body: purchase }) : edge.send('/crm/wrong');
  });
  await edge.together(flood);
  const reports = await edge.reports();
  expect(reports).toHaveLength(1);
  expect(reports[0]?.ledger.map(({ deliveries }) => deliveries)).toEqual([100, 100]);
  expect(reports[0]?.refused).toHaveLength(6);
});

test('with headers as large as they may be, a report fits in a message', async () => {
  const edge = openEdge({ bodyBytes: 4096, reportEveryMs: 500 });
  const names = Array.from({ length: 100 }, (_, n) => [
    `x-${n}-${'n'.repeat(500)}`,
    'v'.repeat(500),
  ]);
  const headers = { ...Object.fromEntries(names), 'user-agent': 'u'.repeat(8000) };
  const body = JSON.stringify({ padding: '\u0001'.repeat(300) });
  const paths = ['/shop', '/crm/wrong', '/exports/wrong', '/nowhere'];
  const init = await signed(`{"${body}`);
  await edge.together(
    Array.from({ length: 100 }, (_, n) => () => {
      const path = paths[n % paths.length] ?? '';
      return edge.send(path, {
        ...init,
        headers: { ...headers, ...(n % 3 && init.headers) } as HeadersInit,
      });
    }),
  );
  const [made] = await edge.reportTries();
  expect(JSON.stringify(made?.request).length).toBeLessThan(1_000_000);
  const [report] = await edge.reports();
  expect(report?.ledger.reduce((sum, { deliveries }) => sum + deliveries, 0)).toBe(100);
});

test.each([
  [
    't=1492774577,v1=5257a869e7ecebeda32affa62cdca3fa51cad7e77a0e56ff536d0ce8e108d8bd',
    't=(10 digits),v1=(64 hex digits)',
  ],
  ['sha256=5257a869e7ecebed', 'sha256=(16 hex digits)'],
  [
    'v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4= v1,abc',
    'v1,(44 base64 characters) v1,(3 hex digits)',
  ],
  ['Basic dXNlcjpwYXNz', 'Basic (12 base64 characters)'],
  ['hunter2=secret', '(14 characters)'],
  ['session=abc; theme=dark', '(11 characters); (10 characters)'],
  ['p@ss, word', '(4 characters), (4 base64 characters)'],
  ['eyJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UifQ.dBjftJeZ4CVP', '(a JWT of 52 characters)'],
  ['', ''],
])('the shape of %j', (value, expected) => {
  const { 'x-any': shape = '' } = maskHeaders([['x-any', value]]);
  expect(shape).toBe(expected);
});

test('a time is shown by the name of its header, if it is one', () => {
  const headers: [string, string][] = [
    ['x-slack-request-timestamp', '1531420618'],
    ['x-sent-at', '2026-11-21T08:00:00.123Z'],
    ['x-my-timestamp', 'hunter2'],
    ['x-pin', '1531420618'],
  ];
  expect(maskHeaders(headers)).toEqual({
    'x-slack-request-timestamp': '1531420618',
    'x-sent-at': '2026-11-21T08:00:00.123Z',
    'x-my-timestamp': '(7 base64 characters)',
    'x-pin': '(10 digits)',
  });
});

test.each([
  ['/webhooks', '/webhooks'],
  ['/', '/'],
  ['/wp-admin/setup.php', '/wp-admin/…'],
  ['/a/b/c/d/e/f/g', '/a/…/…/…'],
  ['/.env', '/.env'],
  ['/3f9a8b7c6d5e4f3a2b1c', '/(20 characters)'],
  ['/Zm9vYmFyYmF6', '/(12 characters)'],
  [`/${'a-'.repeat(40)}`, '/(80 characters)'],
])('the path %j', (path, expected) => {
  expect(maskPath(path, none)).toBe(expected);
});

test('a stream is named whatever its name is like', () => {
  expect(maskPath('/s3x9/key', (name) => name === 's3x9')).toBe('/s3x9/…');
});
