import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BigQuery } from '@google-cloud/bigquery';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type BigQueryServer, startBigQuery } from '../../../local/bigquery/main.ts';
import { connectBigQuery } from '../../../local/google-clients.ts';
import { defineRelay } from '../../../shared/config/define-relay.ts';
import { absmartly } from '../../../shared/sources/absmartly.ts';
import { datanostro } from '../../../shared/sources/datanostro.ts';
import { prepareSaved } from '../../../subscriber/query/saved-queries.ts';

const apiUrl = 'https://acme.absmartly.com';
const relay = defineRelay({
  project: 'my-project',
  streams: {
    shop: datanostro({ table: 'shop.events' }),
    exports: absmartly({ table: 'ab.exports', apiUrl }),
    split: absmartly({ table: 'ab.split', apiUrl, tablePerExperiment: true }),
  },
});

/** unit, event, at, experiment, variant, goal */
const rows = [
  "('u1', 'exposure', '2026-01-01T10:00:00Z', 42, 'A', NULL)",
  "('u1', 'exposure', '2026-01-01T11:00:00Z', 42, 'A', NULL)",
  "('u2', 'exposure', '2026-01-01T10:00:00Z', 42, 'A', NULL)",
  "('u3', 'exposure', '2026-01-01T10:00:00Z', 42, 'B', NULL)",
  "('u4', 'exposure', '2026-01-01T10:00:00Z', 7, 'B', NULL)",
  // After the exposure, before it, of another goal, of a unit that saw nothing.
  "('u1', 'goal', '2026-01-01T10:30:00Z', NULL, NULL, 'paid')",
  "('u2', 'goal', '2026-01-01T09:59:59Z', NULL, NULL, 'paid')",
  "('u3', 'goal', '2026-01-01T12:00:00Z', NULL, NULL, 'seen')",
  "('u9', 'goal', '2026-01-01T12:00:00Z', NULL, NULL, 'paid')",
].join(',\n');

const columns =
  'unit_uid STRING, event_type STRING, event_at TIMESTAMP, experiment_id INT64, variant STRING, goal_name STRING';

describe('saved queries', () => {
  let directory: string;
  let server: BigQueryServer;
  let bigquery: BigQuery;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'tributary-test-'));
    server = await startBigQuery({ restPort: 0, grpcPort: 0, directory });
    bigquery = connectBigQuery(relay.project, server.restPort);
    for (const dataset of ['ab', 'shop', 'tributary']) await bigquery.createDataset(dataset);
    await bigquery.query(`CREATE TABLE ab.exports (${columns})`);
    await bigquery.query(`INSERT INTO ab.exports VALUES ${rows}`);
    // The table of one experiment has no other, and may lack the column with its id.
    await bigquery.query(`CREATE TABLE ab.experiment_42_exports AS
      SELECT * EXCEPT (experiment_id) FROM ab.exports WHERE COALESCE(experiment_id, 42) = 42`);
    await bigquery.query('CREATE TABLE shop.events (event_name STRING, event_time TIMESTAMP)');
    await bigquery.query(`INSERT INTO shop.events
      SELECT 'purchase', TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 1 MINUTE) UNION ALL
      SELECT 'purchase', TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 2 MINUTE) UNION ALL
      SELECT 'begin_checkout', TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 1 MINUTE) UNION ALL
      SELECT 'old', TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 7 MINUTE)`);
  });

  afterAll(async () => {
    await server.stop();
    await rm(directory, { recursive: true });
  });

  async function answer(name: string, parameters: string[] = [], stream?: string) {
    const choice = { name, parameters, ...(stream !== undefined && { stream }) };
    const [found] = await bigquery.query({ ...prepareSaved(relay, choice) });
    return found as unknown[];
  }

  it('dropped', async () => {
    await bigquery.query(
      'CREATE TABLE tributary.census (stream STRING, event_name STRING, cause STRING, dropped INT64, last_at TIMESTAMP)',
    );
    const row = (event: string, dropped: number, days: number) =>
      `SELECT 'shop', ${event}, 'event-filter', ${dropped}, TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL ${days} DAY)`;
    const counts = [
      row("'scroll'", 2, 0),
      row("'scroll'", 3, 1),
      row('NULL', 1, 0),
      row("'x'", 9, 30),
    ];
    await bigquery.query(`INSERT INTO tributary.census ${counts.join(' UNION ALL ')}`);
    expect(await answer('dropped')).toMatchObject([
      { stream: 'shop', event_name: 'scroll', cause: 'event-filter', dropped: 5 },
      { stream: 'shop', event_name: null, dropped: 1 },
    ]);
  });

  it('recent-events', async () => {
    expect(await answer('recent-events')).toEqual([
      { event_name: 'purchase', n: 2 },
      { event_name: 'begin_checkout', n: 1 },
    ]);
    expect(await answer('recent-events', ['minutes=10'])).toHaveLength(3);
  });

  it.each([undefined, 'split'])('participants-per-variant, of stream %s', async (stream) => {
    expect(await answer('participants-per-variant', ['experiment_id=42'], stream)).toEqual([
      { variant: 'A', unique_participants: 2 },
      { variant: 'B', unique_participants: 1 },
    ]);
  });

  it('participants-per-variant of another experiment', async () => {
    expect(await answer('participants-per-variant', ['experiment_id=7'])).toEqual([
      { variant: 'B', unique_participants: 1 },
    ]);
  });

  it.each([undefined, 'split'])('conversion-rate, of stream %s', async (stream) => {
    expect(await answer('conversion-rate', ['experiment_id=42', 'goal_name=paid'], stream)).toEqual(
      [
        { variant: 'A', unique_participants: 2, converters: 1, conversion_rate: 0.5 },
        { variant: 'B', unique_participants: 1, converters: 0, conversion_rate: 0 },
      ],
    );
  });

  it.each([
    [['experiment_id=42'], 'goal_name'],
    [['experiment_id=42', 'goal_name='], 'goal_name'],
    [['goal_name=paid'], 'experiment_id'],
  ])('conversion-rate with only %j asks for the other parameter', (parameters, absent) => {
    const choice = { name: 'conversion-rate', parameters };
    expect(() => prepareSaved(relay, choice)).toThrow(`--param ${absent}=…`);
  });

  it('passes a parameter as a value, whatever it contains', async () => {
    const goal = "paid' OR '1'='1";
    const found = await answer('conversion-rate', ['experiment_id=42', `goal_name=${goal}`]);
    expect(found).toMatchObject([{ converters: 0 }, { converters: 0 }]);
  });
});
