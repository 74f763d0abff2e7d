import { describe, expect, it } from 'vitest';
import { readHistorySource } from '../../history/fetch/history-api.ts';
import { defineRelay } from '../../shared/config/define-relay.ts';
import { absmartly } from '../../shared/sources/absmartly.ts';
import { datanostro } from '../../shared/sources/datanostro.ts';
import { readEnvironment, readHealthAddress, readStopTime } from '../../subscriber/environment.ts';

const relay = defineRelay({
  project: 'my-project',
  streams: {
    ab: absmartly({ table: 'ab.exports', apiUrl: 'https://shop.absmartly.com' }),
    shop: datanostro({ table: 'shop.events', history: { url: 'https://app.example.com' } }),
  },
});

/** What reads a stream's API from the environment, and gives its key. */
const readers: [string, string, (environment: NodeJS.ProcessEnv) => string | undefined][] = [
  ['of exports', 'AB', (given) => readEnvironment(given, relay).exportApis.get('ab')?.key],
  [
    'of history',
    'SHOP',
    (given) => {
      const stream = relay.streams.get('shop');
      return stream && readHistorySource(given, stream).header.value.replace('Api-Key ', '');
    },
  ],
];

describe.each(readers)('the API %s', (_, prefix, read) => {
  it('is asked with the key, without the line break of its file', () => {
    expect(read({ [`${prefix}_API_KEY`]: 's3cret\n' })).toBe('s3cret');
  });

  it.each(['s3cret\nrest', 's3cret\u2013x', 's3cret\u0000x', 's3cret\tx'])(
    'has no key such as %j, and it is not printed',
    (key) => {
      const readIt = () => read({ [`${prefix}_API_KEY`]: key });
      expect(readIt).toThrow(`${prefix}_API_KEY contains`);
      expect(readIt).not.toThrow('s3cret');
    },
  );

  it.each([
    'http://app.example.com',
    'http://127.0.0.1.example.com',
    'https://user:word@app.example.com',
    'ftp://app.example.com',
    'app.example.com',
  ])('is not at %s', (url) => {
    const given = { [`${prefix}_API_KEY`]: 'k', [`${prefix}_API_URL`]: url };
    expect(() => read(given)).toThrow(`${prefix}_API_URL`);
  });

  it('may be on this machine', () => {
    const given = { [`${prefix}_API_KEY`]: 'k', [`${prefix}_API_URL`]: 'http://127.0.0.1:9080' };
    expect(read(given)).toBe('k');
  });
});

describe('the APIs of exports', () => {
  const storage = { kind: 'gcs', bucket: 'exports' } as const;
  const several = defineRelay({
    project: 'my-project',
    streams: {
      ab: absmartly({ table: 'ab.exports' }),
      bucket: absmartly({ table: 'ab.bucket', storage }),
      asked: absmartly({ table: 'ab.asked', storage, exportFilter: { tag: 'a' } }),
    },
  });

  it('are needed where exports are fetched, or experiments asked about: all that lacks is told', () => {
    const read = () => readEnvironment({}, several);
    for (const name of ['AB_API_KEY', 'AB_API_URL', 'ASKED_API_KEY', 'ASKED_API_URL']) {
      expect(read).toThrow(name);
    }
    expect(read).not.toThrow('BUCKET');
  });
});

describe('the port of the health checks', () => {
  it.each<[NodeJS.ProcessEnv, number | undefined]>([
    [{}, undefined],
    [{ PORT: '8080' }, 8080],
    [{ HEALTH_PORT: '9', PORT: '8080' }, 9],
    [{ HEALTH_PORT: '', PORT: '65535' }, 65_535],
    [{ HEALTH_PORT: '0' }, 0],
  ])('%j: %s', (given, port) => {
    expect(readHealthAddress(given)?.port).toBe(port);
  });

  it.each(['65536', '-1', '80.5', 'http'])('is not %s', (port) => {
    expect(() => readHealthAddress({ HEALTH_PORT: port })).toThrow(port);
  });
});

describe('the time of a stop', () => {
  it.each([
    [undefined, 8500],
    ['', 8500],
    ['2', 2000],
    ['30', 30_000],
    ['600', 600_000],
  ])(
    '%s: within %i ms, and of them one second and more is for acks and nacks',
    (text, withinMs) => {
      const time = readStopTime(text === undefined ? {} : { STOP_WITHIN_SECONDS: text });
      expect(time.withinMs).toBe(withinMs);
      expect(time.graceMs).toBeGreaterThan(0);
      expect(withinMs - time.graceMs).toBeGreaterThan(1000);
    },
  );

  it.each(['0', '1.9', '-5', '601', 'Infinity', 'soon', '8 s'])('is not %s', (text) => {
    expect(() => readStopTime({ STOP_WITHIN_SECONDS: text })).toThrow('STOP_WITHIN_SECONDS');
  });
});
