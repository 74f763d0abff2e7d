import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import type { Row } from '../../../shared/columns.ts';
import { defineRelay } from '../../../shared/config/define-relay.ts';
import { type Envelope, readEnvelope, toAttributes, toData } from '../../../shared/envelope.ts';
import { generic } from '../../../shared/sources/generic.ts';
import { segmentstream } from '../../../shared/sources/segmentstream.ts';
import { RecentIds } from '../../../subscriber/pull/redeliveries.ts';
import { DeliveryWriter } from '../../../subscriber/rows/delivery-writer.ts';
import { inflateEnvelope } from '../../../subscriber/rows/inflate-body.ts';
import { rowTable } from '../../beds/row-table.ts';

const relay = defineRelay({
  project: 'my-project',
  streams: {
    keyed: generic({
      table: 'd.keyed',
      id: '$.id',
      moreColumns: { q: { type: 'STRING', from: 'query:q' } },
    }),
    crm: segmentstream({ table: 'd.crm', fields: true }),
  },
});

/** As it leaves Pub/Sub. */
function envelopeOf(body: Uint8Array, told: Partial<Envelope>): Envelope {
  const envelope = { stream: 'keyed', deliveryId: 'd1', receivedAt: 0, ...told };
  const reading = readEnvelope(toAttributes(envelope), toData({ ...envelope, body }));
  if (!reading.ok) throw new Error(reading.problem);
  return reading.envelope;
}

async function rowsOf(envelope: Envelope): Promise<unknown> {
  const rows: Row[] = [];
  const table = rowTable(async (row) => {
    rows.push(row);
    return { kind: 'written' };
  });
  const writer = new DeliveryWriter({
    relay,
    tables: new Map([...relay.streams.keys()].map((name) => [name, table])),
    exports: { write: async () => ({ kind: 'written' }) },
    written: new RecentIds(10),
    writtenInPart: new RecentIds(10),
  });
  const result = await writer.write(envelope);
  return rows.length > 0 ? rows : result;
}

const json = Buffer.from('{"id":"gz1","n":1}');

test.each([
  ['gzip', gzipSync(json)],
  ['x-gzip', gzipSync(json)],
  ['deflate', deflateSync(json)],
  ['deflate', deflateRawSync(json)],
  ['br', brotliCompressSync(json)],
  ['deflate, gzip', gzipSync(deflateSync(json))],
  ['identity', json],
])('a body coded as %s becomes the row that it says', async (contentEncoding, body) => {
  expect(await rowsOf(envelopeOf(body, { contentEncoding }))).toMatchObject([{ event_id: 'gz1' }]);
  const hit = envelopeOf(body, { contentEncoding, stream: 'crm' });
  expect(await rowsOf(hit)).toMatchObject([{ payload: json.toString() }]);
});

test('a body that is cut, too large or of a coding that nobody knows is a dead letter', async () => {
  const bomb = gzipSync(Buffer.alloc(10_000_000));
  for (const [contentEncoding, body, reason] of [
    ['gzip', gzipSync(json).subarray(0, -1), 'cut'],
    ['gzip', json, 'not what its Content-Encoding says'],
    ['gzip', bomb, 'more than 1048576 bytes'],
    ['zstd', json, 'none that is known'],
  ] as const) {
    const result = await rowsOf(envelopeOf(body, { contentEncoding }));
    expect(result).toMatchObject({
      kind: 'invalid',
      problem: { reason: expect.stringContaining(reason) },
    });
  }
});

test('nothing is inflated where nothing is coded', () => {
  const envelope = envelopeOf(json, {});
  expect(inflateEnvelope(envelope, 1)).toEqual({ ok: true, envelope });
});

test.each([`q=v&a=2`, `q=v&a=${'x'.repeat(60_000)}`])(
  'a query is a column, the payload of a hit without a body, and joins its fields',
  async (query) => {
    expect(await rowsOf(envelopeOf(json, { query }))).toMatchObject([{ event_id: 'gz1', q: 'v' }]);
    const a = new URLSearchParams(query).get('a') ?? '';
    const [empty] = (await rowsOf(envelopeOf(Buffer.of(), { query, stream: 'crm' }))) as Row[];
    expect(empty?.['payload']).toBe(query);
    expect(JSON.parse(String(empty?.['fields']))).toEqual({ q: 'v', a });
    const body = Buffer.from('b=1&q=own&b=1');
    const [hit] = (await rowsOf(envelopeOf(body, { query, stream: 'crm' }))) as Row[];
    expect(hit?.['payload']).toBe('b=1&q=own&b=1');
    expect(JSON.parse(String(hit?.['fields']))).toEqual({ b: ['1', '1'], q: 'own', a });
  },
);

test('an envelope whose query_bytes are none is a dead letter, and never another delivery', () => {
  const attributes = { stream: 'crm', delivery_id: 'd', received_at: '2026-01-01T00:00:00Z' };
  for (const query_bytes of ['-1', '1.5', '99', 'x', 'Infinity']) {
    expect(readEnvelope({ ...attributes, query_bytes }, json).ok).toBe(false);
  }
});
