import {
  absmartly,
  type Condition,
  datanostro,
  generic,
  hmac,
  jwt,
  type Stream,
  segmentstream,
  token,
} from 'tributary-relay';
import { describe, expectTypeOf, it } from 'vitest';

const table = 'shop.orders';

describe('every source', () => {
  it('makes a stream', () => {
    expectTypeOf(absmartly).returns.toEqualTypeOf<Stream>();
    expectTypeOf(datanostro).returns.toEqualTypeOf<Stream>();
    expectTypeOf(generic).returns.toEqualTypeOf<Stream>();
    expectTypeOf(segmentstream).returns.toEqualTypeOf<Stream>();
  });

  it('needs a table', () => {
    // @ts-expect-error
    absmartly({});
    // @ts-expect-error
    datanostro({});
    // @ts-expect-error
    generic({});
    // @ts-expect-error
    segmentstream({});
  });

  it('takes no source and no name', () => {
    datanostro({
      table,
      // @ts-expect-error
      source: 'generic',
    });
    generic({
      table,
      // @ts-expect-error
      name: 'orders',
    });
  });
});

describe('the options of every stream', () => {
  it('are taken', () => {
    generic({
      table,
      secrets: ['A', 'B'],
      filter: { events: ['a'], event: '^a', where: { field: '$.a', exists: true } },
      key: ['event_id'],
      replayWindow: '15m',
      invalidValues: 'dead-letter',
      maxBodyBytes: 1,
      publishBudgetMs: 100,
      allowedAddresses: ['192.0.2.1'],
      acceptedStatus: 200,
      acceptsGet: true,
      handshake: 'slack',
    });
  });

  it('are refused at their key', () => {
    generic({
      // @ts-expect-error
      table: 'orders',
      // @ts-expect-error
      secrets: 'ORDERS_SECRET',
      // @ts-expect-error
      filter: '^order',
      // @ts-expect-error
      key: 'event_id',
      // @ts-expect-error
      replayWindow: '15 min',
      // @ts-expect-error
      invalidValues: 'drop',
      // @ts-expect-error
      maxBodyBytes: '1 MiB',
      // @ts-expect-error
      publishBudgetMs: '1s',
      // @ts-expect-error
      allowedAddresses: '192.0.2.1',
      // @ts-expect-error
      acceptedStatus: 202,
      // @ts-expect-error
      acceptsGet: 'yes',
    });
    generic({
      table,
      // @ts-expect-error
      handshake: 'github',
    });
  });
});

describe('a filter', () => {
  it('takes conditions in one another', () => {
    expectTypeOf<{
      all: [{ field: '$.a'; gte: 1 }, { not: { field: '$.b'; in: [1n, null] } }];
    }>().toExtend<Condition>();
  });

  it('is refused at its key', () => {
    datanostro({
      table,
      filter: {
        // @ts-expect-error
        event: /^order/,
        // @ts-expect-error
        events: 'order',
      },
    });
    datanostro({
      table,
      // @ts-expect-error
      filter: { name: 'order' },
    });
    datanostro({
      table,
      filter: {
        // @ts-expect-error
        unsigned: false,
        events: ['order'],
      },
    });
    datanostro({
      table,
      // @ts-expect-error
      filter: { where: { field: '$.a', equals: new Date() } },
    });
    datanostro({
      table,
      // @ts-expect-error
      filter: { where: { path: '$.a', equals: 1 } },
    });
  });
});

describe('the shape of events', () => {
  it('is taken', () => {
    generic({
      table,
      body: ['json', 'form'],
      each: 'lines',
      event: ['$.type', 'header:x-action | body:$.action'],
      id: 'query:id | delivery:id',
      time: { from: '$.created', unit: 's' },
      columns: {
        name: { type: 'STRING', from: 'event:name', required: true, description: 'Its name' },
        at: { type: 'TIMESTAMP', from: 'event:time', unit: 'ms' },
      },
    });
  });

  it('is refused at its key', () => {
    generic({
      table,
      // @ts-expect-error
      body: 'xml',
      // @ts-expect-error
      each: 'events',
      // @ts-expect-error
      event: 'type',
      // @ts-expect-error
      id: ['headers:x-id'],
      // @ts-expect-error
      time: 'delivery:time',
    });
    generic({
      table,
      // @ts-expect-error
      time: { from: '$.created', unit: 'min' },
    });
  });

  it('has columns, which are refused at theirs', () => {
    generic({
      table,
      columns: {
        // @ts-expect-error
        a: { type: 'STRING' },
        b: {
          // @ts-expect-error
          type: 'RECORD',
          from: '$.b',
        },
        c: {
          type: 'JSON',
          // @ts-expect-error
          from: 'c',
        },
        // @ts-expect-error
        d: { type: 'INT64', from: '$.d', unit: 's' },
        e: {
          type: 'STRING',
          from: '$.e',
          // @ts-expect-error
          nullable: true,
        },
      },
    });
  });
});

describe('generic', () => {
  it('takes a scheme by its name', () => {
    generic({ table, scheme: 'standard-webhooks' });
    generic({
      table,
      // @ts-expect-error
      scheme: 'standardWebhooks',
    });
  });

  it('takes a scheme of its own', () => {
    generic({ table, scheme: hmac({ signature: 'header:x-acme' }), handshake: 'probe' });
    generic({ table, scheme: token('x-acme') });
    generic({ table, scheme: jwt({ signature: 'header:x-acme', bodyHash: 'body' }, 'ES256') });
    generic({
      table,
      scheme: hmac({ signature: 'header:x-acme' }),
      // @ts-expect-error
      handshake: 'x',
    });
    generic({
      table,
      // @ts-expect-error
      scheme: { signature: 'header:x-acme' },
    });
    segmentstream({ table, scheme: token('x-acme') });
    segmentstream({
      table,
      // @ts-expect-error
      scheme: hmac({ signature: 'header:x-acme' }),
    });
  });

  it('takes the handshakes x and zoom with their own schemes alone', () => {
    generic({ table, scheme: 'x', handshake: 'x' });
    generic({ table, scheme: 'zoom', handshake: 'zoom' });
    generic({
      table,
      scheme: 'github',
      // @ts-expect-error
      handshake: 'x',
    });
    generic({
      table,
      // @ts-expect-error
      handshake: 'zoom',
    });
  });
});

describe('datanostro', () => {
  it('takes options of its own', () => {
    datanostro({
      table,
      unknown: 'keep',
      history: { url: 'https://app.example.com', path: '/v2/export', header: 'X-Key: {key}' },
      moreColumns: { sku: { type: 'STRING', from: '$.sku' } },
    });
  });

  it('refuses them at their key', () => {
    datanostro({
      table,
      // @ts-expect-error
      unknown: 'drop',
      history: {
        url: 'https://app.example.com',
        // @ts-expect-error
        path: 'v2/export',
        // @ts-expect-error
        header: 'X-Key: secret',
      },
    });
  });

  it('refuses what its signature does not allow, and the options of other sources', () => {
    datanostro({
      table,
      // @ts-expect-error
      acceptsGet: true,
    });
    datanostro({
      table,
      // @ts-expect-error
      replayWindow: '15m',
    });
    datanostro({
      table,
      // @ts-expect-error
      scheme: 'github',
    });
    datanostro({
      table,
      // @ts-expect-error
      columns: {},
    });
    datanostro({
      table,
      // @ts-expect-error
      handshake: 'x',
    });
  });
});

describe('segmentstream', () => {
  it('takes options of its own', () => {
    segmentstream({ table, scheme: 'bearer', timeZone: '+02:00', fields: true, acceptsGet: true });
  });

  it('refuses a scheme that signs', () => {
    segmentstream({
      table,
      // @ts-expect-error
      scheme: 'github',
    });
  });

  it('refuses what a raw, unsigned body does not allow', () => {
    segmentstream({
      table,
      // @ts-expect-error
      filter: { event: 'order' },
    });
    segmentstream({
      table,
      // @ts-expect-error
      replayWindow: '15m',
    });
    segmentstream({
      table,
      // @ts-expect-error
      each: '$',
    });
  });
});

describe('absmartly', () => {
  it('takes options of its own', () => {
    absmartly({
      table,
      scheme: 'api-key',
      apiUrl: 'https://acme.absmartly.com',
      tablePerExperiment: true,
      exportFilter: { team: 'Growth' },
      storage: { kind: 's3', bucket: 'exports', prefix: 'a/', endpoint: 'https://s3', region: 'x' },
      schema: { unit_id: 'STRING', raw: 'BYTES' },
      encoding: 'windows-1252',
      delimiter: ';',
    });
    absmartly({ table, schema: 'bigquery' });
  });

  it('refuses them at their key', () => {
    absmartly({
      table,
      // @ts-expect-error
      scheme: 'stripe',
      // @ts-expect-error
      exportFilter: {},
      storage: {
        // @ts-expect-error
        kind: 'azure',
        bucket: 'exports',
      },
      schema: {
        // @ts-expect-error
        unit: 'RECORD',
      },
      // @ts-expect-error
      delimiter: '::',
    });
    absmartly({
      table,
      // @ts-expect-error
      schema: 'auto',
    });
    absmartly({
      table,
      // @ts-expect-error
      storage: { kind: 'gcs' },
    });
  });

  it('refuses the options of streams of rows', () => {
    absmartly({
      table,
      // @ts-expect-error
      key: ['unit_id'],
    });
    absmartly({
      table,
      // @ts-expect-error
      invalidValues: 'null',
    });
    absmartly({
      table,
      // @ts-expect-error
      moreColumns: {},
    });
    absmartly({
      table,
      // @ts-expect-error
      replayWindow: '15m',
    });
  });
});
