import {
  type AlertReceiver,
  datanostro,
  defineRelay,
  type Relay,
  type RelayOptions,
  type Stream,
} from 'tributary-relay';
import { describe, expectTypeOf, it } from 'vitest';

const streams = { shop: datanostro({ table: 'shop.events' }) };

describe('defineRelay', () => {
  it('takes a project and streams, and gives a relay', () => {
    expectTypeOf(defineRelay({ project: 'my-project', streams })).toEqualTypeOf<Relay>();
    expectTypeOf<RelayOptions['streams']>().toEqualTypeOf<Record<string, Stream>>();
  });

  it('takes every option', () => {
    defineRelay({
      project: 'my-project',
      location: 'europe-west3',
      topic: 'webhooks',
      subscription: 'webhooks-bigquery',
      deadLetters: 'webhooks.dead_letters',
      publicUrl: 'https://hooks.example.com',
      alerts: {
        receivers: [{ url: 'ALERTS_URL', format: 'teams', streams: ['shop'], heartbeat: '1d' }],
        window: '1h',
        deadLetters: 10,
        tableRefused: '5m',
        freshness: false,
        silentAfter: '6h',
        overflow: 5,
        unauthorized: 0.5,
        unauthorizedCount: 10,
        streams: { shop: { silentAfter: 'learned', deadLetters: false } },
        every: '2m',
        clearAfter: '10m',
        bigqueryAway: '10m',
        consoleUrl: 'https://relay.example.com',
      },
      log: 'all',
      refused: { keep: 20, bodyBytes: 512 },
      streams,
    });
  });

  it('refuses alerts without a receiver, of another format, or without a unit', () => {
    // @ts-expect-error
    defineRelay({ project: 'my-project', streams, alerts: {} });
    const receivers = [{ url: 'ALERTS_URL', format: 'slack' }] as const;
    // @ts-expect-error
    defineRelay({ project: 'my-project', streams, alerts: { receivers, every: '60' } });
    // @ts-expect-error
    defineRelay({ project: 'my-project', streams, alerts: { receivers, silentAfter: true } });
    // @ts-expect-error
    const irc = [{ url: 'ALERTS_URL', format: 'irc' }] satisfies AlertReceiver[];
    expectTypeOf(irc).not.toBeAny();
  });

  it('refuses an unknown log, and unknown options of what is kept of refused deliveries', () => {
    // @ts-expect-error
    defineRelay({ project: 'my-project', streams, log: 'none' });
    // @ts-expect-error
    defineRelay({ project: 'my-project', streams, refused: { headers: true } });
  });

  it('refuses to do without a project, or without streams', () => {
    // @ts-expect-error
    defineRelay({ streams });
    // @ts-expect-error
    defineRelay({ project: 'my-project' });
  });

  it('refuses a table without a dataset', () => {
    defineRelay({
      project: 'my-project',
      // @ts-expect-error
      deadLetters: 'dead_letters',
      streams,
    });
  });

  it('refuses an option that there is not', () => {
    defineRelay({
      project: 'my-project',
      // @ts-expect-error
      projectId: 'my-project',
      streams,
    });
  });

  it('refuses what no source has made', () => {
    defineRelay({
      project: 'my-project',
      streams: {
        // @ts-expect-error
        shop: { table: 'shop.events' },
      },
    });
    defineRelay({
      project: 'my-project',
      // @ts-expect-error
      streams: [datanostro({ table: 'shop.events' })],
    });
  });
});
