import { describe, expect, it } from 'vitest';
import { defineRelay } from '../../../shared/config/define-relay.ts';
import type { ExportSettings } from '../../../shared/config/export-settings.ts';
import { RelayError } from '../../../shared/errors.ts';
import { absmartly } from '../../../shared/sources/absmartly.ts';

function problemsOf(settings: object): string {
  const stream = absmartly({ table: 'ab.exports', ...(settings as ExportSettings) });
  try {
    defineRelay({ project: 'my-project', streams: { ab: stream } });
    return '';
  } catch (error) {
    return error instanceof RelayError ? error.message : String(error);
  }
}

describe('the settings of exports', () => {
  it.each<[string, ExportSettings]>([
    ['none', {}],
    ['an API', { apiUrl: 'https://shop.absmartly.com' }],
    ['a filter', { exportFilter: { tag: 'bigquery', owner: 'a@shop.example', team: 'Growth' } }],
    ['a bucket', { storage: { kind: 'gcs', bucket: 'exports' } }],
    [
      'a bucket elsewhere',
      {
        storage: {
          kind: 's3',
          bucket: 'exports',
          prefix: 'ab/',
          endpoint: 'http://127.0.0.1:9000',
          region: 'eu-central-1',
        },
      },
    ],
    ['columns', { schema: { unit_uid: 'STRING', event_at: 'TIMESTAMP', properties: 'JSON' } }],
    ['columns of every script', { schema: { größe: 'STRING', 数量: 'INT64' } }],
    ['types by BigQuery', { schema: 'bigquery' }],
    ['an encoding', { encoding: 'windows-1252' }],
    ['a delimiter', { delimiter: '\t' }],
  ])('may be %s', (_, settings) => {
    expect(problemsOf(settings)).toBe('');
  });

  it.each<[string, object, string]>([
    ['a filter of nothing', { exportFilter: {} }, 'streams.ab.exportFilter must name a tag'],
    ['an empty tag', { exportFilter: { tag: '' } }, 'streams.ab.exportFilter.tag'],
    ['another filter', { exportFilter: { name: 'x' } }, 'streams.ab.exportFilter.name'],
    ['another storage', { storage: { kind: 'ftp', bucket: 'x' } }, 'streams.ab.storage.kind'],
    ['no bucket', { storage: { kind: 's3' } }, 'streams.ab.storage.bucket'],
    ['no URL', { storage: { kind: 's3', bucket: 'x', endpoint: 'x' } }, 'storage.endpoint'],
    ['an API in the clear', { apiUrl: 'http://shop.absmartly.com' }, 'ab.apiUrl must be https'],
    ['an API of a user', { apiUrl: 'https://a:b@x.example' }, 'ab.apiUrl must be https'],
    [
      'a bucket in the clear',
      { storage: { kind: 's3', bucket: 'x', endpoint: 'http://a.example' } },
      'storage.endpoint must be https',
    ],
    ['no column', { schema: {} }, 'streams.ab.schema must have a column'],
    ['another type', { schema: { a: 'RECORD' } }, 'streams.ab.schema.a'],
    ['another name', { schema: { 'a b': 'STRING' } }, 'streams.ab.schema.a b must be a letter'],
    [
      'a name that BigQuery keeps',
      { schema: { _PARTITIONTIME: 'DATE' } },
      'ab.schema._PARTITIONTIME',
    ],
    [
      'types by another',
      { schema: 'auto' },
      "streams.ab.schema must name columns, or be 'bigquery'",
    ],
    ['no encoding', { encoding: 'klingon' }, 'streams.ab.encoding must be an encoding'],
    ['another delimiter', { delimiter: ':' }, 'streams.ab.delimiter must be'],
  ])('are refused with their place: %s', (_, settings, problem) => {
    expect(problemsOf(settings)).toContain(problem);
  });
});
