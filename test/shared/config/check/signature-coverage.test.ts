import { describe, expect, it } from 'vitest';
import type { Stream } from '../../../../shared/config/config.ts';
import { defineRelay } from '../../../../shared/config/define-relay.ts';
import { RelayError } from '../../../../shared/errors.ts';
import type { Filter } from '../../../../shared/filters/condition.ts';
import { filterOf } from '../../../../shared/filters/filter.ts';
import { datanostro } from '../../../../shared/sources/datanostro.ts';
import { generic } from '../../../../shared/sources/generic.ts';
import {
  adyen,
  github,
  mailgun,
  messagebird,
  meta,
  paypal,
  plivo,
  pusher,
  sentry,
  shopify,
  standardWebhooks,
  stripe,
  svix,
  twilio,
  twitch,
  xero,
} from '../../../../shared/sources/presets.ts';
import { segmentstream } from '../../../../shared/sources/segmentstream.ts';

function problemsOf(stream: Stream): string {
  try {
    defineRelay({
      project: 'my-project',
      publicUrl: 'https://hooks.example.com',
      streams: { own: stream },
    });
    return '';
  } catch (error) {
    if (!(error instanceof RelayError)) throw error;
    return error.message;
  }
}

const table = 'in.events';
const svixFirst = 'header:svix-id | header:webhook-id';
const webhookFirst = 'header:webhook-id | header:svix-id';
const byName: Filter = { event: '^a' };
const byField: Filter = { where: { field: '$.a', equals: 1 } };
const eventCode = '$.NotificationRequestItem.eventCode';

describe('a filter on what is signed is taken', () => {
  it.each<[string, Stream]>([
    ['a name in the body', stripe({ table, filter: byName })],
    ['a field of the body', github({ table, filter: byField })],
    ['a name in the body beside one in a header', twitch({ table, filter: byName })],
    ['a field of a signed form', twilio({ table, filter: byName })],
    ['a field that is signed by itself', adyen({ table, filter: byName })],
    ['a field of a body whose hash is signed', messagebird({ table, filter: byField })],
    ['a field of plivo’s signed form', plivo({ table, filter: byName })],
    ['an item of a signed body', pusher({ table, filter: { ...byName, ...byField } })],
    ['the vendor’s name', datanostro({ table, filter: { ...byName, ...byField } })],
    [
      'a header that is signed',
      generic({ table, scheme: 'svix', event: 'header:svix-id', filter: byName }),
    ],
    [
      'a header under either of its names, the first one first',
      generic({ table, scheme: 'svix', event: svixFirst, filter: byName }),
    ],
    [
      'the same where the other name is the first',
      generic({ table, scheme: 'openai', event: webhookFirst, filter: byName }),
    ],
    [
      'a header beside the key itself',
      generic({ table, event: 'header:x-event', filter: { ...byName, ...byField } }),
    ],
  ])('%s', (_, stream) => {
    expect(problemsOf(stream)).toBe('');
  });
});

describe('a filter on what is not signed is refused', () => {
  it.each<[string, Stream, string]>([
    [
      'github’s header',
      github({ table, filter: byName }),
      'filter looks at the header x-github-event',
    ],
    ['shopify’s header', shopify({ table, filter: { events: ['a'] } }), 'x-shopify-topic'],
    ['sentry’s header', sentry({ table, filter: byName }), 'sentry-hook-resource'],
    [
      'a signed part joined with an unsigned one',
      stripe({ table, event: ['$.type', 'header:x-kind'], filter: byName }),
      'x-kind',
    ],
    ['paypal’s event', paypal({ table, filter: byName }), '"paypal" does not sign'],
    ['mailgun’s event', mailgun({ table, filter: byName }), '"mailgun" does not sign'],
    ['mailgun’s fields', mailgun({ table, filter: byField }), 'filter.where looks at what'],
    ['another field of adyen’s item', adyen({ table, filter: byField }), 'filter.where'],
    [
      'adyen’s fields where they are not the signed ones',
      adyen({ table, each: '$.others', event: eventCode, filter: byName }),
      'does not sign',
    ],
    [
      'the fields of a body that is not the signed form',
      twilio({ table, body: 'json', filter: byName }),
      'does not sign',
    ],
    ['names that a stream does not say', generic({ table, filter: byName }), 'set event'],
    ['names of postbacks', { ...segmentstream({ table }), filter: byName }, 'set event'],
    ['fields of postbacks', { ...segmentstream({ table }), filter: byField }, 'keeps bodies raw'],
  ])('%s', (_, stream, message) => {
    expect(problemsOf(stream)).toContain(message);
  });
});

describe('a filter on what is not signed is taken if the config says so', () => {
  const unsigned = true as const;

  it.each<[string, Stream]>([
    ['a topic in a header', shopify({ table, filter: { unsigned, events: ['orders/create'] } })],
    ['a pattern of one', github({ table, filter: { unsigned, ...byName } })],
    ['fields that no signature covers', mailgun({ table, filter: { unsigned, ...byField } })],
    ['a body of which a checksum is signed', paypal({ table, filter: { unsigned, ...byName } })],
  ])('%s', (_, stream) => {
    expect(problemsOf(stream)).toBe('');
  });

  it.each<[string, Stream, string]>([
    [
      'without need',
      stripe({ table, filter: { unsigned, ...byName } }),
      'filter.unsigned does nothing here',
    ],
    [
      'with a key in the path',
      generic({ table, event: 'header:x', filter: { unsigned, ...byName } }),
      'filter.unsigned does nothing',
    ],
    ['alone', shopify({ table, filter: { unsigned } }), 'filter.unsigned does nothing here'],
    [
      'as another word',
      shopify({ table, filter: { unsigned: 'yes' as unknown as true, ...byName } }),
      'filter.unsigned may only be true',
    ],
    [
      'for a name that there is not',
      xero({ table, event: [], filter: { unsigned, ...byName } }),
      'filter',
    ],
    [
      'for one item of several',
      meta({ table, filter: { unsigned, ...byName } }),
      '$.changes[].field',
    ],
  ])('not %s', (_, stream, message) => {
    expect(problemsOf(stream)).toContain(message);
  });

  it('and drops by that name', () => {
    const { passes } = filterOf(
      shopify({ table, filter: { unsigned, events: ['orders/create'] } }),
    );
    expect([passes({ name: 'orders/create' }), passes({ name: 'orders/paid' })]).toEqual([
      true,
      false,
    ]);
  });

  it('a key is never excepted', () => {
    const stream = shopify({ table, key: ['event_id'], filter: { unsigned, ...byName } });
    expect(problemsOf(stream)).toContain(
      'key.0 "event_id" comes from the header x-shopify-webhook-id',
    );
  });
});

describe('a filter on names sees whole events', () => {
  it('not the first item of several', () => {
    const problem = problemsOf(meta({ table, filter: byName }));
    expect(problem).toContain("where: { field: '$.changes[].field', … }");
    const where = { field: '$.changes[].field', equals: 'mention' };
    const stream = meta({ table, filter: { where } });
    expect(problemsOf(stream)).toBe('');
    const json = '{"changes":[{"field":"feed"},{"field":"mention"}]}';
    expect(filterOf(stream).passes({ name: 'feed', json })).toBe(true);
    expect(filterOf(stream).passes({ name: 'feed', json: '{"messaging":[{}]}' })).toBe(false);
  });
});

describe('a key', () => {
  const key = ['event_id'];
  const moreColumns = { order: { type: 'INT64', from: '$.id' } } as const;

  it.each<[string, Stream]>([
    ['an id in the signed body', stripe({ table, key })],
    ['signed fields of an item', adyen({ table, key })],
    ['a signed header', twitch({ table, key })],
    ['a column of the body beside an unsigned id', github({ table, key: ['order'], moreColumns })],
    ['a header beside the key itself', generic({ table, id: 'header:x-id', key })],
    ['a header under either of its names', svix({ table, key })],
    ['the same where the other name is the first', standardWebhooks({ table, key })],
    [
      'a column of a header under either of its names',
      svix({
        table,
        key: ['own'],
        moreColumns: { own: { type: 'STRING', from: svixFirst } },
      }),
    ],
    ['the relay’s own', github({ table, key: ['delivery_id'] })],
  ])('is taken: %s', (_, stream) => {
    expect(problemsOf(stream)).toBe('');
  });

  it.each<[string, Stream, string]>([
    ['an unsigned header', github({ table, key }), 'key.0 "event_id" comes from the header x-git'],
    // Who has seen a delivery with the one set of headers may add the others to it.
    [
      'a header under the second name first',
      svix({ table, id: webhookFirst, key }),
      'key.0 "event_id" comes from the header webhook-id',
    ],
    [
      'a header under the second name alone',
      svix({ table, id: 'header:webhook-id', key }),
      'key.0 "event_id" comes from the header webhook-id',
    ],
    [
      'a header behind one that is not signed',
      svix({ table, id: 'header:x-id | header:svix-id | header:webhook-id', key }),
      'key.0 "event_id" comes from the header x-id',
    ],
    [
      'a column of the second name alone',
      svix({ table, key: ['own'], moreColumns: { own: { type: 'STRING', from: webhookFirst } } }),
      'key.0 "own" comes from the header webhook-id',
    ],
    ['a name in one', shopify({ table, id: '$.id', key: ['event_id', 'event_name'] }), 'key.1'],
    ['a body that is not signed', mailgun({ table, key }), '"mailgun" does not sign'],
    ['no id', xero({ table, key }), 'key.0 "event_id" is new with every delivery'],
  ])('is refused: %s', (_, stream, message) => {
    expect(problemsOf(stream)).toContain(message);
  });
});

describe('a shape is refused, with its path', () => {
  const column = (shape: object) => ({ columns: { a: shape } });

  it.each<[{ [Option in keyof Stream]?: unknown }, string]>([
    [{ each: 'events' }, 'streams.own.each'],
    [{ event: '$.a..b' }, 'streams.own.event is no path, at character 4 of $.a..b'],
    [{ event: '$.items[].name' }, 'streams.own.event names many values'],
    [{ id: 'headers:x' }, 'streams.own.id names no place'],
    [{ id: 'header:x y' }, 'streams.own.id names no header'],
    [{ id: 'header:Authorization' }, 'holds credentials'],
    [{ time: 'delivery:time' }, '"time" is none of id, received_at'],
    [{ time: { from: '$.t', unit: 'min' } }, 'streams.own.time'],
    [{ body: 'xml' }, 'streams.own.body'],
    [column({ type: 'STRING', from: '$.' }), 'streams.own.columns.a.from'],
    [column({ type: 'RECORD', from: '$' }), 'streams.own.columns.a.type'],
    [column({ type: 'JSON', from: '$', unit: 's' }), 'streams.own.columns.a.unit'],
    [column({ type: 'JSON' }), 'streams.own.columns.a.from'],
    [column({ type: 'JSON', from: '$', form: 1 }), 'streams.own.columns.a.form'],
    [{ columns: { '1st': { type: 'JSON', from: '$' } } }, 'streams.own.columns.1st'],
    [{ columns: { _PARTITIONTIME: { type: 'JSON', from: '$' } } }, 'columns._PARTITIONTIME'],
    [{ columns: {} }, 'streams.own.columns'],
    [
      {
        columns: Object.fromEntries(
          Array.from({ length: 51 }, (_, n) => [`c${n}`, { type: 'STRING', from: `header:h${n}` }]),
        ),
      },
      'more than 50 headers',
    ],
  ])('%o', (shape, message) => {
    expect(problemsOf({ ...generic({ table }), ...shape } as Stream)).toContain(message);
  });

  it('of what is no stream at all', () => {
    for (const broken of [
      { columns: { a: null } },
      { time: null },
      { event: 7 },
      { scheme: 'x-y' },
    ]) {
      const stream = { ...generic({ table }), ...broken } as unknown as Stream;
      expect(problemsOf(stream)).toContain(`streams.own.${Object.keys(broken)[0]}`);
    }
  });
});
