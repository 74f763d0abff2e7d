import { afterAll, beforeAll, expect, test } from 'vitest';
import { signBytes } from '../../local/samples/deliveries.ts';
import { type RelayBed, startRelayBed } from '../beds/relay-bed.ts';

// Schemes that a config defines, from the sender's signature through workerd to a row in BigQuery.

const secrets = {
  ACME_SECRET: 'acme secret',
  CALLS_SECRET: 'calls secret',
  CRM_SECRET: 'crm token',
};

const streams = {
  acme: `generic({ table: 'edge.acme', event: '$.type', id: '$.id', filter: { events: ['paid'] }, scheme: p.hmac({
    signature: 'header:x-acme-signature', separator: ',', tag: 'v1=', encoding: 'base64',
    signed: '{item:t=}.{body}', timestamp: { at: 'item:t=', unit: 's', toleranceS: 60 } }) })`,
  calls: `generic({ table: 'edge.calls', event: '$.type', id: '$.id', scheme: p.jwt({
    signature: 'header:authorization', tag: 'Bearer ', bodyHash: 'payload_hash', urlHash: 'url_hash' }) })`,
  crm: `segmentstream({ table: 'edge.crm', scheme: p.token('x-crm-token'), secrets: ['CRM_SECRET'] })`,
};

type Name = keyof typeof streams;

let bed: RelayBed;

beforeAll(async () => {
  bed = await startRelayBed({ streams, secrets, edge: 'workerd' });
}, 60_000);

afterAll(() => bed?.stop());

async function send(name: Name, text: string, tampered = text, now = Date.now()): Promise<number> {
  const { relay, port } = bed;
  const stream = relay.streams.get(name);
  if (!stream) throw new Error(`no stream ${name}`);
  const secret = secrets[`${name.toUpperCase()}_SECRET` as keyof typeof secrets];
  const body = new TextEncoder().encode(text);
  const draft = { body, contentType: 'application/json' };
  const edge = `http://127.0.0.1:${port}`;
  const { url, headers } = await signBytes(draft, stream, { relay, secret, edge, now });
  const sent = { 'content-type': 'application/json', ...headers };
  const response = await fetch(url, { method: 'POST', headers: sent, body: tampered });
  await response.arrayBuffer();
  return response.status;
}

test('what their senders signed becomes rows, and nothing else does', async () => {
  const paid = '{"type":"paid","id":"e-1"}';
  expect(await send('acme', paid)).toBe(204);
  expect(await send('acme', '{"type":"seen","id":"e-2"}')).toBe(200);
  expect(await send('calls', '{"type":"ended","id":"c-1"}')).toBe(204);
  expect(await send('crm', '{"status":"new"}')).toBe(204);

  expect(await send('acme', paid, paid.replace('e-1', 'e-9'))).toBe(401);
  expect(await send('acme', paid, paid, Date.now() - 120_000)).toBe(401);
  expect(await send('calls', '{"type":"ended"}', '{"type":"other"}')).toBe(401);
  const open = await fetch(`http://127.0.0.1:${bed.port}/crm`, { method: 'POST', body: 'a=1' });
  expect(open.status).toBe(401);

  await expect.poll(async () => (await bed.storedIds()).size).toBe(3);
  const rows = await bed.rows();
  const named = rows.filter(({ stream }) => stream !== 'crm');
  expect(named.map(({ cells }) => [cells['event_id'], cells['event_name']])).toEqual([
    ['e-1', 'paid'],
    ['c-1', 'ended'],
  ]);
  expect(await bed.deadLetters()).toEqual([]);
}, 60_000);
