import { describe, expect, it } from 'vitest';
import { EventReader, stableDeliveryId } from '../../../history/events/event-reader.ts';
import type { Stream } from '../../../shared/config/config.ts';
import { defineRelay } from '../../../shared/config/define-relay.ts';
import { absmartly } from '../../../shared/sources/absmartly.ts';
import { datanostro } from '../../../shared/sources/datanostro.ts';
import { generic } from '../../../shared/sources/generic.ts';
import { segmentstream } from '../../../shared/sources/segmentstream.ts';

const table = 'shop.events';

function readerOf(stream: Stream): EventReader {
  const relay = defineRelay({ project: 'my-project', streams: { shop: stream } });
  const found = relay.streams.get('shop');
  if (!found) throw new Error('no stream');
  return new EventReader(found, Date.UTC(2026, 0, 1));
}

const read = (stream: Stream, line: string) =>
  readerOf(stream).read({ number: 1, bytes: Buffer.from(line) });

describe('an event is identified', () => {
  it('by its id and its time', () => {
    const line = '{"id":"e1","event_name":"x","created_at":"2026-01-02T03:04:05.6789+01:00"}';
    expect(read(datanostro({ table }), line)).toMatchObject([
      {
        kind: 'row',
        id: 'e1',
        timeMs: Date.UTC(2026, 0, 2, 2, 4, 5, 678),
        row: { delivery_id: stableDeliveryId('shop', Buffer.from(line)) },
      },
    ]);
  });

  it('by a time in any format, also if a value does not fit', () => {
    const line = '{"id":"e1","created_at":"Mon, 02 Mar 2026 10:00:00 GMT"}';
    expect(read(datanostro({ table }), line)).toMatchObject([
      { kind: 'row', id: 'e1', timeMs: Date.UTC(2026, 2, 2, 10) },
    ]);
    const [unfit] = read(datanostro({ table }), '{"id":"e1","tenant_id":{}}');
    expect(unfit).toMatchObject({ kind: 'row', id: 'e1', unfit: { column: 'tenant_id' } });
    if (unfit?.kind !== 'row') throw new Error('no row');
    expect(readerOf(datanostro({ table })).encode(unfit)).toMatchObject({
      ok: false,
      column: 'tenant_id',
    });
  });

  it('by the columns of the config, as one of several in a line', () => {
    const stream = generic({
      table,
      each: '$.events',
      id: '$.n',
      time: { from: '$.at', unit: 's' },
      filter: { where: { field: '$.n', in: [1, 2] } },
    });
    const line = '{"events":[{"n":1,"at":10},{"n":2,"at":20},{"n":3,"at":30}]}';
    expect(read(stream, line)).toMatchObject([
      { id: '1', timeMs: 10_000 },
      { id: '2', timeMs: 20_000 },
    ]);
  });

  it('by its line if it has no id', () => {
    const [first] = read(segmentstream({ table }), 'a=1');
    expect(first).toMatchObject({ id: stableDeliveryId('shop', Buffer.from('a=1')) });
    expect(first).not.toHaveProperty('timeMs');
  });

  it('by the whole key of the stream', () => {
    const stream = datanostro({ table, key: ['tenant_id', 'event_id'] });
    const ids = ['t', null].map((tenant_id) => {
      const [event] = read(stream, JSON.stringify({ id: 'e', tenant_id }));
      return event?.kind === 'row' ? event.id : undefined;
    });
    expect(ids).toEqual(['t\u001fe', '\u001fe']);
  });
});

it.each<[string, Stream, string]>([
  ['files', absmartly({ table, apiUrl: 'https://a.example' }), 'stream.no-rows'],
  [
    'columns that tell nothing apart',
    generic({ table, columns: { a: { type: 'STRING', from: '$.a' } } }),
    'stream.no-id',
  ],
  ['a key of times', datanostro({ table, key: ['event_time'] }), 'stream.no-id'],
])('a stream of %s is rejected', (_, stream, code) => {
  expect(() => readerOf(stream)).toThrow(expect.objectContaining({ code }));
});

it('a delivery id depends on stream and line, and has version 8', () => {
  const id = stableDeliveryId('shop', Buffer.from('line'));
  expect(id).toMatch(/^[\da-f]{8}-[\da-f]{4}-8[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/);
  expect(stableDeliveryId('shop', Buffer.from('line'))).toBe(id);
  expect(stableDeliveryId('shop', Buffer.from('line '))).not.toBe(id);
  expect(stableDeliveryId('shop2', Buffer.from('line'))).not.toBe(id);
});

it('jsonMembers has only top-level members of the event', () => {
  const moreColumns = {
    props: { type: 'JSON', from: '$.props | $.properties' },
    deep: { type: 'JSON', from: '$.data.object' },
    around: { type: 'JSON', from: 'body:$.meta' },
    name: { type: 'STRING', from: '$.name' },
  } as const;
  const members = new Set(['props', 'properties']);
  expect(readerOf(generic({ table, id: '$.id', moreColumns })).jsonMembers()).toEqual(members);
  expect(readerOf(datanostro({ table, moreColumns })).jsonMembers()).toEqual(members);
  expect(readerOf(datanostro({ table })).jsonMembers()).toEqual(new Set());
});
