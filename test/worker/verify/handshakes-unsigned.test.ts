import { expect, test } from 'vitest';
import type { StreamOptions } from '../../../shared/config/config.ts';
import { schemes } from '../../../shared/signatures/schemes.ts';
import { signRequest } from '../../../shared/signatures/sign/sign.ts';
import { generic } from '../../../shared/sources/generic.ts';
import { slack, stripe } from '../../../shared/sources/presets.ts';
import { openEdge } from '../../beds/workerd/edge.ts';

// Challenges that nothing signs: CloudEvents' OPTIONS, Event Grid's code, Slack's ssl_check.

const secret = 'secret of the stream';
const path = `/keyed/${encodeURIComponent(secret)}`;

function openKeyed(handshake?: StreamOptions['handshake']) {
  const edge = openEdge({
    streams: {
      keyed: generic({ table: 'a.keyed', ...(handshake && { handshake }) }),
      bearer: generic({ table: 'a.bearer', scheme: 'bearer', ...(handshake && { handshake }) }),
      signed: { ...stripe({ table: 'a.signed' }), ...(handshake && { handshake }) },
    },
    env: { KEYED_KEY: secret, BEARER_SECRET: secret, SIGNED_SECRET: secret },
  });
  const ask = (target: string, headers: Record<string, string> = {}) =>
    edge.send(target, { method: 'OPTIONS', headers });
  return { edge, ask };
}

const origin = { 'webhook-request-origin': 'eventgrid.azure.net' };

test.each(['cloudevents', 'event-grid'] as const)(
  '%s: an OPTIONS learns that its origin may deliver, if the key in the path is right',
  async (handshake) => {
    const { edge, ask } = openKeyed(handshake);
    for (const target of [path, `${path}/`, '/bearer', '/signed']) {
      const answer = await ask(target, origin);
      expect([target, answer.status, await answer.text()]).toEqual([target, 200, '']);
      expect(answer.headers.get('webhook-allowed-origin')).toBe('eventgrid.azure.net');
      expect(answer.headers.get('webhook-allowed-rate')).toBeNull();
      expect(answer.headers.get('allow')).toBe('POST');
    }
    for (const target of ['/keyed', '/keyed/wrong']) {
      const answer = await ask(target, origin);
      expect([answer.status, answer.headers.get('webhook-allowed-origin')]).toEqual([401, null]);
    }
    expect(await edge.tries()).toEqual([]);
  },
);

test.each([
  ['120', '120'],
  ['1', '1'],
  ['*', '*'],
  ['0', '*'],
  ['-1', '*'],
  ['fast', '*'],
  ['9'.repeat(20), '*'],
])('cloudevents: the rate %s is allowed as %s', async (rate, allowed) => {
  const { ask } = openKeyed('cloudevents');
  const callback = 'https://eventgrid.azure.net/validate?id=1';
  const headers = {
    ...origin,
    'webhook-request-rate': rate,
    'webhook-request-callback': callback,
  };
  const answer = await ask(path, headers);
  expect([answer.status, answer.headers.get('webhook-allowed-rate')]).toEqual([200, allowed]);
});

test('cloudevents: a missing origin is a 405, a malformed one is refused', async () => {
  const { ask } = openKeyed('cloudevents');
  const preflight = { origin: 'https://evil.example', 'access-control-request-method': 'POST' };
  for (const headers of [{}, preflight]) {
    for (const target of [path, '/signed']) expect((await ask(target, headers)).status).toBe(405);
  }
  for (const name of ['', '*', 'a b', 'a.example, b.example', 'x'.repeat(256), '<b>']) {
    const answer = await ask(path, { 'webhook-request-origin': name });
    expect([name, answer.status]).toEqual([name, 403]);
    expect(answer.headers.get('webhook-allowed-origin')).toBeNull();
  }
});

test('without the handshake in the config an OPTIONS is a 405', async () => {
  for (const handshake of [undefined, 'probe', 'slack'] as const) {
    const { ask } = openKeyed(handshake);
    for (const target of [path, '/keyed/wrong', '/signed']) {
      expect((await ask(target, origin)).status).toBe(405);
    }
  }
});

test('cloudevents: deliveries are verified and stored as usual', async () => {
  const { edge } = openKeyed('cloudevents');
  const event = '{"specversion":"1.0","type":"a.b","id":"1"}';
  expect((await edge.send(path, { body: event, headers: origin })).status).toBe(204);
  expect((await edge.send('/keyed/wrong', { body: event, headers: origin })).status).toBe(401);
  expect((await edge.send('/signed', { body: event, headers: origin })).status).toBe(401);
  expect(await edge.tries()).toHaveLength(1);
});

const type = 'Microsoft.EventGrid.SubscriptionValidationEvent';
const validation = { 'aeg-event-type': 'SubscriptionValidation' };

function validationOf(members: object): string {
  return JSON.stringify([{ id: '1', topic: '/t', ...members }]);
}

test.each([
  ['as documented', { eventType: type, data: { validationCode: 'c-1' } }, validation],
  ['by its header', { data: { validationCode: 'c-1' } }, validation],
  ['by its type', { eventType: type, data: { validationCode: 'c-1' } }, {}],
])('event-grid: the code is sent back, %s, and nothing is stored', async (_, members, headers) => {
  const { edge } = openKeyed('event-grid');
  const answer = await edge.send(path, { body: validationOf(members), headers });
  expect(answer.headers.get('content-type')).toBe('application/json');
  expect([answer.status, await answer.json()]).toEqual([200, { validationResponse: 'c-1' }]);
  const forged = await edge.send('/keyed/wrong', { body: validationOf(members), headers });
  expect(forged.status).toBe(401);
  expect(await forged.text()).not.toContain('c-1');
  expect(await edge.tries()).toEqual([]);
});

test.each([
  ['an event', { eventType: 'a.b', data: { validationCode: 'c-1' } }, {}],
  ['no code', { eventType: type, data: {} }, validation],
  ['a code that is not a string', { eventType: type, data: { validationCode: 7 } }, validation],
  ['the end of a subscription', { data: {} }, { 'aeg-event-type': 'SubscriptionDeletion' }],
])('event-grid: %s is a delivery', async (_, members, headers) => {
  const { edge } = openKeyed('event-grid');
  expect((await edge.send(path, { body: validationOf(members), headers })).status).toBe(204);
  expect(await edge.tries()).toHaveLength(1);
});

test('without the handshake in the config a validation is a delivery', async () => {
  const { edge } = openKeyed();
  const body = validationOf({ eventType: type, data: { validationCode: 'c-1' } });
  const answer = await edge.send(path, { body, headers: validation });
  expect([answer.status, await answer.text()]).toEqual([204, '']);
});

function openSlack(options: object = { handshake: 'slack' }) {
  const streams = { chat: { ...slack({ table: 'a.chat' }), ...options } };
  return openEdge({ streams, env: { CHAT_SECRET: secret } });
}

async function signedAsSlack(body: string) {
  const bytes = new TextEncoder().encode(body) as Uint8Array<ArrayBuffer>;
  const request = { method: 'POST', url: '', headers: new Headers(), body: bytes };
  const { headers } = await signRequest(schemes.slack, request, secret, Date.now());
  return { body, headers };
}

const sslCheck = 'ssl_check=1&token=gIkuvaNzQIHg97ATvDxqgjtO';

test('slack: ssl_check is a 200, by POST or by GET, signed or not, and nothing is stored', async () => {
  const edge = openSlack();
  const answers = [
    await edge.send('/chat', { body: sslCheck }),
    await edge.send('/chat', { body: 'token=x&team_id=T1&ssl_check=1' }),
    await edge.send(`/chat?${sslCheck}`, { method: 'GET' }),
    await edge.send('/chat', await signedAsSlack(sslCheck)),
  ];
  for (const answer of answers) expect([answer.status, await answer.text()]).toEqual([200, '']);
  expect(await edge.tries()).toEqual([]);
});

test.each([
  'ssl_check=0',
  'ssl_check=',
  'token=x',
  'text=ssl_check%3D1',
  '{"text":"a&ssl_check=1&b"}',
  `ssl_check=1&text=${'x'.repeat(5000)}`,
])('slack: %s is not a check: unsigned it is a 401', async (body) => {
  const edge = openSlack();
  expect((await edge.send('/chat', { body })).status).toBe(401);
  expect((await edge.send(`/chat?${body.slice(0, 11)}`, { method: 'GET' })).status).toBe(
    body.startsWith('ssl_check=1') ? 200 : 401,
  );
});

test('slack: a check that shows a wrong signature is a 401', async () => {
  const edge = openSlack();
  for (const signature of ['', 'v0=00', `v0=${'0'.repeat(64)}`]) {
    const headers = { 'x-slack-signature': signature, 'x-slack-request-timestamp': '1' };
    expect((await edge.send('/chat', { body: sslCheck, headers })).status).toBe(401);
  }
});

test('slack: a signed event whose text looks like a check is stored', async () => {
  const edge = openSlack();
  const init = await signedAsSlack('{"type":"message","text":"a&ssl_check=1&b"}');
  expect((await edge.send('/chat', init)).status).toBe(204);
  expect(await edge.tries()).toHaveLength(1);
});

test('slack: without the handshake in the config a check is a 401, and a GET a 405', async () => {
  const edge = openSlack({});
  expect((await edge.send('/chat', { body: sslCheck })).status).toBe(401);
  expect((await edge.send(`/chat?${sslCheck}`, { method: 'GET' })).status).toBe(405);
});
