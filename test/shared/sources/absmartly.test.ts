import { describe, expect, it } from 'vitest';
import type { Stream } from '../../../shared/config/config.ts';
import {
  type AbsmartlyOptions,
  absmartly,
  absmartlySource,
} from '../../../shared/sources/absmartly.ts';

const downloadUrl = '/v1/experiments/exports/15/experiment_42_export.zip';
const payload = {
  event_name: 'ExperimentDataExportReady',
  event_at: 1712937600000,
  id: 42,
  user_id: 7,
  metadata: {
    download_url: downloadUrl,
    export_config_id: 15,
    file_name: 'experiment_42_export.zip',
  },
};

function streamOf(options: Partial<AbsmartlyOptions> = {}): Stream {
  const apiUrl = 'https://shop.absmartly.com';
  return absmartly({ table: 'absmartly.experiment_exports', apiUrl, ...options });
}

function bodyOf(value: unknown): Uint8Array {
  return new TextEncoder().encode(typeof value === 'string' ? value : JSON.stringify(value));
}

function read(value: unknown, options?: Partial<AbsmartlyOptions>) {
  return absmartlySource.read({ body: bodyOf(value), header: () => undefined }, streamOf(options));
}

function announcementOf(value: unknown, options?: Partial<AbsmartlyOptions>) {
  const envelope = { stream: 'absmartly', deliveryId: 'id', receivedAt: 0, body: bodyOf(value) };
  return absmartlySource.announcement(envelope, streamOf(options));
}

describe('an absmartly delivery', () => {
  it('announces an export', () => {
    expect(read(payload)).toMatchObject({
      kind: 'events',
      events: [{ name: 'ExperimentDataExportReady' }],
    });
    expect(announcementOf(payload)).toEqual({
      ok: true,
      announcement: { path: downloadUrl, table: 'absmartly.experiment_exports' },
    });
  });

  it('goes to a table for each experiment where that is on', () => {
    expect(announcementOf(payload, { tablePerExperiment: true })).toEqual({
      ok: true,
      announcement: { path: downloadUrl, table: 'absmartly.experiment_42_exports' },
    });
  });

  it('names the experiment where a filter has to ask about it', () => {
    const exportFilter = { tag: 'bigquery' };
    expect(announcementOf(payload, { exportFilter })).toEqual({
      ok: true,
      announcement: {
        path: downloadUrl,
        table: 'absmartly.experiment_exports',
        experimentId: '42',
      },
    });
    const { id, ...without } = payload;
    expect(id).toBe(42);
    expect(read(without, { exportFilter })).toEqual({
      kind: 'malformed',
      problem: 'exportFilter is on but the payload has no experiment id',
      field: 'id',
    });
  });

  it('needs no experiment id where all go to one table', () => {
    const { id, ...without } = payload;
    expect(id).toBe(42);
    expect(read(without)).toMatchObject({ kind: 'events' });
    expect(read(without, { tablePerExperiment: true })).toMatchObject({
      kind: 'malformed',
      field: 'id',
    });
  });

  it.each([
    '0',
    '-1',
    '1.5',
    '"42"',
    'null',
    '{}',
    '"42; DROP TABLE x"',
    '1e3',
    '01234567890123456789',
  ])('has no table for the experiment id %s', (id) => {
    const body = JSON.stringify(payload).replace('"id":42', `"id":${id}`);
    const reading = announcementOf(body, { tablePerExperiment: true });
    expect(reading.ok).toBe(false);
  });

  it.each([
    ['another event', { ...payload, event_name: 'ExperimentStarted' }, 'ExperimentStarted'],
    ['no event', {}, undefined],
    ['an event that is no text', { ...payload, event_name: 7 }, undefined],
  ])('is ignored: %s', (_, value, event) => {
    const reading = read(value);
    expect(reading.kind).toBe('ignored');
    expect(reading).toMatchObject({ reason: 'Ignored: not an ExperimentDataExportReady event' });
    if (event) expect(reading).toMatchObject({ event });
  });

  it.each<[string, unknown, string | undefined]>([
    ['an empty body', '', undefined],
    ['no JSON', 'event_name=ExperimentDataExportReady', undefined],
    ['an array', [payload], undefined],
    ['no metadata', { ...payload, metadata: undefined }, 'metadata'],
    ['metadata null', { ...payload, metadata: null }, 'metadata'],
    ['metadata that is text', { ...payload, metadata: downloadUrl }, 'metadata'],
    ['metadata that is a list', { ...payload, metadata: [downloadUrl] }, 'metadata'],
    ['no download_url', { ...payload, metadata: {} }, 'metadata.download_url'],
    ['an empty one', { ...payload, metadata: { download_url: '' } }, 'metadata.download_url'],
    ['one that is no text', { ...payload, metadata: { download_url: 1 } }, 'metadata.download_url'],
  ])('is malformed: %s', (_, value, field) => {
    const reading = read(value);
    expect(reading.kind).toBe('malformed');
    if (reading.kind === 'malformed') expect(reading.field).toBe(field);
    expect(announcementOf(value).ok).toBe(false);
  });
});

describe('a download_url', () => {
  const announce = (url: string) =>
    announcementOf({ ...payload, metadata: { ...payload.metadata, download_url: url } });

  it.each([
    downloadUrl,
    '/x.zip?signature=a%2Fb&expires=1',
    '/v1/experiments/exports/15/my%20export%20(1).zip',
    '/v1/export%C3%A9.zip',
    '/v1/a..b/...zip',
    '/v1/file%2ezip',
  ])('may be a path: %s', (url) => {
    expect(announce(url)).toMatchObject({ ok: true, announcement: { path: url } });
  });

  it.each([
    'https://evil.example/x.zip',
    'HTTPS://evil.example/x.zip',
    'evil.example/x.zip',
    '@evil.example/x.zip',
    '.evil.example/x.zip',
    ':8443/x.zip',
    '/x@evil.example/x.zip',
    '/%40evil.example/x.zip',
    '//evil.example/x.zip',
    '/\\evil.example/x.zip',
    '\\\\evil.example\\x.zip',
    '/v1\\..\\x.zip',
    '/%5cevil.example/x.zip',
    '/%2fevil.example/x.zip',
    '/../x.zip',
    '/v1/..',
    '/v1/../../x.zip',
    '/v1/%2e%2e/x.zip',
    '/v1/%2E./x.zip',
    '/v1/..%2fx.zip',
    '/v1/%252e%252e/x.zip',
    '/v1/%252fx.zip',
    '/\t/evil.example/x.zip',
    '/\n/evil.example/x.zip',
    '/x.zip\r\nHost: evil.example',
    '/%0d%0ax.zip',
    '/%00x.zip',
    '/ x.zip',
    '/x.zip#@evil.example',
    '/%zz.zip',
    '/%ff.zip',
  ])('may lead nowhere else: %j', (url) => {
    expect(announce(url)).toMatchObject({ ok: false, column: 'metadata.download_url' });
  });

  it('never leaves the origin where it is accepted', () => {
    for (const url of [downloadUrl, '/v1/a..b/...zip', '/x.zip?u=//evil.example']) {
      expect(announce(url).ok).toBe(true);
      expect(new URL(`https://shop.absmartly.com${url}`).host).toBe('shop.absmartly.com');
    }
  });
});
