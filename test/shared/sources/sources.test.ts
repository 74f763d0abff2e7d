import { describe, expect, it } from 'vitest';
import type { RelayStream, SourceName, Stream } from '../../../shared/config/config.ts';
import { defineRelay } from '../../../shared/config/define-relay.ts';
import type { Envelope } from '../../../shared/envelope.ts';
import { JsonText } from '../../../shared/json/json-text.ts';
import { absmartly } from '../../../shared/sources/absmartly.ts';
import { datanostro } from '../../../shared/sources/datanostro.ts';
import { sources } from '../../../shared/sources/registry.ts';
import { segmentstream } from '../../../shared/sources/segmentstream.ts';
import type { Source } from '../../../shared/sources/source.ts';
import { absmartlyDeliveries } from '../../fixtures/absmartly/deliveries.ts';
import { datanostroDeliveries } from '../../fixtures/datanostro/deliveries.ts';
import { genericDeliveries, genericStream } from '../../fixtures/generic/deliveries.ts';
import { segmentstreamDeliveries } from '../../fixtures/segmentstream/deliveries.ts';
import type { FixtureReading, SourceFixture } from '../../fixtures/source-fixture.ts';

/** One row for each source of the registry: the type makes a source without fixtures an error. */
const suites: Record<SourceName, { stream: Stream; deliveries: SourceFixture[] }> = {
  absmartly: {
    stream: absmartly({ table: 'ab.exports', apiUrl: 'https://acme.absmartly.com' }),
    deliveries: absmartlyDeliveries,
  },
  datanostro: { stream: datanostro({ table: 'dn.events' }), deliveries: datanostroDeliveries },
  generic: { stream: genericStream, deliveries: genericDeliveries },
  segmentstream: {
    stream: segmentstream({ table: 'crm.hits' }),
    deliveries: segmentstreamDeliveries,
  },
};

const receivedAt = Date.parse('2026-06-05T10:00:00.123Z');

function resolve(stream: Stream): RelayStream {
  const resolved = defineRelay({ project: 'my-project', streams: { own: stream } }).streams.get(
    'own',
  );
  if (!resolved) throw new Error('no stream');
  return resolved;
}

function toBytes(body: SourceFixture['body']): Uint8Array {
  if (typeof body === 'string') return new TextEncoder().encode(body);
  return Uint8Array.from(atob(body.base64), (char) => char.charCodeAt(0));
}

function envelopeOf(body: Uint8Array, headers: Record<string, string> = {}): Envelope {
  const deliveryId = '0193a5c7-0000-7000-8000-000000000000';
  return { stream: 'own', deliveryId, receivedAt, headers, body };
}

function readAtEdge(
  source: Source,
  stream: Stream,
  body: Uint8Array,
  headers = {},
): FixtureReading {
  const sent = new Headers(headers);
  const reading = source.read({ body, header: (name) => sent.get(name) ?? undefined }, stream);
  if (reading.kind !== 'events') return reading;
  return { kind: 'events', names: reading.events.map((event) => event.name) };
}

describe.each(Object.entries(suites))('the source %s', (name, { stream, deliveries }) => {
  const source = sources[name as SourceName];
  const own = resolve(stream);

  it('is registered under its own name', () => {
    expect(source.name).toBe(name);
    expect(own.source).toBe(name);
  });

  it.each(deliveries)('reads at the edge: $name', ({ body, headers, reading }) => {
    expect(readAtEdge(source, own, toBytes(body), headers)).toEqual(reading);
  });

  it.each(deliveries.filter((delivery) => delivery.mapping))('maps to a row: $name', (delivery) => {
    if (source.delivers !== 'rows') throw new Error('a source of exports has no rows');
    const { body, headers, mapping } = delivery;
    expect(source.map(envelopeOf(toBytes(body), headers), own)).toEqual([mapping].flat());
  });

  it.each(deliveries.filter((delivery) => delivery.announcement))(
    'announces: $name',
    (delivery) => {
      if (source.delivers !== 'exports') throw new Error('a source of rows announces nothing');
      const reading = source.announcement(envelopeOf(toBytes(delivery.body)), own);
      expect(reading).toEqual(delivery.announcement);
    },
  );

  it('maps only to columns that its layout has', () => {
    if (source.delivers !== 'rows') return;
    const columns = new Set(source.layout(own).columns.map((column) => column.name));
    for (const { body } of deliveries) {
      for (const mapping of source.map(envelopeOf(toBytes(body)), own)) {
        if (mapping.ok) expect(new Set(Object.keys(mapping.row))).toEqual(columns);
      }
    }
  });

  it('never throws, whatever the bytes', () => {
    for (const bytes of [[], [0], [0xff, 0xfe], [0x7b], [0x22, 0x22], [0x5b, 0x5d]]) {
      const body = Uint8Array.from(bytes);
      expect(() => readAtEdge(source, own, body)).not.toThrow();
      if (source.delivers === 'rows') expect(() => source.map(envelopeOf(body), own)).not.toThrow();
      else expect(() => source.announcement(envelopeOf(body), own)).not.toThrow();
    }
  });
});

describe('the fields of a postback', () => {
  const form = 'application/x-www-form-urlencoded';

  it.each<[string, string | undefined, string | null]>([
    ['orderId=N1&tag=a&tag=b', form, '{"orderId":"N1","tag":["a","b"]}'],
    ['orderId=N1&status=p%C5%99ijato+1', undefined, '{"orderId":"N1","status":"přijato 1"}'],
    ['{"total":9007199254740993}', 'text/plain', '{"total":9007199254740993}'],
    [' [{"a":1}]', form, ' [{"a":1}]'],
    ['<order id="N1"></order>', form, null],
    ['{"broken":', 'application/json', null],
    ['a=1', 'text/plain', null],
    ['7', 'application/json', null],
    ['', undefined, null],
  ])('%s, sent as %s', (body, contentType, fields) => {
    const own = resolve(segmentstream({ table: 'crm.hits', fields: true }));
    const type = contentType === undefined ? {} : { contentType };
    const envelope = { ...envelopeOf(toBytes(body)), ...type };
    const [mapping] = sources.segmentstream.map(envelope, own);
    const expected = fields === null ? null : new JsonText(fields);
    expect(mapping).toMatchObject({ ok: true, row: { payload: body, fields: expected } });
    const names = sources.segmentstream.layout(own).columns.map(({ name }) => name);
    expect(mapping?.ok && Object.keys(mapping.row)).toEqual(names);
  });
});

describe('a form whose escapes are no UTF-8', () => {
  const mapped = (body: string, more: Partial<Stream> = {}) => {
    const own = resolve({ ...segmentstream({ table: 'crm.hits', fields: true }), ...more });
    return sources.segmentstream.map(envelopeOf(toBytes(body)), own);
  };
  const reason = 'is not UTF-8: U+FFFD stands for what is not';

  it('has fields with U+FFFD, and says so', () => {
    expect(mapped('name=Ren%E9')).toMatchObject([
      {
        row: { payload: 'name=Ren%E9', fields: new JsonText('{"name":"Ren\ufffd"}') },
        notes: [{ column: 'fields', reason }],
      },
    ]);
  });

  it.each(['name=%EF%BF%BD', 'name=%ef%bf%bd', 'name=\ufffd', 'name=Ren%C3%A9'])(
    'is none where they are: %s',
    (body) => {
      expect(mapped(body)[0]).not.toHaveProperty('notes');
    },
  );

  it('is a dead letter where the stream asks for that, and so are bytes that are no text', () => {
    const strict = { invalidValues: 'dead-letter' } as const;
    expect(mapped('name=Ren%E9', strict)).toMatchObject([{ ok: false, column: 'fields' }]);
    const own = resolve({ ...segmentstream({ table: 'crm.hits' }), ...strict });
    const bytes = toBytes({ base64: '/wCA' });
    expect(sources.segmentstream.map(envelopeOf(bytes), own)).toMatchObject([
      { ok: false, column: 'payload' },
    ]);
    const keyed = resolve(segmentstream({ table: 'crm.hits', key: ['payload'] }));
    expect(sources.segmentstream.map(envelopeOf(bytes), keyed)).toMatchObject([
      { ok: false, column: 'payload' },
    ]);
  });
});

describe('the date of a postback', () => {
  it('needs a time zone that there is', () => {
    const own = () => resolve(segmentstream({ table: 'crm.hits', timeZone: 'Mars/Olympus' }));
    expect(own).toThrow('timeZone');
  });

  it.each([
    ['UTC', '2026-06-05T23:30:00Z', '2026-06-05'],
    ['Europe/Prague', '2026-06-05T23:30:00Z', '2026-06-06'],
    // Two hours from UTC in summer, one in winter: neither zone's midnight stays where it is.
    ['Europe/Prague', '2026-06-05T22:30:00Z', '2026-06-06'],
    ['Europe/Prague', '2026-06-05T21:59:59Z', '2026-06-05'],
    ['Europe/Prague', '2026-12-05T22:30:00Z', '2026-12-05'],
    ['Europe/Prague', '2026-12-05T23:00:00Z', '2026-12-06'],
    ['America/Los_Angeles', '2026-07-01T07:00:00Z', '2026-07-01'],
    ['America/Los_Angeles', '2026-01-01T07:59:59Z', '2025-12-31'],
    ['Australia/Sydney', '2026-01-05T13:00:00Z', '2026-01-06'],
    ['Australia/Sydney', '2026-07-05T13:59:59Z', '2026-07-05'],
    ['+05:30', '2026-06-05T18:30:00Z', '2026-06-06'],
    ['-11:00', '2026-06-05T10:59:59Z', '2026-06-04'],
  ])('in %s, of %s, is %s', (timeZone, time, date) => {
    const own = resolve(segmentstream({ table: 'crm.hits', timeZone }));
    const envelope = { ...envelopeOf(new Uint8Array()), receivedAt: Date.parse(time) };
    expect(sources.segmentstream.map(envelope, own)).toMatchObject([{ row: { date } }]);
  });
});

describe('members of an event that no column takes', () => {
  const event = '{"id":"e1","n":9007199254740993,"event_name":"purchase","ř":{"a":[1, 2]},"n":1}';
  const mapped = (body: string, unknown?: 'keep' | 'refuse') => {
    const own = resolve(datanostro({ table: 'dn.events', ...(unknown && { unknown }) }));
    const columns = sources.datanostro.layout(own).columns.map(({ name }) => name);
    const [mapping] = sources.datanostro.map(envelopeOf(toBytes(body)), own);
    return { mapping, columns };
  };

  it('are kept as they were sent, in a column of their own', () => {
    const { mapping, columns } = mapped(event, 'keep');
    const kept = '{"n":9007199254740993,"ř":{"a":[1, 2]},"n":1}';
    expect(mapping).toMatchObject({
      row: { event_id: 'e1', other_members: new JsonText(kept) },
    });
    expect(columns).toContain('other_members');
    expect(mapped('{"id":"e1"}', 'keep').mapping).toMatchObject({ row: { other_members: null } });
  });

  it('make a dead letter of it', () => {
    expect(mapped(event, 'refuse').mapping).toEqual({
      ok: false,
      reason: 'no column takes 3 of its members',
    });
    expect(mapped('{"id":"e1"}', 'refuse').mapping).toMatchObject({ ok: true });
  });

  it('are left out where nothing is said of them', () => {
    const { mapping, columns } = mapped(event);
    expect(mapping).toMatchObject({ ok: true, row: { event_id: 'e1' } });
    expect(columns).not.toContain('other_members');
  });
});
