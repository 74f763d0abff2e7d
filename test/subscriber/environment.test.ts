import { describe, expect, it } from 'vitest';
import { defineRelay } from '../../shared/config.ts';
import { absmartly } from '../../shared/sources/absmartly.ts';
import { datanostro } from '../../shared/sources/datanostro.ts';
import { readHistorySource } from '../../subscriber/backfill/history-api.ts';
import { readEnvironment } from '../../subscriber/environment.ts';

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
      expect(readIt).toThrow(`${prefix}_API_KEY holds`);
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
