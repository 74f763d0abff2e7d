import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import protobuf from 'protobufjs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { TableWriter } from '../../../subscriber/bigquery/append/writer.ts';
import { openWriteClient } from '../../../subscriber/bigquery/client.ts';
import { changeFields, describeColumns } from '../../../subscriber/bigquery/encode/descriptor.ts';
import {
  type BigQueryBed,
  PROJECT,
  queryRows,
  request,
  startBigQueryBed,
} from '../../beds/bigquery-bed.ts';

const LOWEST = '-578960446186580977117854925043439539266.34992332820282019728792003956564819968';
const HIGHEST = '578960446186580977117854925043439539266.34992332820282019728792003956564819967';
const SMALLEST = `0.${'0'.repeat(37)}1`;
const ALL = [LOWEST, `-${SMALLEST}`, '0', SMALLEST, '2', '10', '123456789012345678901.5', HIGHEST];
/** One unit out of range, and numbers with too many digits. */
const BEYOND = [
  '-578960446186580977117854925043439539266.34992332820282019728792003956564819969',
  '578960446186580977117854925043439539266.34992332820282019728792003956564819968',
  `1${'0'.repeat(39)}`,
  `0.${'0'.repeat(38)}1`,
];

let server: BigQueryBed;

beforeAll(async () => {
  server = await startBigQueryBed();
  await queryRows(server, 'CREATE SCHEMA d');
  for (const table of ['loaded_csv', 'loaded_json', 'inserted', 'streamed', 'keyed']) {
    const key = table === 'keyed' ? ', PRIMARY KEY (bn) NOT ENFORCED' : '';
    await queryRows(
      server,
      `CREATE TABLE d.${table} (id STRING, bn BIGNUMERIC, list ARRAY<BIGNUMERIC>,
        inner_ STRUCT<bn BIGNUMERIC>${key})`,
    );
  }
});

afterAll(() => server.stop());

async function column(sql: string): Promise<unknown[]> {
  return (await queryRows(server, sql)).map(([value]) => value);
}

const inOrder = (table: string) => column(`SELECT bn FROM d.${table} ORDER BY bn`);

async function load(table: string, text: string, format: 'CSV' | 'NEWLINE_DELIMITED_JSON') {
  const file = join(server.directory, 'source');
  await writeFile(file, text);
  const [job] = await server.bigquery
    .dataset('d')
    .table(table)
    .createLoadJob(file, { sourceFormat: format, schema: { fields: FIELDS } });
  job.pollIntervalMs = 10;
  await job.promise();
}

const FIELDS = [
  { name: 'id', type: 'STRING' },
  { name: 'bn', type: 'BIGNUMERIC' },
];

describe('the full range, with every digit', () => {
  test('by a load job of CSV', async () => {
    await load(
      'loaded_csv',
      ALL.map((bn) => `x,${bn}\n`)
        .toReversed()
        .join(''),
      'CSV',
    );
    expect(await inOrder('loaded_csv')).toEqual(ALL);
  });

  test('by a load job of JSON, as numbers and as texts', async () => {
    const rows = ALL.map((bn, n) => `{"id":"x","bn":${n % 2 ? bn : `"${bn}"`}}\n`);
    await load('loaded_json', rows.join(''), 'NEWLINE_DELIMITED_JSON');
    expect(await inOrder('loaded_json')).toEqual(ALL);
  });

  test('by REST, in arrays and records too; and by tabledata.list', async () => {
    const path = `/bigquery/v2/projects/${PROJECT}/datasets/d/tables/inserted`;
    const rows = ALL.map((bn) => `{"json":{"bn":${bn},"list":["${bn}"],"inner_":{"bn":"${bn}"}}}`);
    const answer = await request(server, 'POST', `${path}/insertAll`, `{"rows":[${rows}]}`);
    expect(answer.body['insertErrors']).toBeUndefined();
    expect(await inOrder('inserted')).toEqual(ALL);
    expect(await column('SELECT x FROM d.inserted, UNNEST(list) AS x ORDER BY x')).toEqual(ALL);
    expect(await column('SELECT inner_.bn FROM d.inserted ORDER BY bn')).toEqual(ALL);
    const { body } = await request(server, 'GET', `${path}/data`);
    expect(body.rows?.map(({ f }) => f.map(({ v }) => v))).toEqual(
      ALL.map((bn) => [null, bn, [{ v: bn }], { f: [{ v: bn }] }]),
    );
  });

  test.each([
    ['streamed', undefined],
    ['keyed', ['bn']],
  ] as const)('by the Storage Write API: %s', async (table, key) => {
    const rows = describeColumns([{ name: 'bn', type: 'BIGNUMERIC' }]);
    const descriptor = key ? { ...rows, field: [...(rows.field ?? []), ...changeFields(1)] } : rows;
    const encoded = ALL.map((bn) => {
      const row = protobuf.Writer.create().uint32(10).string(bn);
      return key ? row.uint32(18).string('UPSERT').finish() : row.finish();
    });
    const endpoint = `127.0.0.1:${server.grpcPort}`;
    const client = await openWriteClient({ projectId: PROJECT, endpoint });
    const writer = new TableWriter(client, {
      table: `projects/${PROJECT}/datasets/d/tables/${table}`,
      descriptor,
    });
    // Twice: with a key, the second row replaces the first.
    for (const _ of [1, 2]) {
      expect((await writer.append(encoded)).written).toHaveLength(ALL.length);
    }
    await writer.close();
    await client.close();
    const times = key ? ALL : ALL.flatMap((bn) => [bn, bn]);
    expect(await inOrder(table)).toEqual(times);
  });

  test('as parameters', async () => {
    const type = { type: 'BIGNUMERIC' };
    const queryParameters = [
      ...ALL.map((value, n) => ({ name: `p${n}`, parameterType: type, parameterValue: { value } })),
      {
        name: 'list',
        parameterType: { type: 'ARRAY', arrayType: type },
        parameterValue: { arrayValues: ALL.map((value) => ({ value })) },
      },
      { name: 'none', parameterType: type, parameterValue: {} },
    ];
    const names = ALL.map((_, n) => `@p${n}`);
    const sql = `SELECT ${names}, @list, @none, @p2 IN UNNEST(@list), @p0 < @p1`;
    expect(await queryRows(server, sql, { parameterMode: 'NAMED', queryParameters })).toEqual([
      [...ALL, ALL.map((v) => ({ v })), null, 'true', 'true'],
    ]);
  });

  test('as literals and casts', async () => {
    const literals = ALL.map((bn) => `BIGNUMERIC '${bn}'`);
    const casts = ALL.map((bn) => `CAST('${bn}' AS BIGNUMERIC)`);
    const safe = ALL.map((bn) => `SAFE_CAST(' ${bn} ' AS BIGDECIMAL)`);
    const sql = `SELECT ${[...literals, ...casts, ...safe]}`;
    expect(await queryRows(server, sql)).toEqual([[...ALL, ...ALL, ...ALL]]);
  });

  test('over a restart', async () => {
    await server.restart();
    expect(await inOrder('loaded_csv')).toEqual(ALL);
  });
});

describe('beyond the range', () => {
  test.each(BEYOND)('%s is refused on every way', async (bn) => {
    await expect(load('loaded_csv', `x,${bn}\n`, 'CSV')).rejects.toThrow('BIGNUMERIC');
    const json = `{"id":"x","bn":"${bn}"}\n`;
    await expect(load('loaded_json', json, 'NEWLINE_DELIMITED_JSON')).rejects.toThrow('BIGNUMERIC');
    const path = `/bigquery/v2/projects/${PROJECT}/datasets/d/tables/inserted`;
    const answer = await request(server, 'POST', `${path}/insertAll`, {
      rows: [{ json: { bn } }],
    });
    expect(answer.body['insertErrors']).toHaveLength(1);
    expect(await inOrder('inserted')).toEqual(ALL);
  });

  test('a cast overflows; further digits are rounded, half of one up', async () => {
    for (const bn of BEYOND.slice(0, 3)) {
      expect(await column(`SELECT SAFE_CAST('${bn}' AS BIGNUMERIC)`)).toEqual([null]);
      await expect(column(`SELECT BIGNUMERIC '${bn}'`)).rejects.toThrow('BIGNUMERIC');
    }
    await expect(column(`SELECT CAST('1,5' AS BIGNUMERIC)`)).rejects.toThrow('1,5');
    const zeros = '0'.repeat(37);
    expect(
      await queryRows(
        server,
        `SELECT BIGNUMERIC '0.${zeros}15', BIGNUMERIC '-0.${zeros}15', BIGNUMERIC '0.${zeros}049',
          BIGNUMERIC '1e-38', BIGNUMERIC '-1.5E+3', BIGNUMERIC '1e-60', BIGNUMERIC '.5', BIGNUMERIC '5.'`,
      ),
    ).toEqual([[`0.${zeros}2`, `-0.${zeros}2`, '0', `0.${zeros}1`, '-1500', '0', '0.5', '5']]);
  });
});

describe('in SQL', () => {
  const of = (sql: string) => column(sql.replaceAll(' T', ' d.loaded_csv'));

  test('it compares with numbers of other types by their values', async () => {
    expect(await of('SELECT bn FROM T WHERE bn > 2 ORDER BY bn')).toEqual(ALL.slice(5));
    expect(await of('SELECT bn FROM T WHERE 2 >= bn ORDER BY bn')).toEqual(ALL.slice(0, 5));
    expect(await of('SELECT bn FROM T WHERE bn = 10.0')).toEqual(['10']);
    expect(await of("SELECT bn FROM T WHERE bn = NUMERIC '2'")).toEqual(['2']);
    expect(await of('SELECT bn FROM T WHERE bn BETWEEN -1 AND 5 ORDER BY bn')).toEqual(
      ALL.slice(1, 5),
    );
    expect(await of('SELECT bn FROM T WHERE bn IN (2, 10, 11) ORDER BY bn')).toEqual(['2', '10']);
    expect(await of(`SELECT bn FROM T WHERE bn < BIGNUMERIC '-${SMALLEST}'`)).toEqual([LOWEST]);
    expect(await of('SELECT COUNT(*) FROM T AS a JOIN T AS b ON a.bn = b.bn')).toEqual(['8']);
  });

  test('it is grouped, and has a least and a greatest', async () => {
    expect(await of('SELECT COUNT(DISTINCT bn) FROM T')).toEqual(['8']);
    expect(await queryRows(server, 'SELECT MIN(bn), MAX(bn) FROM d.loaded_csv')).toEqual([
      [LOWEST, HIGHEST],
    ]);
  });

  test('sums are exact, over windows too, and overflow', async () => {
    expect(await of(`SELECT SUM(bn) FROM T WHERE bn < 11`)).toEqual([
      '-578960446186580977117854925043439539254.34992332820282019728792003956564819968',
    ]);
    expect(await of('SELECT SUM(bn) FROM T')).toEqual([`123456789012345678913.4${'9'.repeat(37)}`]);
    expect(await of('SELECT SUM(bn) OVER (ORDER BY bn) FROM T WHERE bn BETWEEN 2 AND 10')).toEqual([
      '2',
      '12',
    ]);
    expect(await of('SELECT bn + 1 FROM T WHERE bn = 2')).toEqual(['3']);
    expect(await of(`SELECT 1.5 - bn FROM T WHERE bn = 2`)).toEqual(['-0.5']);
    expect(await of('SELECT SUM(bn) > 5 FROM T WHERE bn < 11')).toEqual(['false']);
    await expect(of(`SELECT bn + 1 FROM T`)).rejects.toThrow('overflow');
    const twice = 'SELECT SUM(a.bn) FROM T AS a, UNNEST([1, 2]) AS twice WHERE a.bn > 11';
    await expect(of(twice)).rejects.toThrow('overflow');
  });

  test.each(['bn * 2', 'bn + 1', '-bn', 'ABS(bn)'])(
    'what is out of its range is refused: %s',
    async (expression) => {
      await expect(of(`SELECT ${expression} FROM T`)).rejects.toThrow();
    },
  );

  test('it is cast by way of its text', async () => {
    const sql = `SELECT CAST(bn AS STRING), CAST(bn AS FLOAT64), CAST(bn AS INT64), CAST(bn AS NUMERIC),
      CAST(bn AS BIGNUMERIC) FROM d.loaded_csv WHERE bn = 10`;
    expect(await queryRows(server, sql)).toEqual([['10', '10.0', '10', '10', '10']]);
    expect(await of('SELECT CAST(bn AS STRING) FROM T ORDER BY bn')).toEqual(ALL);
    expect(await of(`SELECT SAFE_CAST(bn AS INT64) FROM T WHERE bn > 11`)).toEqual([null, null]);
  });

  test('a table of a query keeps it', async () => {
    await queryRows(
      server,
      `CREATE TABLE d.copied AS SELECT bn, BIGNUMERIC '1.000000001' * NUMERIC '1.000000001' AS product
        FROM d.loaded_csv`,
    );
    expect(await inOrder('copied')).toEqual(ALL);
    expect(await column('SELECT product FROM d.copied LIMIT 1')).toEqual(['1.000000002000000001']);
    const [metadata] = await server.bigquery.dataset('d').table('copied').getMetadata();
    expect(metadata.schema.fields).toMatchObject([
      { name: 'bn', type: 'BIGNUMERIC' },
      { name: 'product', type: 'BIGNUMERIC' },
    ]);
  });
});

test('a column of the time when it held 38 digits is widened', async () => {
  await queryRows(server, 'CREATE TABLE d.old (id STRING, bn BIGNUMERIC)');
  await server.restart(async (directory) => {
    const instance = await DuckDBInstance.create(join(directory, 'bigquery.duckdb'));
    const connection = await instance.connect();
    const at = `"${PROJECT}.d"."old"`;
    await connection.run(`DROP TABLE ${at}`);
    await connection.run(`CREATE TABLE ${at} (id VARCHAR, bn DECIMAL(38, 18))`);
    await connection.run(`INSERT INTO ${at} VALUES ('a', -1.000000000000000001), ('b', NULL)`);
    connection.closeSync();
    instance.closeSync();
  });
  await queryRows(server, `INSERT INTO d.old VALUES ('c', BIGNUMERIC '${LOWEST}')`);
  expect(await column('SELECT bn FROM d.old ORDER BY id')).toEqual([
    '-1.000000000000000001',
    null,
    LOWEST,
  ]);
});
