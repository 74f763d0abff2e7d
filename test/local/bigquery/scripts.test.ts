import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  type BigQueryBed,
  PROJECT,
  queryRows,
  request,
  startBigQueryBed,
} from '../../beds/bigquery-bed.ts';

let server: BigQueryBed;
const IN_D = { defaultDataset: { datasetId: 'd' } };

beforeAll(async () => {
  server = await startBigQueryBed();
  await queryRows(server, 'CREATE SCHEMA d');
});

afterAll(() => server.stop());

describe('the procedural language', () => {
  test.each<[string, unknown[][]]>([
    [
      `DECLARE x INT64 DEFAULT 1; DECLARE y STRING; SET y = 'a';
       WHILE x < 5 DO SET x = x + 1; IF x = 3 THEN CONTINUE; END IF;
         SET y = CONCAT(y, CAST(x AS STRING)); END WHILE; SELECT x, y;`,
      [['5', 'a245']],
    ],
    ['DECLARE a, b INT64 DEFAULT 2; SET (a, b) = (10, 20); SELECT a + b;', [['30']]],
    [
      'DECLARE i INT64 DEFAULT 0; LOOP SET i = i + 1; IF i > 3 THEN LEAVE; END IF; END LOOP; SELECT i',
      [['4']],
    ],
    ['DECLARE i INT64 DEFAULT 0; REPEAT SET i = i + 1; UNTIL i >= 3 END REPEAT; SELECT i', [['3']]],
    [
      "DECLARE k STRING DEFAULT 'b'; CASE k WHEN 'a' THEN SELECT 1; ELSE SELECT 2; END CASE",
      [['2']],
    ],
    [`FOR r IN (SELECT 1 AS id UNION ALL SELECT 2) DO SELECT r.id; END FOR`, [['2']]],
    [
      'BEGIN SELECT 1 / 0; EXCEPTION WHEN ERROR THEN SELECT @@error.message; END',
      [['division by zero: 1 / 0']],
    ],
    ["EXECUTE IMMEDIATE 'SELECT @a + ?' USING 1 AS a, 2", [['3']]],
    ["DECLARE r INT64; EXECUTE IMMEDIATE 'SELECT 21 * 2' INTO r; SELECT r", [['42']]],
    [
      'CREATE TEMP TABLE t AS SELECT 1 AS x; INSERT INTO t VALUES (3); SELECT SUM(x) FROM t',
      [['4']],
    ],
    ['CREATE TEMP FUNCTION f(x INT64) AS (x * 2); SELECT f(21)', [['42']]],
    [
      'CREATE TEMP FUNCTION g(x FLOAT64) RETURNS STRING LANGUAGE js AS "return [x * 2].join();"; SELECT g(1.5)',
      [['3']],
    ],
    [
      'CREATE PROCEDURE d.triple(a INT64, OUT b INT64) BEGIN SET b = a * 3; END; DECLARE z INT64',
      [],
    ],
    ['DECLARE z INT64; CALL d.triple(5, z); SELECT z', [['15']]],
  ])('%s', async (sql, rows) => {
    expect(await queryRows(server, sql, IN_D)).toEqual(rows);
  });

  test('a transaction is kept or undone as a whole', async () => {
    await queryRows(server, 'CREATE TABLE d.acc (id INT64, v INT64)');
    const insert = 'BEGIN TRANSACTION; INSERT INTO d.acc VALUES (1, 10);';
    await queryRows(server, `${insert} ROLLBACK TRANSACTION`);
    await expect(queryRows(server, `${insert} SELECT 1 / 0; COMMIT`)).rejects.toThrow('division');
    expect(await queryRows(server, 'SELECT COUNT(*) FROM d.acc')).toEqual([['0']]);
    await queryRows(server, `${insert} UPDATE d.acc SET v = 11 WHERE id = 1; COMMIT TRANSACTION`);
    expect(await queryRows(server, 'SELECT * FROM d.acc')).toEqual([['1', '11']]);
  });

  test('each statement is a child job with its statistics', async () => {
    const [job] = await server.bigquery.createQueryJob(
      'CREATE TABLE d.made (x INT64); INSERT INTO d.made VALUES (1), (2); SELECT COUNT(*) AS n FROM d.made',
    );
    const [rows] = await job.getQueryResults();
    expect(rows).toEqual([{ n: 2 }]);
    const [metadata] = await job.getMetadata();
    expect(metadata.statistics).toMatchObject({
      numChildJobs: '3',
      query: { statementType: 'SCRIPT' },
    });
    const { body } = await request(
      server,
      'GET',
      `/bigquery/v2/projects/${PROJECT}/jobs?parentJobId=${job.id}`,
    );
    const children = body['jobs'] as { statistics: { query: Record<string, unknown> } }[];
    expect(children.map(({ statistics }) => statistics.query)).toMatchObject([
      { statementType: 'SELECT' },
      { statementType: 'INSERT', dmlStats: { insertedRowCount: '2' } },
      { statementType: 'CREATE_TABLE', ddlOperationPerformed: 'CREATE' },
    ]);
  });

  test.each([
    ["RAISE USING MESSAGE = 'mine'", 'mine'],
    ['DECLARE x INT64; DECLARE x INT64', 'already declared'],
    ['SET nothing = 1', 'Undeclared variable'],
    ['COMMIT TRANSACTION', 'without a transaction'],
    ['IF TRUE THEN SELECT 1', 'end of script'],
    ['BREAK', 'only allowed inside of a loop'],
    ['CREATE TEMP TABLE t (x INT64)', 'requires a script'],
    [
      "CREATE TEMP FUNCTION f(x INT64) RETURNS INT64 LANGUAGE js AS 'return x'; SELECT f(1)",
      'INT64',
    ],
  ])('%s is refused', async (sql, message) => {
    await expect(queryRows(server, sql)).rejects.toThrow(message);
  });
});

describe('definitions', () => {
  test('columns are limited, have defaults, and are renamed and dropped', async () => {
    await queryRows(
      server,
      "CREATE TABLE d.st (id INT64, s STRUCT<a INT64, b STRUCT<c STRING>>, n NUMERIC(5, 2), t STRING(3) DEFAULT 'abc')",
    );
    await queryRows(server, "INSERT INTO d.st (id, s) VALUES (1, STRUCT(1, STRUCT('x')))");
    await queryRows(server, "UPDATE d.st SET s.b.c = 'y', n = 1.256 WHERE id = 1");
    const nested = { f: [{ v: '1' }, { v: { f: [{ v: 'y' }] } }] };
    expect(await queryRows(server, 'SELECT * FROM d.st')).toEqual([['1', nested, '1.26', 'abc']]);
    await expect(queryRows(server, "INSERT INTO d.st (t) VALUES ('abcd')")).rejects.toThrow(
      'length',
    );
    await expect(queryRows(server, 'INSERT INTO d.st (n) VALUES (1234.5)')).rejects.toThrow(
      'NUMERIC(5, 2)',
    );
    await queryRows(server, 'ALTER TABLE d.st RENAME COLUMN id TO key, DROP COLUMN n');
    await queryRows(server, 'ALTER TABLE d.st RENAME TO st2');
    expect(await queryRows(server, 'SELECT key, t FROM d.st2')).toEqual([['1', 'abc']]);
    const types = await queryRows(
      server,
      "SELECT column_name, data_type FROM d.INFORMATION_SCHEMA.COLUMNS WHERE table_name = 'st2' ORDER BY ordinal_position",
    );
    expect(types).toEqual([
      ['key', 'INT64'],
      ['s', 'STRUCT<a INT64, b STRUCT<c STRING>>'],
      ['t', 'STRING(3)'],
    ]);
  });

  test('LIKE takes the columns, CLONE and COPY the rows as well', async () => {
    await queryRows(server, 'CREATE TABLE d.origin AS SELECT 1 AS x');
    await queryRows(server, 'CREATE TABLE d.alike LIKE d.origin');
    await queryRows(server, 'CREATE TABLE d.cloned CLONE d.origin');
    await queryRows(server, 'CREATE SNAPSHOT TABLE d.snapshot CLONE d.origin');
    const counts = ['alike', 'cloned', 'snapshot'].map(
      (name) => `(SELECT COUNT(*) FROM d.${name})`,
    );
    expect(await queryRows(server, `SELECT ${counts}`)).toEqual([['0', '1', '1']]);
  });

  test('functions and table functions of a dataset outlive a restart', async () => {
    await queryRows(server, 'CREATE FUNCTION d.dbl(x FLOAT64) RETURNS FLOAT64 AS (x * 2)');
    await queryRows(
      server,
      'CREATE TABLE FUNCTION d.upto(n INT64) AS SELECT x FROM UNNEST(GENERATE_ARRAY(1, n)) AS x',
    );
    await server.restart();
    expect(await queryRows(server, 'SELECT d.dbl(4), (SELECT SUM(x) FROM d.upto(4))')).toEqual([
      ['8.0', '10'],
    ]);
  });

  test('MERGE changes a row once', async () => {
    await queryRows(server, 'CREATE TABLE d.target AS SELECT 1 AS id, 1 AS v');
    const merge = (rows: string) =>
      queryRows(
        server,
        `MERGE d.target t USING (${rows}) s ON t.id = s.id
         WHEN MATCHED THEN UPDATE SET v = s.v WHEN NOT MATCHED THEN INSERT ROW`,
      );
    await expect(merge('SELECT 1 AS id, 2 AS v UNION ALL SELECT 1, 3')).rejects.toThrow(
      'at most one',
    );
    await merge('SELECT 1 AS id, 2 AS v UNION ALL SELECT 5, 3');
    expect(await queryRows(server, 'SELECT * FROM d.target ORDER BY id')).toEqual([
      ['1', '2'],
      ['5', '3'],
    ]);
    await expect(queryRows(server, 'UPDATE d.target SET v = 0')).rejects.toThrow('WHERE');
  });
});

describe('destination tables', () => {
  const run = async (query: string, more: Record<string, unknown>) => {
    const destination = server.bigquery.dataset('d').table('result');
    const [job] = await server.bigquery.createQueryJob({ query, destination, ...more });
    await job.getQueryResults();
    return queryRows(server, 'SELECT * FROM d.result ORDER BY 1');
  };

  test('WRITE_EMPTY, APPEND and TRUNCATE', async () => {
    expect(await run('SELECT 1 AS x', {})).toEqual([['1']]);
    await expect(run('SELECT 2 AS x', { writeDisposition: 'WRITE_EMPTY' })).rejects.toThrow(
      'Already Exists',
    );
    expect(await run('SELECT 2 AS x', { writeDisposition: 'WRITE_APPEND' })).toEqual([
      ['1'],
      ['2'],
    ]);
    await expect(run('SELECT 3 AS y', { writeDisposition: 'WRITE_APPEND' })).rejects.toThrow(
      'Cannot add',
    );
    const added = {
      writeDisposition: 'WRITE_APPEND',
      schemaUpdateOptions: ['ALLOW_FIELD_ADDITION'],
    };
    expect(await run('SELECT 3 AS x, "n" AS y', added)).toEqual([
      ['1', null],
      ['2', null],
      ['3', 'n'],
    ]);
    expect(await run('SELECT "t" AS z', { writeDisposition: 'WRITE_TRUNCATE' })).toEqual([['t']]);
  });
});
