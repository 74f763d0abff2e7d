import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { JobLoadMetadata } from '@google-cloud/bigquery';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  type BigQueryBed,
  PROJECT,
  queryRows,
  request,
  startBigQueryBed,
} from '../../beds/bigquery-bed.ts';

let server: BigQueryBed;
let tables = 0;

beforeAll(async () => {
  server = await startBigQueryBed();
  await server.bigquery.createDataset('d');
});

afterAll(() => server.stop());

/** The names and types of the columns, and the rows. */
async function load(text: string, metadata: object, name = `t${++tables}`) {
  const file = join(server.directory, 'source');
  await writeFile(file, text);
  const [job] = await server.bigquery
    .dataset('d')
    .table(name)
    .createLoadJob(file, {
      sourceFormat: 'CSV',
      ...(metadata as JobLoadMetadata),
    });
  job.pollIntervalMs = 10;
  await job.promise();
  const [{ schema }] = await server.bigquery.dataset('d').table(name).getMetadata();
  const names = schema.fields.map(({ name: column }: { name: string }) => column);
  return { names, rows: await queryRows(server, `SELECT * FROM d.${name}`) };
}

const autodetect = { autodetect: true, skipLeadingRows: 1 };
const fieldsOf = (...names: string[]) => ({
  schema: { fields: names.map((name) => ({ name, type: 'STRING' })) },
});

const reserved = [
  '_CHANGE_TYPE',
  '_partitiontime',
  '_TABLE_x',
  '_FILE_NAME',
  '_Row_Timestamp',
  '__ROOT__x',
];
const many = Array.from({ length: 10_001 }, (_, n) => `c${n}`);

async function createByRest(fields: object[], more: object = {}) {
  const path = `/bigquery/v2/projects/${PROJECT}/datasets/d/tables`;
  const body = { tableReference: { tableId: `t${++tables}` }, schema: { fields }, ...more };
  const answer = await request(server, 'POST', path, body);
  return answer.body.error?.message ?? '';
}

describe('a column that no table can have is refused', () => {
  test.each(reserved)('%s', async (name) => {
    const problem = `Invalid field name "${name}"`;
    const field = { name, type: 'STRING' };
    expect(await createByRest([field])).toContain(problem);
    expect(await createByRest([{ name: 'r', type: 'RECORD', fields: [field] }])).toContain(problem);
    await expect(queryRows(server, `CREATE TABLE d.no (${name} STRING)`)).rejects.toThrow(problem);
    await expect(queryRows(server, `CREATE TABLE d.no AS SELECT 1 AS ${name}`)).rejects.toThrow(
      problem,
    );
    await queryRows(server, 'CREATE TABLE IF NOT EXISTS d.there (a STRING)');
    const adding = queryRows(server, `ALTER TABLE d.there ADD COLUMN ${name} STRING`);
    await expect(adding).rejects.toThrow(problem);
    const there = server.bigquery.dataset('d').table('there');
    const schema = { fields: [{ name: 'a', type: 'STRING' }, field] };
    await expect(there.setMetadata({ schema })).rejects.toThrow(problem);
    await expect(load('x\n', fieldsOf(name))).rejects.toThrow(problem);
    await expect(load(`${name},n\nx,1\n`, autodetect)).rejects.toThrow(problem);
    const json = { sourceFormat: 'NEWLINE_DELIMITED_JSON', autodetect: true };
    await expect(load(`{"${name}":1}\n`, json)).rejects.toThrow(problem);
  });

  test('two of one name, a name of other characters, a long one, a long description', async () => {
    const field = (name: string, more = {}) => ({ name, type: 'STRING', ...more });
    expect(await createByRest([field('a'), field('A')])).toContain(
      'Field A already exists in schema',
    );
    await expect(queryRows(server, 'CREATE TABLE d.no (a STRING, A INT64)')).rejects.toThrow(
      'exists',
    );
    for (const name of ['a.b', 'a/b', 'a`b', '', 'n'.repeat(301)]) {
      expect(await createByRest([field(name)])).toContain('Invalid field name');
    }
    for (const name of ['数量', 'a b-c', 'n'.repeat(300)]) {
      expect(await createByRest([field(name)])).toBe('');
    }
    expect(await createByRest([field('a', { description: 'd'.repeat(1025) })])).toContain(
      'too long',
    );
    expect(await createByRest([field('a', { description: 'd'.repeat(1024) })])).toBe('');
  });

  test('10,001 of them, those of records counted', async () => {
    const problem = 'Too many total leaf fields: 10001';
    const fields = many.map((name) => ({ name, type: 'STRING' }));
    expect(await createByRest(fields)).toContain(problem);
    const [first, ...others] = fields;
    const record = { name: 'r', type: 'RECORD', fields: others };
    expect(await createByRest([first ?? {}, record])).toContain(problem);
    await expect(load(`${many}\n${many.map(() => 1)}\n`, autodetect)).rejects.toThrow(problem);
    const columns = many.map((name) => `${name} STRING`);
    await expect(queryRows(server, `CREATE TABLE d.no (${columns})`)).rejects.toThrow(problem);
  }, 60_000);

  test('a million columns in a header are an error, and the server continues', async () => {
    const header = `${'v,'.repeat(999_999)}v`;
    await expect(load(`${header}\n${header}\n`, autodetect)).rejects.toThrow(
      'Too many total leaf fields: 1000000',
    );
    const byName = { ...fieldsOf('v'), sourceColumnMatch: 'NAME', skipLeadingRows: 1 };
    await expect(load(`${header}\n`, byName)).rejects.toThrow('has a column twice: v');
    await expect(load(`${header}\n`, fieldsOf('v'))).rejects.toThrow('Too many values in line');
    expect(await queryRows(server, 'SELECT 1')).toEqual([['1']]);
  }, 120_000);
});

describe('a header', () => {
  const byName = (...names: string[]) => ({
    ...fieldsOf(...names),
    sourceColumnMatch: 'NAME',
    skipLeadingRows: 1,
  });

  test.each(['v,v', 'v,V', 'id,v,id'])(
    'with a name twice is refused by name: %s',
    async (header) => {
      const row = header.replaceAll(/\w+/g, 'x');
      await expect(load(`${header}\n${row}\n`, byName('id', 'v'))).rejects.toThrow(
        'has a column twice',
      );
      const ignoring = { ...byName('id', 'v'), ignoreUnknownValues: true };
      await expect(load(`${header}\n${row}\n`, ignoring)).rejects.toThrow('has a column twice');
    },
  );

  test.each([
    [',uid,v\n0,a,1\n', ['int64_field_0', 'uid', 'v']],
    ['uid,,v\na,x,1\n', ['uid', 'string_field_1', 'v']],
    ['uid,v,\na,1,\n', ['uid', 'v', 'string_field_2']],
  ])('with a cell without a name names the others: %j', async (csv, names) => {
    expect((await load(csv, autodetect)).names).toEqual(names);
  });

  test.each([
    ['numbers', '2023,2024\n1,2\n', ['int64_field_0', 'int64_field_1']],
    ['texts above texts', 'uid,name\na,b\n', ['string_field_0', 'string_field_1']],
    ['nothing but delimiters', ',,\n1,2,3\n', ['int64_field_0', 'int64_field_1', 'int64_field_2']],
    ['a header alone', 'uid,name\n', ['uid', 'name']],
  ])('that is none, or is alone: %s', async (_, csv, names) => {
    expect((await load(csv, autodetect)).names).toEqual(names);
  });

  test.each<[string | undefined, string[]]>([
    [undefined, ['a_b', '数量', '_9x', 'c_d', 'e_f']],
    ['V1', ['a_b', '__', '_9x', 'c_d', 'e_f']],
    ['V2', ['a b', '数量', '9x', 'c_d', 'e-f']],
  ])('by the character map %s', async (columnNameCharacterMap, names) => {
    const csv = 'a b,数量,9x,c/d,e-f\n1,2,3,4,5\n';
    const map = columnNameCharacterMap === undefined ? {} : { columnNameCharacterMap };
    expect((await load(csv, { ...autodetect, ...map })).names).toEqual(names);
  });

  test('STRICT accepts only flexible names; unknown maps are errors', async () => {
    const strict = { ...autodetect, columnNameCharacterMap: 'STRICT' };
    expect((await load('a b,数量\n1,2\n', strict)).names).toEqual(['a b', '数量']);
    await expect(load('a/b,c\n1,2\n', strict)).rejects.toThrow('Invalid field name "a/b"');
    await expect(load('a\n1\n', { ...autodetect, columnNameCharacterMap: 'V3' })).rejects.toThrow(
      'V3',
    );
    const json = {
      sourceFormat: 'NEWLINE_DELIMITED_JSON',
      columnNameCharacterMap: 'V2',
      autodetect: true,
    };
    await expect(load('{"a":1}\n', json)).rejects.toThrow('columnNameCharacterMap');
  });

  test('matches a flexible name as it is, too', async () => {
    const { rows } = await load('a b,v\n1,2\n', byName('v', 'a b'));
    expect(rows).toEqual([['2', '1']]);
  });
});

describe('detection of the delimiter', () => {
  test.each([
    ['comma', 'a,b\nx,1\n', ['a', 'b']],
    ['pipe', 'a|b\nx,y|1\n', ['a', 'b']],
    ['tab', 'a\tb\nx,y\t1\n', ['a', 'b']],
    ['no semicolon', 'a;b\nx;1\n', ['string_field_0']],
    ['no delimiter', 'a\n1\n', ['a']],
  ])('%s', async (_, csv, names) => {
    expect((await load(csv, autodetect)).names).toEqual(names);
  });

  test('is not used with a given delimiter or schema', async () => {
    expect((await load('a|b,c\nx,1\n', { ...autodetect, fieldDelimiter: ',' })).names).toEqual([
      'a_b',
      'c',
    ]);
    expect((await load('a|b\n', fieldsOf('x'))).rows).toEqual([['a|b']]);
  });
});

test('ASCII 0 is rejected, unless control characters are preserved', async () => {
  await expect(load('a,b\n1,x\0y\n', autodetect)).rejects.toThrow(
    'Bad character (ASCII 0) encountered',
  );
  const kept = { ...fieldsOf('s'), preserveAsciiControlCharacters: true };
  expect((await load('x\0y\u0001\n', kept)).rows).toEqual([['x\0y\u0001']]);
});

test('a record of many chunks is read in one pass', async () => {
  const long = 'x'.repeat(40_000_000);
  await expect(load(`${long},${long}\n`, fieldsOf('s'))).rejects.toThrow('Too many values in line');
}, 60_000);
