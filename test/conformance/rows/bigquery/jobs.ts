import { expect } from 'vitest';
import type { Behaviours } from '../../../beds/pubsub-clients.ts';
import { type BigQueryTarget, fresh, refusal } from '../../bigquery-target.ts';

type Rows = Behaviours<BigQueryTarget>;

/** Loads a text as a file into a new table. */
async function load(target: BigQueryTarget, text: string, options: object) {
  const table = target.bigquery.dataset(target.datasetId).table(fresh('t'));
  return { table, statistics: await target.load(table, text, options) };
}

// https://cloud.google.com/bigquery/docs/reference/rest/v2/jobs/query
export const queries: Rows = {
  'parameters by name, of every kind': async (target) => {
    const params = { n: 5, s: 'x', list: ['a', 'b'], one: { a: 1, b: 'y' }, yes: true, f: 1.5 };
    const sql = 'SELECT @n, @s, ARRAY_LENGTH(@list), @one.b, @yes, @f';
    expect(await target.rows(sql, params)).toEqual([[5, 'x', 2, 'y', true, 1.5]]);
  },

  'parameters by position': async (target) => {
    expect(await target.rows('SELECT ? + 1, ?', [2, 'x'])).toEqual([[3, 'x']]);
  },

  'unnamed columns are f0_, f1_': async (target) => {
    const { body } = await target.call('POST', '/queries', {
      query: 'SELECT 1, "x", 2 AS n',
      useLegacySql: false,
    });
    expect(body.schema.fields.map(({ name }: { name: string }) => name)).toEqual([
      'f0_',
      'f1_',
      'n',
    ]);
    expect(body).toMatchObject({
      kind: 'bigquery#queryResponse',
      jobComplete: true,
      totalRows: '1',
    });
  },

  'results come by pages': async (target) => {
    const [job] = await target.bigquery.createQueryJob(
      'SELECT n FROM UNNEST(GENERATE_ARRAY(1, 5)) AS n ORDER BY n',
    );
    const [first, next] = await job.getQueryResults({ maxResults: 2, autoPaginate: false });
    expect(first).toEqual([{ n: 1 }, { n: 2 }]);
    const [second] = await job.getQueryResults({ ...next, maxResults: 2, autoPaginate: false });
    expect(second).toEqual([{ n: 3 }, { n: 4 }]);
  },

  'a dry run has a schema and bytes, and changes nothing': async (target) => {
    const table = await target.tableOf('SELECT 1 AS n');
    const configuration = {
      dryRun: true,
      query: { query: `SELECT n FROM ${target.datasetId}.${table.id}`, useLegacySql: false },
    };
    const { body } = await target.call('POST', '/jobs', { configuration });
    expect(body.statistics.query.schema.fields).toMatchObject([{ name: 'n', type: 'INTEGER' }]);
    expect(body.statistics.totalBytesProcessed).toBe('8');
    const created = {
      dryRun: true,
      query: { query: `CREATE TABLE ${target.datasetId}.dry (n INT64)`, useLegacySql: false },
    };
    await target.call('POST', '/jobs', { configuration: created });
    const [exists] = await target.bigquery.dataset(target.datasetId).table('dry').exists();
    expect(exists).toBe(false);
  },

  'a syntax error says where it is': async (target) => {
    const [reason, message] = await refusal(target.rows('SELECT 1 +'));
    expect(reason).toBe('invalidQuery');
    expect(message).toMatch(/^Syntax error: .* at \[1:\d+\]$/);
  },

  'an unknown column is named, with its place': async (target) => {
    const [reason, message] = await refusal(target.rows('SELECT nobody FROM (SELECT 1 AS n)'));
    expect([reason, message]).toEqual(['invalidQuery', 'Unrecognized name: nobody at [1:8]']);
  },

  'an unknown table is notFound': async (target) => {
    const [reason, message] = await refusal(target.rows('SELECT 1 FROM nobody'));
    expect(reason).toBe('notFound');
    expect(message).toContain(`${target.datasetId}.nobody was not found in location US`);
  },

  'a division by zero is an error of the query': async (target) => {
    const [reason, message] = await refusal(target.rows('SELECT 1 / 0'));
    expect(reason).toBe('invalidQuery');
    expect(message).toMatch(/^division by zero/);
  },

  'INFORMATION_SCHEMA lists tables and columns': async (target) => {
    const table = await target.table('n INT64 NOT NULL, s STRING');
    const columns = await target.rows(
      `SELECT column_name, data_type, is_nullable FROM INFORMATION_SCHEMA.COLUMNS
       WHERE table_name = "${table.id}" ORDER BY ordinal_position`,
    );
    expect(columns).toEqual([
      ['n', 'INT64', 'NO'],
      ['s', 'STRING', 'YES'],
    ]);
    const tables = await target.rows(
      `SELECT table_type FROM INFORMATION_SCHEMA.TABLES WHERE table_name = "${table.id}"`,
    );
    expect(tables).toEqual([['BASE TABLE']]);
  },

  'a statement that changes rows counts them': async (target) => {
    const table = await target.tableOf('SELECT n FROM UNNEST([1, 2, 3]) AS n');
    const { body } = await target.call('POST', '/queries', {
      query: `UPDATE ${target.datasetId}.${table.id} SET n = 0 WHERE n > 1`,
      useLegacySql: false,
    });
    expect(body).toMatchObject({
      numDmlAffectedRows: '2',
      dmlStats: { updatedRowCount: '2' },
    });
  },
};

// https://cloud.google.com/bigquery/docs/reference/rest/v2/jobs
export const jobs: Rows = {
  'a job is described, with its statistics': async ({ bigquery }) => {
    const [job] = await bigquery.createQueryJob('SELECT 1 AS n');
    await job.getQueryResults();
    const [shown] = await job.getMetadata();
    expect(shown).toMatchObject({
      kind: 'bigquery#job',
      status: { state: 'DONE' },
      statistics: { query: { statementType: 'SELECT' } },
    });
    const { creationTime, startTime, endTime } = shown.statistics;
    expect(Number(creationTime)).toBeLessThanOrEqual(Number(startTime));
    expect(Number(startTime)).toBeLessThanOrEqual(Number(endTime));
  },

  'a job id is taken once': async ({ bigquery }) => {
    const jobId = fresh('job');
    await bigquery.createQueryJob({ query: 'SELECT 1', jobId });
    const [reason] = await refusal(bigquery.createQueryJob({ query: 'SELECT 2', jobId }));
    expect(reason).toBe('duplicate');
  },

  'a job that failed keeps its error': async ({ bigquery }) => {
    const [job] = await bigquery.createQueryJob({ query: 'SELECT ERROR("on purpose")' });
    expect((await refusal(job.getQueryResults()))[1]).toContain('on purpose');
    const [shown] = await job.getMetadata();
    expect(shown.status).toMatchObject({ state: 'DONE', errorResult: { reason: 'invalidQuery' } });
  },

  'an unknown job is notFound': async ({ bigquery, project }) => {
    const [reason, message] = await refusal(bigquery.job('nobody').getMetadata());
    expect(reason).toBe('notFound');
    expect(message).toContain(`Not found: Job ${project}:`);
  },

  'jobs are listed, newest first': async ({ bigquery }) => {
    const [job] = await bigquery.createQueryJob('SELECT 1');
    await job.getQueryResults();
    const [all] = await bigquery.getJobs({ maxResults: 50, autoPaginate: false });
    expect(all.map(({ id }) => id)).toContain(job.id);
    const times = all.map(({ metadata }) => Number(metadata.statistics.creationTime));
    expect(times).toEqual(times.toSorted((a, b) => b - a));
  },

  'a job that has ended is cancelled without harm': async ({ bigquery }) => {
    const [job] = await bigquery.createQueryJob('SELECT 1');
    await job.getQueryResults();
    const [answer] = await job.cancel();
    expect(answer.job?.status?.state).toBe('DONE');
  },

  'a destination table is truncated, appended to, or has to be empty': async (target) => {
    const destination = await target.tableOf('SELECT 1 AS n');
    const run = async (writeDisposition: string, n: number) => {
      const query = `SELECT ${n} AS n`;
      const [job] = await target.bigquery.createQueryJob({ query, destination, writeDisposition });
      await job.getQueryResults();
    };
    await run('WRITE_APPEND', 2);
    expect(await target.rows(`SELECT n FROM ${destination.id} ORDER BY n`)).toEqual([[1], [2]]);
    await run('WRITE_TRUNCATE', 3);
    expect(await target.rows(`SELECT n FROM ${destination.id}`)).toEqual([[3]]);
    const [reason] = await refusal(run('WRITE_EMPTY', 4));
    expect(reason).toBe('duplicate');
  },

  // https://cloud.google.com/bigquery/docs/multi-statement-queries
  'a script has a child job for each statement, and the result of the last': async (target) => {
    const [job] = await target.bigquery.createQueryJob(
      'DECLARE n INT64 DEFAULT 1; SET n = n + 1; SELECT n; SELECT n * 2 AS twice;',
    );
    const [rows] = await job.getQueryResults();
    expect(rows).toEqual([{ twice: 4 }]);
    const [shown] = await job.getMetadata();
    expect(shown.statistics.query.statementType).toBe('SCRIPT');
    const { body } = await target.call('GET', `/jobs?parentJobId=${job.id}`);
    expect(body.jobs.length).toBe(Number(shown.statistics.numChildJobs));
  },

  'a transaction that is rolled back leaves nothing': async (target) => {
    const table = await target.tableOf('SELECT 1 AS n');
    const name = `${target.datasetId}.${table.id}`;
    await target.rows(
      `BEGIN TRANSACTION; INSERT INTO ${name} (n) VALUES (2); ROLLBACK TRANSACTION;`,
    );
    expect(await target.rows(`SELECT n FROM ${name}`)).toEqual([[1]]);
  },

  // https://cloud.google.com/bigquery/docs/loading-data-cloud-storage-json
  'lines of JSON are loaded, with a schema or without': async (target) => {
    const text = '{"n": 1, "s": "x"}\n{"n": 2, "s": null}\n';
    const { table, statistics } = await load(target, text, {
      sourceFormat: 'NEWLINE_DELIMITED_JSON',
      autodetect: true,
    });
    expect(statistics).toMatchObject({ outputRows: '2', inputFiles: '1' });
    expect(await target.rows(`SELECT n, s FROM ${table.id} ORDER BY n`)).toEqual([
      [1, 'x'],
      [2, null],
    ]);
  },

  // https://cloud.google.com/bigquery/docs/loading-data-cloud-storage-csv
  'CSV is loaded, with quotes, its header and types of its own': async (target) => {
    const text = 'n,s,on\n1,"a, ""b""\nc",2024-01-31\n2,,\n';
    const { table } = await load(target, text, {
      sourceFormat: 'CSV',
      autodetect: true,
      skipLeadingRows: 1,
      allowQuotedNewlines: true,
    });
    const [shown] = await table.getMetadata();
    expect(shown.schema.fields.map(({ type }: { type: string }) => type)).toEqual([
      'INTEGER',
      'STRING',
      'DATE',
    ]);
    const rows = await target.rows(`SELECT s, CAST(\`on\` AS STRING) FROM ${table.id} ORDER BY n`);
    expect(rows[0]).toEqual(['a, "b"\nc', '2024-01-31']);
  },

  'a bad line fails the load, and nothing of it is there': async (target) => {
    const metadata = {
      sourceFormat: 'CSV',
      schema: { fields: [{ name: 'n', type: 'INTEGER' }] },
    };
    const [reason] = await refusal(load(target, '1\nx\n', metadata));
    expect(reason).toBe('invalid');
    const { table, statistics } = await load(target, '1\nx\n', { ...metadata, maxBadRecords: 1 });
    expect(statistics['badRecords']).toBe('1');
    expect(await target.rows(`SELECT n FROM ${table.id}`)).toEqual([[1]]);
  },

  'a table is copied, with rows and schema': async (target) => {
    const source = await target.tableOf('SELECT 1 AS n, ["a"] AS list');
    const copy = target.bigquery.dataset(target.datasetId).table(fresh('t'));
    await source.copy(copy);
    const [[from], [to]] = await Promise.all([source.getMetadata(), copy.getMetadata()]);
    expect(to.schema).toEqual(from.schema);
    expect(await target.rows(`SELECT n, list FROM ${copy.id}`)).toEqual([[1, ['a']]]);
  },
};
