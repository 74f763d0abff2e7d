import { expect, it } from 'vitest';
import { defineRelay } from '../../../shared/config/define-relay.ts';
import type { HistoryApi } from '../../../shared/config/history-settings.ts';
import { datanostro } from '../../../shared/sources/datanostro.ts';

const define = (history: HistoryApi) =>
  defineRelay({
    project: 'my-project',
    streams: { shop: datanostro({ table: 'sales.events', history }) },
  });

it.each<HistoryApi>([
  { url: 'https://app.example.com' },
  { url: 'https://app.example.com/eu/', path: '/v2/export', header: 'X-Api-Key: {key}' },
  { url: 'http://127.0.0.1:9080', header: 'authorization: Bearer {key}' },
  { url: 'http://[::1]:9080' },
])('takes %j', (history) => {
  expect(define(history).streams.get('shop')?.history).toEqual(history);
});

it.each<[Record<string, string>, string]>([
  [{ url: 'app.example.com' }, 'history.url'],
  [{ url: 'http://app.example.com' }, 'history.url'],
  [{ url: 'http://127.0.0.1.example.com' }, 'history.url'],
  [{ url: 'https://user:word@app.example.com' }, 'history.url'],
  [{ url: 'https://app.example.com/?key=1' }, 'history.url'],
  [{ url: 'https://a.example', path: 'v1/export' }, 'history.path'],
  [{ url: 'https://a.example', path: '//b.example/export' }, 'history.path'],
  [{ url: 'https://a.example', path: '/\\b.example' }, 'history.path'],
  [{ url: 'https://a.example', path: '/export?x=1' }, 'history.path'],
  [{ url: 'https://a.example', header: 'X-Api-Key: secret' }, 'history.header'],
  [{ url: 'https://a.example', header: 'X-Api-Key: {key}\r\nHost: b' }, 'history.header'],
])('refuses %j', (history, path) => {
  expect(() => define(history as object as HistoryApi)).toThrow(`streams.shop.${path}`);
});
