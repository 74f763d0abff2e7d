import {
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
      log: 'all',
      refused: { keep: 20, bodyBytes: 512 },
      streams,
    });
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
