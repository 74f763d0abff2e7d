import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type BigQueryBed, PROJECT, startBigQueryBed } from '../../beds/bigquery-bed.ts';

/** The SQL of the three documents, with a placeholder for the project's id. */
const VERIFY_DATANOSTRO = `SELECT event_name, COUNT(*) as n
FROM \`YOUR_PROJECT.datanostro_events.events\`
WHERE event_time > TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 5 MINUTE)
GROUP BY event_name
ORDER BY n DESC`;

const FIRST_SKU = "SELECT JSON_VALUE(payload, '$.items[0].sku')";

const FIRST_ROWS = 'SELECT * FROM `YOUR_PROJECT_ID.absmartly.experiment_exports` LIMIT 10;';

const PARTICIPANTS = `SELECT
variant,
COUNT(*) AS unique_participants
FROM (
SELECT
unit_uid,
variant,
ROW_NUMBER() OVER (PARTITION BY unit_uid ORDER BY event_at ASC) AS rn
FROM \`YOUR_PROJECT_ID.absmartly.experiment_exports\`
WHERE event_type = 'exposure'
AND experiment_id = 42
)
WHERE rn = 1
GROUP BY variant
ORDER BY variant;`;

const CONVERSION = `WITH first_exposures AS (
SELECT
unit_uid,
variant,
MIN(event_at) AS first_exposed_at
FROM \`YOUR_PROJECT_ID.absmartly.experiment_exports\`
WHERE event_type = 'exposure'
AND experiment_id = 42
GROUP BY unit_uid, variant
),
conversions AS (
SELECT DISTINCT
g.unit_uid
FROM \`YOUR_PROJECT_ID.absmartly.experiment_exports\` g
INNER JOIN first_exposures e ON g.unit_uid = e.unit_uid
WHERE g.event_type = 'goal'
AND g.goal_name = 'your_goal_name'
AND g.event_at >= e.first_exposed_at
)
SELECT
e.variant,
COUNT(*) AS unique_participants,
COUNTIF(c.unit_uid IS NOT NULL) AS converters,
ROUND(COUNTIF(c.unit_uid IS NOT NULL) / COUNT(*), 4) AS conversion_rate
FROM first_exposures e
LEFT JOIN conversions c ON e.unit_uid = c.unit_uid
GROUP BY e.variant
ORDER BY e.variant;`;

const PER_EXPERIMENT = `-- Unique participants per variant
SELECT
variant,
COUNT(*) AS unique_participants
FROM (
SELECT
unit_uid,
variant,
ROW_NUMBER() OVER (PARTITION BY unit_uid ORDER BY event_at ASC) AS rn
FROM \`YOUR_PROJECT_ID.absmartly.experiment_42_exports\`
WHERE event_type = 'exposure'
)
WHERE rn = 1
GROUP BY variant
ORDER BY variant;`;

const EXPORT = `unit_uid,unit_type,event_type,event_at,experiment_id,experiment_name,variant,goal_name,properties
u1,user_id,exposure,2026-01-01T10:00:00.000Z,42,Checkout,0,,
u1,user_id,exposure,2026-01-02T10:00:00.000Z,42,Checkout,1,,
u1,user_id,goal,2026-01-01T11:00:00.000Z,,,,your_goal_name,"{""amount"":12.5}"
u2,user_id,exposure,2026-01-01T10:00:00.000Z,42,Checkout,1,,
u2,user_id,goal,2026-01-01T09:00:00.000Z,,,,your_goal_name,
u3,user_id,exposure,2026-01-01T10:00:00.000Z,42,Checkout,1,,
u3,user_id,goal,2026-01-01T10:00:00.000Z,,,,your_goal_name,
u4,user_id,exposure,2026-01-01T10:00:00.000Z,42,Checkout,1,,
u5,user_id,exposure,2026-01-01T10:00:00.000Z,7,Other,0,,
u5,user_id,attribute,2026-01-01T10:00:00.000Z,,,,,
`;

let server: BigQueryBed;

beforeAll(async () => {
  server = await startBigQueryBed();
  await fillDataNostro();
  await fillAbsmartly();
});

afterAll(() => server.stop());

async function fillDataNostro(): Promise<void> {
  const [dataset] = await server.bigquery.createDataset('datanostro_events', { location: 'EU' });
  const [table] = await dataset.createTable('events', {
    schema:
      'event_id:STRING,event_name:STRING,event_time:TIMESTAMP,tenant_id:STRING,payload:JSON,user_ip_masked:STRING,user_agent:STRING,request_source:STRING',
  });
  const now = new Date().toISOString();
  await table.insert([
    {
      event_id: '1',
      event_name: 'purchase',
      event_time: now,
      payload: '{"items":[{"sku":"A-1"}]}',
    },
    { event_id: '2', event_name: 'page_view', event_time: now, payload: '{"items":[]}' },
    { event_id: '3', event_name: 'page_view', event_time: now, payload: null },
    { event_id: '4', event_name: 'purchase', event_time: '2020-01-01T00:00:00Z', payload: '{}' },
  ]);
}

/** Loads the export twice, as the tutorial does: with autodetection, and appended. */
async function fillAbsmartly(): Promise<void> {
  const [dataset] = await server.bigquery.createDataset('absmartly');
  const file = join(server.directory, 'export.csv');
  await writeFile(file, EXPORT);
  for (const name of ['experiment_exports', 'experiment_42_exports']) {
    const [job] = await dataset.table(name).load(file, {
      sourceFormat: 'CSV',
      skipLeadingRows: 1,
      autodetect: true,
      writeDisposition: 'WRITE_APPEND',
    });
    expect(job.statistics?.load?.outputRows).toBe('10');
  }
}

async function answer(sql: string): Promise<object[]> {
  const [rows] = await server.bigquery.query(sql.replaceAll(/YOUR_PROJECT(?:_ID)?/g, PROJECT));
  return rows as object[];
}

test('DataNostro: the events of the last five minutes', async () => {
  expect(await answer(VERIFY_DATANOSTRO)).toEqual([
    { event_name: 'page_view', n: 2 },
    { event_name: 'purchase', n: 1 },
  ]);
});

test('DataNostro: a value inside the JSON payload', async () => {
  const sql = `${FIRST_SKU} AS sku FROM \`YOUR_PROJECT.datanostro_events.events\` ORDER BY event_id`;
  expect(await answer(sql)).toEqual([{ sku: 'A-1' }, { sku: null }, { sku: null }, { sku: null }]);
  const unnamed = `${FIRST_SKU} FROM \`YOUR_PROJECT.datanostro_events.events\` WHERE event_id = '1'`;
  expect(await answer(unnamed)).toEqual([{ f0_: 'A-1' }]);
});

test('ABsmartly: the first rows', async () => {
  const rows = await answer(FIRST_ROWS);
  expect(rows).toHaveLength(10);
  expect(rows[2]).toEqual({
    unit_uid: 'u1',
    unit_type: 'user_id',
    event_type: 'goal',
    event_at: expect.objectContaining({ value: '2026-01-01T11:00:00.000Z' }),
    experiment_id: null,
    experiment_name: null,
    variant: null,
    goal_name: 'your_goal_name',
    properties: '{"amount":12.5}',
  });
});

test('ABsmartly: unique participants', async () => {
  expect(await answer(PARTICIPANTS)).toEqual([
    { variant: 0, unique_participants: 1 },
    { variant: 1, unique_participants: 3 },
  ]);
});

test('ABsmartly: conversion rate', async () => {
  // u1 is in both variants here: the document's query counts it in each.
  expect(await answer(CONVERSION)).toEqual([
    { variant: 0, unique_participants: 1, converters: 1, conversion_rate: 1 },
    { variant: 1, unique_participants: 4, converters: 2, conversion_rate: 0.5 },
  ]);
});

test('ABsmartly: a table for each experiment', async () => {
  expect(await answer(PER_EXPERIMENT)).toEqual([
    { variant: 0, unique_participants: 2 },
    { variant: 1, unique_participants: 3 },
  ]);
});
