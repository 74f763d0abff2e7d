import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  type BigQueryBed,
  PROJECT,
  queryRows,
  request,
  startBigQueryBed,
} from '../../beds/bigquery-bed.ts';

let server: BigQueryBed;

beforeAll(async () => {
  server = await startBigQueryBed();
  await queryRows(server, 'CREATE SCHEMA d');
  await queryRows(
    server,
    `CREATE TABLE d.T (
       ts TIMESTAMP, day DATE, payload JSON, arr ARRAY<INT64>,
       items ARRAY<STRUCT<x INT64, y STRING>>, r STRUCT<q ARRAY<INT64>>, s STRING, n INT64,
       f FLOAT64, num NUMERIC)`,
  );
  await queryRows(
    server,
    `INSERT INTO d.T VALUES (
       TIMESTAMP '2026-02-03 04:05:06.789123+00', DATE '2026-02-03',
       JSON '{"a":{"b":[1,{"c":"x"}],"n":12345678901234567890,"s":"t"},"items":[{"sku":"S1"}]}',
       [10, 20, 30], [STRUCT(1 AS x, 'a' AS y), STRUCT(2 AS x, 'b' AS y)], STRUCT([5, 6] AS q),
       'Hello World', 5, 2.5, NUMERIC '1.5')`,
  );
});

afterAll(() => server.stop());

async function value(expression: string): Promise<unknown> {
  const [row] = await queryRows(server, `SELECT ${expression} FROM d.T`, {
    formatOptions: { timestampOutputFormat: 'ISO8601_STRING' },
  });
  return row?.[0];
}

/** Repeated values, without their wrapping. */
function items(values: readonly unknown[]): unknown[] {
  return values.map((v) => ({ v }));
}

describe('expressions', () => {
  test.each<[string, unknown]>([
    // JSON
    [`JSON_VALUE(payload, '$.a.s')`, 't'],
    [`JSON_VALUE(payload, '$.items[0].sku')`, 'S1'],
    [`JSON_VALUE(T.payload, "$['a']['n']")`, '12345678901234567890'],
    [`JSON_VALUE(payload, '$.a')`, null],
    [`JSON_VALUE('{"a":null}', '$.a')`, null],
    [`JSON_VALUE('"plain"')`, 'plain'],
    [`JSON_QUERY(payload, '$.a.b')`, '[1,{"c":"x"}]'],
    [`JSON_EXTRACT(payload, '$.a.s')`, '"t"'],
    [`JSON_EXTRACT_SCALAR('{"a":1}', '$.a')`, '1'],
    [`JSON_VALUE_ARRAY('{"a":["x","y"]}', '$.a')`, items(['x', 'y'])],
    [`JSON_QUERY_ARRAY(payload, '$.a.b')`, items(['1', '{"c":"x"}'])],
    ['payload.a.s', '"t"'],
    ['payload.items[0].sku', '"S1"'],
    [`T.payload.a.b[1]['c']`, '"x"'],
    ['payload.a.n', '12345678901234567890'],
    ['STRING(payload.a.s)', 't'],
    [`INT64(JSON '5')`, '5'],
    [`TO_JSON_STRING(STRUCT(1 AS a, 'x' AS b))`, '{"a":1,"b":"x"}'],
    ['JSON_TYPE(payload.items)', 'array'],
    // Casts
    [`SAFE_CAST('x' AS INT64)`, null],
    [`SAFE_CAST('5' AS INT64)`, '5'],
    ['CAST(ts AS STRING)', '2026-02-03 04:05:06.789123+00'],
    [`CAST('1.25' AS NUMERIC)`, '1.25'],
    [`SAFE_CAST('x' AS BIGNUMERIC)`, null],
    [`CAST('2026-01-01' AS TIMESTAMP)`, '2026-01-01T00:00:00Z'],
    [`SAFE_CAST('never' AS TIMESTAMP)`, null],
    ['CAST(n AS FLOAT64)', '5.0'],
    // Dates and times
    ['TIMESTAMP_SUB(ts, INTERVAL 5 DAY)', '2026-01-29T04:05:06.789123Z'],
    ['TIMESTAMP_ADD(ts, INTERVAL n HOUR)', '2026-02-03T09:05:06.789123Z'],
    [`TIMESTAMP_DIFF(TIMESTAMP '2026-02-03 12:00:00', TIMESTAMP '2026-02-01 13:00:00', DAY)`, '1'],
    [`DATE_DIFF(day, DATE '2026-01-01', DAY)`, '33'],
    [`DATE_DIFF(DATE '2026-02-08', DATE '2026-02-07', WEEK)`, '1'],
    ['TIMESTAMP_TRUNC(ts, HOUR)', '2026-02-03T04:00:00Z'],
    [`TIMESTAMP_TRUNC(ts, DAY, 'America/New_York')`, '2026-02-02T05:00:00Z'],
    ['DATE_TRUNC(day, WEEK)', '2026-02-01'],
    ['DATE_TRUNC(day, WEEK(MONDAY))', '2026-02-02'],
    ['DATE_TRUNC(day, ISOWEEK)', '2026-02-02'],
    ['DATE_TRUNC(day, MONTH)', '2026-02-01'],
    ['DATE_ADD(day, INTERVAL 1 MONTH)', '2026-03-03'],
    ['TIMESTAMP_MILLIS(1700000000123)', '2023-11-14T22:13:20.123000Z'],
    ['TIMESTAMP_SECONDS(1700000000)', '2023-11-14T22:13:20Z'],
    ['UNIX_MILLIS(ts)', '1770091506789'],
    [`UNIX_SECONDS(TIMESTAMP '1969-12-31 23:59:59.5+00')`, '-1'],
    [`FORMAT_TIMESTAMP('%F %T', ts)`, '2026-02-03 04:05:06'],
    [`FORMAT_TIMESTAMP('%Y-%m-%dT%H:%M:%E3SZ', ts)`, '2026-02-03T04:05:06.789Z'],
    [`FORMAT_TIMESTAMP('%F %T', ts, 'America/New_York')`, '2026-02-02 23:05:06'],
    [`FORMAT_TIMESTAMP('%FT%H:%M:%E*SZ', ts)`, '2026-02-03T04:05:06.789123Z'],
    [`FORMAT_TIMESTAMP('%E*S', TIMESTAMP '2026-02-03 04:05:00Z')`, '00'],
    [`FORMAT_TIMESTAMP('%E*S', TIMESTAMP '2026-02-03 04:05:10.000120Z')`, '10.00012'],
    [`FORMAT_TIMESTAMP('%E6S|%E1S|%E0S|%%E*S', ts)`, '06.789123|06.7|06|%E*S'],
    [`FORMAT_TIMESTAMP('%E*S', NULL)`, null],
    [`FORMAT_TIME('%H:%M:%E*S', TIME '03:04:05.5')`, '03:04:05.5'],
    [
      `FORMAT_DATETIME('%F %H:%M:%E2S', DATETIME '2026-01-02 03:04:05.678')`,
      '2026-01-02 03:04:05.67',
    ],
    [`PARSE_TIMESTAMP('%FT%H:%M:%E*SZ', '2020-01-02T03:04:05Z')`, '2020-01-02T03:04:05Z'],
    [`PARSE_TIMESTAMP('%FT%H:%M:%E*SZ', '2020-01-02T03:04:05.25Z')`, '2020-01-02T03:04:05.250000Z'],
    [`FORMAT_DATE('%Y%m%d', day)`, '20260203'],
    [`PARSE_TIMESTAMP('%Y-%m-%d %H:%M:%S', '2020-01-02 03:04:05')`, '2020-01-02T03:04:05Z'],
    [`PARSE_DATE('%Y%m%d', '20200102')`, '2020-01-02'],
    [`DATE(ts, 'America/New_York')`, '2026-02-02'],
    ['DATE(2020, 1, 2)', '2020-01-02'],
    [`DATETIME(ts, 'America/New_York')`, '2026-02-02T23:05:06.789123'],
    [`TIMESTAMP(DATETIME '2020-01-01 00:00:00', 'Europe/Prague')`, '2019-12-31T23:00:00Z'],
    [`TIMESTAMP '2020-01-01 00:00:00+00' - INTERVAL 1 HOUR`, '2019-12-31T23:00:00Z'],
    ['EXTRACT(DAYOFWEEK FROM day)', '3'],
    [`EXTRACT(HOUR FROM ts AT TIME ZONE 'America/New_York')`, '23'],
    ['EXTRACT(DATE FROM ts)', '2026-02-03'],
    ['EXTRACT(MILLISECOND FROM ts)', '789'],
    // Text
    [`REGEXP_CONTAINS(s, r'W\\w+d$')`, 'true'],
    [`REGEXP_CONTAINS(s, 'ell')`, 'true'],
    [`REGEXP_EXTRACT(s, r'(\\w+) W')`, 'Hello'],
    [`REGEXP_EXTRACT(s, r'W\\w+')`, 'World'],
    [`REGEXP_EXTRACT(s, 'zzz')`, null],
    [`REGEXP_REPLACE(s, 'o', '0')`, 'Hell0 W0rld'],
    [`REGEXP_REPLACE(s, r'(\\w+) (\\w+)', r'\\2 \\1')`, 'World Hello'],
    [`SPLIT('a,b')[OFFSET(1)]`, 'b'],
    [`SUBSTR(s, 1, 2)`, 'He'],
    [`STRPOS(s, 'W')`, '7'],
    [`BYTE_LENGTH('é')`, '2'],
    [`LENGTH('é😀')`, '2'],
    [`CONCAT('a', 'b', 'c')`, 'abc'],
    [`FORMAT('%d-%s', 1, 'a')`, '1-a'],
    [`TO_HEX(SHA256('a'))`, 'ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb'],
    [`TO_BASE64(b'ab\\xff')`, 'YWL/'],
    [`FROM_BASE64('YWI=')`, 'YWI='],
    [`'a\\nb\\'c\\\\'`, "a\nb'c\\"],
    [`r'a\\n'`, 'a\\n'],
    [`'''tri'q'''`, "tri'q"],
    [`"dq é😀"`, 'dq é😀'],
    ['LENGTH(GENERATE_UUID())', '36'],
    ['SAFE.SUBSTR(s, 1, 4)', 'Hell'],
    // Numbers
    ['1 / 2', '0.5'],
    ['SAFE_DIVIDE(1, 0)', null],
    ['DIV(7, 2)', '3'],
    ['ROUND(2.345, 2)', '2.35'],
    ['0x1F', '31'],
    ['num + 1', '2.5'],
    ['9007199254740993', '9007199254740993'],
    // Arrays and structs
    ['arr[OFFSET(0)]', '10'],
    ['arr[SAFE_OFFSET(9)]', null],
    ['arr[ORDINAL(3)]', '30'],
    ['items[OFFSET(1)].y', 'b'],
    ['r.q[OFFSET(1)]', '6'],
    ['ARRAY_LENGTH(arr)', '3'],
    ['n IN UNNEST([5, 6])', 'true'],
    ['EXISTS(SELECT 1 FROM UNNEST(items) e WHERE e.x = 2)', 'true'],
    ['ARRAY(SELECT e.x FROM UNNEST(items) e ORDER BY 1)', items(['1', '2'])],
    ['(SELECT SUM(i.x) FROM UNNEST(items) AS i)', '3'],
    [`STRUCT<a INT64, b STRING>(1, 'x')`, { f: items(['1', 'x']) }],
    ['GENERATE_ARRAY(1, 3)', items(['1', '2', '3'])],
    // Aggregates
    ['COUNTIF(n > 1)', '1'],
    ['APPROX_QUANTILES(n, 2)', items(['5', '5', '5'])],
    ['ARRAY_AGG(n IGNORE NULLS ORDER BY n DESC LIMIT 1)[OFFSET(0)]', '5'],
    [`STRING_AGG(s, ',')`, 'Hello World'],
    ['SUM(9223372036854775807)', '9223372036854775807'],
  ])('%s', async (expression, expected) => {
    expect(await value(expression)).toEqual(expected);
  });
});

describe('queries', () => {
  test.each<[string, unknown[][]]>([
    [
      'SELECT x, o FROM d.T, UNNEST(arr) AS x WITH OFFSET AS o ORDER BY o',
      [
        ['10', '0'],
        ['20', '1'],
        ['30', '2'],
      ],
    ],
    [
      'SELECT i.x, i.y, n FROM d.T AS t, t.items AS i ORDER BY 1 DESC',
      [
        ['2', 'b', '5'],
        ['1', 'a', '5'],
      ],
    ],
    ['SELECT x FROM d.T t LEFT JOIN UNNEST(t.arr) x ORDER BY x LIMIT 1', [['10']]],
    [
      'SELECT * EXCEPT (ts, day, payload, items, arr, r, s, f), n + 1 AS n2 FROM `test-project.d.T`',
      [['5', '1.5', '6']],
    ],
    [
      'SELECT n, ROW_NUMBER() OVER (PARTITION BY s ORDER BY ts DESC) AS rn FROM d.T QUALIFY rn = 1',
      [['5', '1']],
    ],
    [
      'WITH a AS (SELECT n FROM d.T), T AS (SELECT n * 2 AS n FROM a) SELECT SUM(n) FROM T',
      [['10']],
    ],
    ['SELECT T.n FROM test-project.d.T WHERE T.day = "2026-02-03" AND ts > "2026-01-01"', [['5']]],
    [
      'SELECT x FROM (SELECT NULL x UNION ALL SELECT 1 UNION ALL SELECT 2) ORDER BY x',
      [[null], ['1'], ['2']],
    ],
    [
      'SELECT x FROM (SELECT NULL x UNION ALL SELECT 1 UNION ALL SELECT 2) ORDER BY x DESC',
      [['2'], ['1'], [null]],
    ],
    ['/* a */ SELECT 1 -- b\n# c\n;', [['1']]],
  ])('%s', async (sql, expected) => {
    expect(await queryRows(server, sql)).toEqual(expected);
  });

  test('unnamed columns are f0_, f1_, …', async () => {
    const { body } = await request(server, 'POST', `/projects/${PROJECT}/queries`, {
      query: 'SELECT 1, n, COUNT(*) FROM d.T GROUP BY n',
    });
    expect(body.schema?.fields.map((field) => field.name)).toEqual(['f0_', 'n', 'f1_']);
  });
});

describe('changes', () => {
  test('rows are inserted, updated, merged and deleted, and counted', async () => {
    await queryRows(server, 'CREATE OR REPLACE TABLE d.c (id INT64 NOT NULL, v STRING)');
    const run = async (sql: string): Promise<unknown> => {
      const { body } = await request(server, 'POST', `/projects/${PROJECT}/queries`, {
        query: sql,
      });
      return body['numDmlAffectedRows'] ?? body.error;
    };
    expect(await run(`INSERT d.c (id, v) VALUES (1, 'a'), (2, 'b'), (3, 'c')`)).toBe('3');
    expect(await run(`UPDATE d.c SET v = 'z' WHERE id > 1`)).toBe('2');
    expect(
      await run(
        `MERGE d.c c USING (SELECT 3 AS id UNION ALL SELECT 4) s ON c.id = s.id
         WHEN MATCHED THEN UPDATE SET v = 'm' WHEN NOT MATCHED THEN INSERT (id, v) VALUES (s.id, 'new')`,
      ),
    ).toBe('2');
    expect(await run('DELETE FROM d.c WHERE id = 1')).toBe('1');
    expect(await queryRows(server, 'SELECT * FROM d.c ORDER BY id')).toEqual([
      ['2', 'z'],
      ['3', 'm'],
      ['4', 'new'],
    ]);
    expect(await run('INSERT d.c (v) VALUES ("x")')).toMatchObject({ code: 400 });
    await queryRows(server, 'TRUNCATE TABLE d.c');
    expect(await queryRows(server, 'SELECT COUNT(*) FROM d.c')).toEqual([['0']]);
    await queryRows(
      server,
      'ALTER TABLE d.c ADD COLUMN w ARRAY<STRING>, ADD COLUMN IF NOT EXISTS v STRING',
    );
    await queryRows(server, 'INSERT d.c (id, w) VALUES (9, ["p"])');
    expect(await queryRows(server, 'SELECT * FROM d.c')).toEqual([['9', null, [{ v: 'p' }]]]);
    await queryRows(server, 'DROP TABLE d.c');
    await queryRows(server, 'DROP TABLE IF EXISTS d.c');
  });

  test('a table is made from a query, and not at all when the query fails', async () => {
    await queryRows(
      server,
      `CREATE TABLE d.made PARTITION BY DATE(ts) CLUSTER BY n AS SELECT ts, n, items, num FROM d.T`,
    );
    expect(await queryRows(server, 'SELECT n, ARRAY_LENGTH(items) FROM d.made')).toEqual([
      ['5', '2'],
    ]);
    const { body } = await request(server, 'GET', `/projects/${PROJECT}/datasets/d/tables/made`);
    expect(body).toMatchObject({
      timePartitioning: { type: 'DAY', field: 'ts' },
      clustering: { fields: ['n'] },
      numRows: '1',
    });
    await expect(
      queryRows(server, 'CREATE TABLE d.bad AS SELECT 1 / (n - 5) AS x FROM d.T'),
    ).rejects.toThrow('division by zero');
    const missing = await request(server, 'GET', `/projects/${PROJECT}/datasets/d/tables/bad`);
    expect(missing.status).toBe(404);
  });

  test('a view follows its tables, and views may be built on views', async () => {
    await queryRows(
      server,
      `CREATE VIEW d.v AS SELECT n, JSON_VALUE(payload, '$.a.s') AS s FROM d.T`,
    );
    await queryRows(
      server,
      `CREATE OR REPLACE VIEW d.v2 AS SELECT s FROM test-project.d.v WHERE n = 5`,
    );
    expect(await queryRows(server, 'SELECT v2.s FROM d.v2')).toEqual([['t']]);
    await expect(queryRows(server, 'DELETE FROM d.v WHERE TRUE')).rejects.toThrow('view');
    await queryRows(server, 'DROP VIEW d.v2');
    await expect(queryRows(server, 'SELECT * FROM d.v2')).rejects.toThrow('Not found');
  });

  test('INFORMATION_SCHEMA lists tables and columns', async () => {
    const tables = await queryRows(
      server,
      `SELECT table_name, table_type FROM d.INFORMATION_SCHEMA.TABLES WHERE table_name = 'T'`,
    );
    expect(tables).toEqual([['T', 'BASE TABLE']]);
    const columns = await queryRows(
      server,
      `SELECT column_name, data_type FROM \`test-project.d.INFORMATION_SCHEMA.COLUMNS\`
       WHERE table_name = 'T' AND ordinal_position BETWEEN 4 AND 5 ORDER BY ordinal_position`,
    );
    expect(columns).toEqual([
      ['arr', 'ARRAY<INT64>'],
      ['items', 'ARRAY<STRUCT<x INT64, y STRING>>'],
    ]);
  });
});

describe('refusals', () => {
  test.each<[string, number, string]>([
    ['', 400, 'required'],
    ['SELEC 1', 400, 'invalidQuery'],
    ['SELECT', 400, 'invalidQuery'],
    [`SELECT 'open`, 400, 'invalidQuery'],
    ['SELECT nope FROM d.T', 400, 'invalidQuery'],
    ['SELECT NO_SUCH_FUNCTION(1)', 400, 'invalidQuery'],
    ['SELECT 1 / 0', 400, 'invalidQuery'],
    ['SELECT arr[OFFSET(9)] FROM d.T', 400, 'invalidQuery'],
    ['SELECT 1 AS a, 2 AS a', 400, 'invalidQuery'],
    ['SELECT * FROM unqualified', 400, 'invalid'],
    ['SELECT * FROM nowhere.t', 404, 'notFound'],
    ['SELECT * FROM d.nothing', 404, 'notFound'],
    ['SELECT * FROM other.d.T', 404, 'notFound'],
    ['INSERT INTO d.nothing VALUES (1)', 404, 'notFound'],
    ['CREATE TABLE d.T (a INT64)', 409, 'duplicate'],
    ['CREATE MODEL d.m AS SELECT 1', 501, 'notImplemented'],
    ['SELECT ST_GEOGPOINT(1, 2)', 501, 'notImplemented'],
    // SQL cannot reach the machine's files or DuckDB's own functions.
    [`SELECT * FROM read_text('/etc/passwd')`, 400, 'invalidQuery'],
    [`SELECT * FROM \`/etc/passwd\``, 400, 'invalid'],
    [`SELECT * FROM tributary.jobs`, 404, 'notFound'],
    ['SELECT * FROM duckdb_settings()', 400, 'invalidQuery'],
    [`COPY d.T TO '/tmp/x.csv'`, 400, 'invalidQuery'],
    [`ATTACH '/tmp/x.db'`, 400, 'invalidQuery'],
    ['PRAGMA version', 400, 'invalidQuery'],
  ])('%s', async (query, status, reason) => {
    const answer = await request(server, 'POST', `/projects/${PROJECT}/queries`, { query });
    expect([answer.status, answer.body.error?.errors[0]?.reason]).toEqual([status, reason]);
    expect(answer.body.error?.message).not.toBe('');
  });
});

describe('MERGE', () => {
  const merge = (sql: string, more = {}) =>
    request(server, 'POST', `/bigquery/v2/projects/${PROJECT}/queries`, {
      query: sql,
      useLegacySql: false,
      ...more,
    });

  test('says how many rows it inserted, updated and deleted', async () => {
    await queryRows(server, 'CREATE TABLE d.stock (sku STRING, qty INT64)');
    await queryRows(server, "INSERT INTO d.stock VALUES ('a', 1), ('b', 2), ('c', 3)");
    const { body } = await merge(
      `MERGE d.stock t USING (SELECT 'a' AS sku, 5 AS qty UNION ALL SELECT 'x', 7) s ON t.sku = s.sku
       WHEN MATCHED THEN UPDATE SET qty = s.qty
       WHEN NOT MATCHED THEN INSERT ROW
       WHEN NOT MATCHED BY SOURCE THEN DELETE`,
    );
    expect(body).toMatchObject({
      numDmlAffectedRows: '4',
      dmlStats: { insertedRowCount: '1', updatedRowCount: '1', deletedRowCount: '2' },
    });
    expect(await queryRows(server, 'SELECT sku, qty FROM d.stock ORDER BY sku')).toEqual([
      ['a', '5'],
      ['x', '7'],
    ]);
  });

  test('takes its rows from a parameter that is an array of STRUCTs', async () => {
    await queryRows(server, 'CREATE TABLE d.names (id INT64, name STRING, at TIMESTAMP)');
    await queryRows(server, "INSERT INTO d.names (id, name) VALUES (1, 'old')");
    const structTypes = [
      { name: 'id', type: { type: 'INT64' } },
      { name: 'name', type: { type: 'STRING' } },
    ];
    const row = (id: string, name: string) => ({
      structValues: { id: { value: id }, name: { value: name } },
    });
    const { body } = await merge(
      `MERGE d.names t USING UNNEST(@rows) s ON t.id = s.id
       WHEN MATCHED THEN UPDATE SET name = s.name, at = CURRENT_TIMESTAMP()
       WHEN NOT MATCHED THEN INSERT (id, name, at) VALUES (s.id, s.name, CURRENT_TIMESTAMP())`,
      {
        parameterMode: 'NAMED',
        queryParameters: [
          {
            name: 'rows',
            parameterType: { type: 'ARRAY', arrayType: { type: 'STRUCT', structTypes } },
            parameterValue: { arrayValues: [row('1', 'new'), row('2', 'two')] },
          },
        ],
      },
    );
    expect(body).toMatchObject({
      dmlStats: { insertedRowCount: '1', updatedRowCount: '1', deletedRowCount: '0' },
    });
    const sql = 'SELECT id, name, at IS NOT NULL FROM d.names ORDER BY id';
    expect(await queryRows(server, sql)).toEqual([
      ['1', 'new', 'true'],
      ['2', 'two', 'true'],
    ]);
  });
});

test('a byte order mark at the beginning of a text stays', async () => {
  const sql = String.raw`SELECT '\ufeffa', UPPER('\ufeffa'), SUBSTR('\ufeffa', 1, 1), TO_JSON_STRING('\ufeffa'), ['\ufeffa']`;
  expect(await queryRows(server, sql)).toEqual([
    ['\ufeffa', '\ufeffA', '\ufeff', '"\ufeffa"', [{ v: '\ufeffa' }]],
  ]);
});

test.each([
  ['SELECT ST_GEOGPOINT(1, 2)', 'The function ST_GEOGPOINT'],
  ['SELECT CAST(NULL AS GEOGRAPHY)', 'The type GEOGRAPHY'],
  ['CREATE TABLE d.places (x GEOGRAPHY)', 'GEOGRAPHY'],
  ["SELECT RANGE<DATE> '[2024-01-01, 2024-02-01)'", 'The type RANGE'],
  ["SELECT RANGE(DATE '2024-01-01', NULL)", 'The function RANGE'],
  ['SELECT KLL_QUANTILES.INIT_INT64(1)', 'The function KLL_QUANTILES.INIT_INT64'],
  ['FROM d.T |> CALL f()', 'The pipe operator CALL'],
])('%s is refused by name', async (sql, name) => {
  await expect(queryRows(server, sql)).rejects.toThrow(
    new RegExp(`${name}.* is not supported by the local server`),
  );
});
