import { describe, expect, it } from 'vitest';
import type { RelayOptions, Stream, TableName } from '../../../shared/config/config.ts';
import { defineRelay } from '../../../shared/config/define-relay.ts';
import { secretPrefix } from '../../../shared/config/secrets.ts';
import { RelayError } from '../../../shared/errors.ts';
import type { ReplayWindow } from '../../../shared/signatures/timestamp.ts';
import { absmartly } from '../../../shared/sources/absmartly.ts';
import { datanostro } from '../../../shared/sources/datanostro.ts';
import { generic } from '../../../shared/sources/generic.ts';
import { mixpanel, stripe } from '../../../shared/sources/presets.ts';
import { segmentstream } from '../../../shared/sources/segmentstream.ts';
import { relay as ownRelay } from '../../../tributary.config.ts';

const table = 'sales.events';

function problemsOf(options: RelayOptions): string {
  try {
    defineRelay(options);
  } catch (error) {
    expect(error).toBeInstanceOf(RelayError);
    expect((error as RelayError).code).toBe('config.invalid');
    return (error as RelayError).message;
  }
  throw new Error('the config was taken');
}

describe('defineRelay', () => {
  it('fills in what is left out', () => {
    const relay = defineRelay({
      project: 'my-project',
      streams: { 'shop-eu': datanostro({ table }), crm: segmentstream({ table }) },
    });
    expect(relay).toMatchObject({
      location: 'EU',
      topic: 'tributary',
      subscription: 'tributary-bigquery',
      deadLetters: 'tributary.dead_letters',
    });
    expect(relay.streams.get('shop-eu')).toEqual({
      name: 'shop-eu',
      source: 'datanostro',
      scheme: 'datanostro',
      table,
      secrets: ['SHOP_EU_SECRET'],
      maxBodyBytes: 1_048_576,
      publishBudgetMs: 2500,
    });
    expect(relay.streams.get('crm')?.secrets).toEqual(['CRM_KEY']);
  });

  it('keeps what is set', () => {
    const stream = absmartly({
      table,
      apiUrl: 'https://acme.absmartly.com',
      tablePerExperiment: true,
      secrets: ['NEW_KEY', 'OLD_KEY'],
      maxBodyBytes: 7_340_032,
      publishBudgetMs: 900,
    });
    const relay = defineRelay({ project: 'my-project', streams: { exports: stream } });
    expect(relay.streams.get('exports')).toEqual({ ...stream, name: 'exports' });
  });

  it('reports every problem at once, each with its path', () => {
    const text = problemsOf({
      project: 'My Project',
      deadLetters: 'nodataset' as TableName,
      streams: {
        Shop: datanostro({ table }),
        a: datanostro({ table: 'events' as TableName }),
        b: segmentstream({ table, timeZone: 'Mars Olympus' }),
        c: datanostro({ table, maxBodyBytes: 7_340_033 }),
        d: datanostro({ table, secrets: ['hunter2'] }),
        e: datanostro({ table, filter: { event: '(purchase' } }),
        f: absmartly({ table, apiUrl: 'http://acme' }),
      },
    });
    for (const path of [
      'project',
      'deadLetters',
      'streams.Shop',
      'streams.a.table',
      'streams.b.timeZone',
      'streams.c.maxBodyBytes',
      'streams.d.secrets.0',
      'streams.e.filter.event',
      'streams.f.apiUrl',
    ]) {
      expect(text).toContain(`  ${path} `);
    }
    expect(text).toContain('9 problems');
  });

  it.each([
    ['a value that there is not', { ...datanostro({ table }), invalidValues: 'drop' }],
    [
      'a stream of files',
      { ...absmartly({ table, apiUrl: 'https://acme.example' }), invalidValues: 'null' },
    ],
  ])('refuses invalidValues of %s', (_, stream) => {
    const streams = { a: stream as Stream };
    expect(problemsOf({ project: 'my-project', streams })).toContain('streams.a.invalidValues');
  });

  it('names a misspelt setting', () => {
    const stream = { ...datanostro({ table }), filters: { event: 'x' } };
    expect(problemsOf({ project: 'my-project', streams: { a: stream } })).toContain(
      'streams.a.filters',
    );
  });

  // Found by test/fuzz/config.test.ts.
  it.each([[Object.create(null)], [Symbol('x')], [[]], [7]])(
    'reports a path and a place that are no text',
    (odd) => {
      const stream = generic({
        table,
        scheme: 'bearer',
        columns: { a: { type: 'STRING', from: odd } },
        filter: { where: { field: odd, equals: 1 } },
      });
      const message = problemsOf({ project: 'my-project', streams: { own: stream } });
      expect(message).toContain('streams.own.filter.where.field is no path');
      expect(message).toContain('streams.own.columns.a.from');
    },
  );

  it.each([
    ['(?=purchase)', 'at character 1: '],
    ['a**', 'at character 2: '],
    ['x(a+)+$', 'at character 2: (a+)+ '],
  ])('says where a pattern is refused: %s', (event, message) => {
    const streams = { a: datanostro({ table, filter: { event } }) };
    const text = problemsOf({ project: 'my-project', streams });
    expect(text).toContain(`streams.a.filter.event is refused ${message}`);
    expect(text.split('\n')).toHaveLength(2);
  });

  it.each([null, undefined, 7])('refuses a stream that is %s', (stream) => {
    const streams = { a: stream as unknown as Stream };
    expect(problemsOf({ project: 'my-project', streams })).toContain('streams.a ');
  });

  it('takes the config of this repository', () => {
    expect([...ownRelay.streams.keys()]).toEqual(['datanostro', 'absmartly', 'crm']);
  });
});

describe('secretPrefix', () => {
  it('is the stream’s name as an environment variable has it', () => {
    expect(secretPrefix('crm-eu_2')).toBe('CRM_EU_2');
  });
});

describe('settings that must agree', () => {
  const { scheme: _, ...shop } = datanostro({ table });

  it('asks for the public URL where senders sign it', () => {
    const streams = { pay: { ...shop, scheme: 'square' as const } };
    const text = problemsOf({ project: 'my-project', streams });
    expect(text).toContain('  publicUrl must be set');
    expect(text).toContain('"pay"');
    const publicUrl = 'https://hooks.example.com/';
    const relay = defineRelay({ project: 'my-project', publicUrl, streams });
    expect(relay.publicUrl).toBe('https://hooks.example.com');
  });

  it.each(['x', 'zoom'] as const)(
    '%s answers challenges only beside its own scheme',
    (handshake) => {
      const own = { a: { ...shop, scheme: handshake, handshake } };
      expect(() => defineRelay({ project: 'my-project', streams: own })).not.toThrow();
      const other = { a: { ...datanostro({ table }), handshake } };
      expect(problemsOf({ project: 'my-project', streams: other })).toContain(
        'streams.a.handshake',
      );
    },
  );

  it('takes any scheme that shows a secret from senders that do not sign, and no other', () => {
    const apiUrl = 'https://acme.absmartly.com';
    const streams = {
      a: absmartly({ table, apiUrl, scheme: 'bearer' }),
      b: segmentstream({ table, scheme: 'basic' }),
      c: mixpanel({ table, scheme: 'api-key' }),
      // @ts-expect-error: SegmentStream signs nothing
      d: segmentstream({ table, scheme: 'github' }),
    };
    const relay = defineRelay({ project: 'my-project', streams });
    expect([...relay.streams.values()].map(({ scheme, secrets }) => [scheme, secrets])).toEqual([
      ['bearer', ['A_SECRET']],
      ['basic', ['B_SECRET']],
      ['api-key', ['C_SECRET']],
      ['github', ['D_SECRET']],
    ]);
  });

  it('refuses two streams with one default secret; one that both name is meant', () => {
    const own = { 'crm-eu': datanostro({ table }), crm_eu: datanostro({ table }) };
    expect(problemsOf({ project: 'my-project', streams: own })).toContain(
      'streams.crm_eu.secrets must be set: "crm-eu" has the default secret CRM_EU_SECRET too',
    );
    const keyed = { ...own, crm_eu: segmentstream({ table }) };
    expect(() => defineRelay({ project: 'my-project', streams: keyed })).not.toThrow();
    const named = { ...own, crm_eu: datanostro({ table, secrets: ['CRM_EU_SECRET'] }) };
    expect(() => defineRelay({ project: 'my-project', streams: named })).not.toThrow();
  });

  it.each(['192.0.2.256', '192.0.2.0/33', '2001:db8::/129', 'example.com'])(
    'refuses the address block %s',
    (block) => {
      const streams = { a: datanostro({ table, allowedAddresses: ['192.0.2.0/24', block] }) };
      expect(problemsOf({ project: 'my-project', streams })).toContain(
        'streams.a.allowedAddresses.1',
      );
    },
  );

  it('takes the public URL of an edge below a path, and signs no slash at its end', () => {
    const streams = { pay: { ...shop, scheme: 'square' as const } };
    const publicUrl = 'https://hooks.example.com/a/b//';
    expect(defineRelay({ project: 'my-project', publicUrl, streams }).publicUrl).toBe(
      'https://hooks.example.com/a/b',
    );
  });

  it('takes up to four live secrets', () => {
    const secrets = ['A', 'B', 'C', 'D'];
    const own = { a: datanostro({ table, secrets }) };
    expect(defineRelay({ project: 'my-project', streams: own }).streams.get('a')?.secrets).toEqual(
      secrets,
    );
    const more = { a: datanostro({ table, secrets: [...secrets, 'E'] }) };
    expect(problemsOf({ project: 'my-project', streams: more })).toContain('streams.a.secrets');
  });

  it.each(['90s', '15m', '25h', '3d', false] as const)('takes the replay window %s', (window) => {
    const streams = { a: stripe({ table, replayWindow: window }) };
    const relay = defineRelay({ project: 'my-project', streams });
    expect(relay.streams.get('a')?.replayWindow).toBe(window);
  });

  it.each(['', '90', '0s', '-1h', '1.5h', '1h30m', '1w', 90, true, null])(
    'refuses the replay window %j',
    (window) => {
      const streams = { a: stripe({ table, replayWindow: window as ReplayWindow }) };
      expect(problemsOf({ project: 'my-project', streams })).toContain(
        'streams.a.replayWindow must',
      );
    },
  );

  it('refuses a replay window where no time is signed', () => {
    const streams = {
      a: { ...datanostro({ table }), replayWindow: '1h' as const },
      b: { ...mixpanel({ table }), replayWindow: false as const },
    };
    const text = problemsOf({ project: 'my-project', streams });
    expect(text).toContain('streams.a.replayWindow does nothing here: "datanostro" signs no time');
    expect(text).toContain('streams.b.replayWindow');
  });

  it('takes a key of columns that the table has', () => {
    const streams = { a: datanostro({ table, key: ['event_id', 'tenant_id'] }) };
    const relay = defineRelay({ project: 'my-project', streams });
    expect(relay.streams.get('a')?.key).toEqual(['event_id', 'tenant_id']);
  });

  it.each<[string, string[], string]>([
    ['no column', ['event_id', 'id'], 'streams.a.key.1'],
    ['a JSON', ['payload'], 'streams.a.key.0'],
    ['one column twice', ['event_id', 'event_id'], 'streams.a.key'],
    ['nothing', [], 'streams.a.key'],
    ['17 columns', Array.from({ length: 17 }, () => 'event_id'), 'streams.a.key'],
  ])('refuses a key of %s', (_, key, path) => {
    const streams = { a: datanostro({ table, key }) };
    expect(problemsOf({ project: 'my-project', streams })).toContain(path);
  });

  it('refuses a key for a stream of files', () => {
    const apiUrl = 'https://acme.absmartly.com';
    const streams = { a: { ...absmartly({ table, apiUrl }), key: ['unit_id'] } };
    expect(problemsOf({ project: 'my-project', streams })).toContain('streams.a.key');
  });
});
