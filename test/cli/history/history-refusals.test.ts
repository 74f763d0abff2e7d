import { writeFile } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type CommandBed, startCommandBed, table } from '../../beds/command-bed.ts';
import { startSenderBed } from '../../beds/sender-bed.ts';

const range = ['--from', '2026-01-01', '--to', '2026-01-02'];
const time = new Date(Date.now() - 86_400_000).toISOString();
const line = `${JSON.stringify({ id: 'a', event_name: 'purchase', created_at: time })}\n`;

async function refused(place: CommandBed, args: readonly string[], code = 1): Promise<string> {
  const { status, err } = await place.runInProcess(...args);
  expect(status).toBe(code);
  expect(err).not.toMatch(/^\s+at /m);
  return err;
}

describe('import, backfill and reconcile say what prevents them', { timeout: 60_000 }, () => {
  it.each(['backfill', 'reconcile'])(
    '%s: the API key and the address are not set',
    async (name) => {
      const place = await startCommandBed(() => []);
      delete place.environment['DATANOSTRO_API_KEY'];
      delete place.environment['DATANOSTRO_API_URL'];
      const err = await refused(place, [name, 'datanostro', ...range, '--secrets', 'none']);
      expect(err).toContain('DATANOSTRO_API_KEY is not set');
      expect(err).toContain('DATANOSTRO_API_URL is not set');
    },
  );

  it('the URL of the API is not a URL', async () => {
    const place = await startCommandBed(() => []);
    place.environment['DATANOSTRO_API_URL'] = 'app.example.com';
    expect(await refused(place, ['backfill', 'datanostro', ...range])).toContain(
      'DATANOSTRO_API_URL is not a URL',
    );
  });

  it.each<[string, string, (response: ServerResponse) => void, string]>([
    ['backfill', '401', (response) => response.writeHead(401).end(), 'the API key is wrong'],
    ['reconcile', '401', (response) => response.writeHead(401).end(), 'the API key is wrong'],
    ['backfill', '404', (response) => response.writeHead(404).end(), 'check history.url'],
    [
      'reconcile',
      'HTML',
      (response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<p>Log in'),
      'a page of HTML, and no events',
    ],
  ])('%s: the API answers %s', async (name, _, answer, problem) => {
    const place = await startCommandBed(() => []);
    const sender = await startSenderBed((_request, response) => answer(response));
    place.environment['DATANOSTRO_API_URL'] = sender.url;
    const err = await refused(place, [name, 'datanostro', ...range]);
    expect(err).toContain(problem);
    expect(err).toContain(sender.url);
  });

  it('the file for rejected lines cannot be written', async () => {
    const place = await startCommandBed(() => []);
    const rejects = join(place.directory, 'no', 'folder', 'x.jsonl');
    const backfill = ['backfill', 'datanostro', ...range, '--rejected', rejects];
    expect(await refused(place, backfill, 2)).toContain(rejects);
    const path = join(place.directory, 'x.jsonl');
    await writeFile(path, line);
    const into = ['import', path, '--stream', 'datanostro'];
    // The option's name in older versions still works.
    for (const option of ['--rejected', '--rejects']) {
      expect(await refused(place, [...into, option, rejects], 2)).toContain(rejects);
    }
  });

  it('a table with other columns', async () => {
    const place = await startCommandBed(() => []);
    const [dataset = ''] = table.split('.');
    await place.bigquery.createDataset(dataset);
    await place.bigquery.query(`CREATE TABLE ${table} (event_id INT64, event_time TIMESTAMP)`);
    const err = await refused(place, ['backfill', 'datanostro', ...range]);
    expect(err).toContain(table);
    expect(err).toContain('event_id');
  });

  it('a view instead of the table', async () => {
    const place = await startCommandBed(() => []);
    const [dataset = ''] = table.split('.');
    await place.bigquery.createDataset(dataset);
    await place.bigquery.query(`CREATE VIEW ${table} AS SELECT 1 AS n`);
    expect(await refused(place, ['backfill', 'datanostro', ...range])).toContain(table);
  });

  it('a table that cannot be read', async () => {
    const place = await startCommandBed(() => []);
    const [dataset = ''] = table.split('.');
    await place.bigquery.createDataset(dataset);
    await place.bigquery.query(`CREATE TABLE ${table} (event_id STRING)`);
    const err = await refused(place, ['reconcile', 'datanostro', ...range]);
    expect(err).toContain(`the table ${table} can't be read`);
    expect(err).toContain('Unrecognized name');
  });

  it('no BigQuery at all', async () => {
    const place = await startCommandBed(() => []);
    for (const name of ['GOOGLE_APPLICATION_CREDENTIALS', 'GOOGLE_CLOUD_PROJECT']) {
      delete place.environment[name];
    }
    await writeFile(join(place.directory, 'stack.json'), 'none');
    const err = await refused(place, ['backfill', 'datanostro', ...range]);
    expect(err).toContain('npm start');
  });
});

describe('an import', { timeout: 60_000 }, () => {
  it.each<[string[], string]>([
    [['--stream', 'nothing'], 'no stream "nothing"; there is: datanostro'],
    [['--stream', 'absmartly'], 'is filled with exports'],
    [[], '--stream'],
    [['--stream', 'datanostro', '--format', 'xml'], 'csv, ndjson'],
    [['--stream', 'datanostro', '--rename', 'x'], 'a renaming looks like column=member'],
    [['--stream', 'datanostro', '--delimiter', ''], 'a delimiter is one of'],
    [['--stream', 'datanostro', '--on', 'mars'], 'local, google'],
  ])('with %j is refused, and the message says why', async (args, problem) => {
    const place = await startCommandBed(() => []);
    const path = join(place.directory, 'x.jsonl');
    await writeFile(path, line);
    expect(await refused(place, ['import', path, ...args], 2)).toContain(problem);
    expect(await tablesOf(place)).toEqual([]);
  });
});

async function tablesOf({ bigquery }: CommandBed) {
  const [datasets] = await bigquery.getDatasets();
  return datasets;
}
