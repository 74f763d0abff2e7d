import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Absmartly, startAbsmartly } from '../../../local/absmartly/main.ts';
import { sampleExport, zipFiles } from '../../../local/absmartly/sample-export.ts';
import { exportRowCount } from '../../fixtures/absmartly/export-row-count.ts';

const exportPath = '/v1/experiments/exports/15/experiment_42_export.zip';
let server: Absmartly;

beforeEach(async () => {
  const files = new Map([['/v1/experiments/exports/1/own.zip', Buffer.from('own')]]);
  server = await startAbsmartly({ port: 0, apiKey: 'right', files });
});
afterEach(() => server.stop());

function get(path: string, key = 'right'): Promise<Response> {
  return fetch(`http://127.0.0.1:${server.port}${path}`, {
    headers: { Authorization: `Api-Key ${key}` },
  });
}

describe('the stand-in for ABsmartly', () => {
  it('serves the same ZIP for the same ids, and another for others', async () => {
    const first = Buffer.from(await (await get(exportPath)).bytes());
    const again = Buffer.from(await (await get(exportPath)).bytes());
    const other = Buffer.from(await (await get(exportPath.replace('15', '16'))).bytes());
    expect(first.equals(again)).toBe(true);
    expect(first.equals(await zipFiles(sampleExport(15, 42).files))).toBe(true);
    expect(first.equals(other)).toBe(false);
  });

  it('serves files that it was given', async () => {
    expect(await (await get('/v1/experiments/exports/1/own.zip')).text()).toBe('own');
  });

  it('returns 401 without the key and 404 for unknown paths', async () => {
    expect((await get(exportPath, 'wrong')).status).toBe(401);
    expect((await fetch(`http://127.0.0.1:${server.port}${exportPath}`)).status).toBe(401);
    expect((await get('/v1/experiments/exports/15/other.zip')).status).toBe(404);
  });

  it('returns the tags, owners and teams of an experiment', async () => {
    expect(await (await get('/v1/experiments/42')).json()).toMatchObject({
      experiment: {
        id: 42,
        experiment_tags: [
          { experiment_tag: { tag: 'checkout' } },
          { experiment_tag: { tag: 'bigquery' } },
        ],
        owners: [{ user: { email: 'owner@shop.example' } }],
        teams: [{ team: { name: 'Checkout' } }],
      },
    });
  });

  it('names a taken port', async () => {
    await expect(startAbsmartly({ port: server.port, apiKey: 'right' })).rejects.toMatchObject({
      code: 'port.taken',
    });
  });
});

describe('a sample export', () => {
  it('has files whose names sort as their events do, and counts its rows', () => {
    const { files } = sampleExport(15, 42);
    expect(files.map(({ name }) => name)).toEqual([
      'experiment_42_export_001.csv',
      'experiment_42_export_002.csv',
      'experiment_42_export_003.csv',
    ]);
    expect(files.reduce((sum, { rows }) => sum + rows, 0)).toBe(exportRowCount);
    const times = files.flatMap(({ text }) => text.match(/2026-\d\d-\d\dT[\d:.]+Z/g) ?? []);
    expect(times).toHaveLength(exportRowCount);
    expect(times).toEqual([...times].sort());
  });

  it('holds converters of the goal that the ready query names, and hard CSV', () => {
    const text = sampleExport(15, 42)
      .files.map((file) => file.text)
      .join('');
    expect(text).toContain(',your_goal_name,');
    expect(text).toMatch(/"\{\n/);
    expect(text).toContain('""currency""');
    expect(text).toContain('🐎');
  });
});
