import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { formats } from '../../../cli/query/result-formats.ts';
import { DelimitedReader } from '../../../shared/delimited/reader.ts';
import type { QueryResult } from '../../../subscriber/query/result-cells.ts';
import { startCommandBed, table } from '../../beds/command-bed.ts';

type Cells = (string | null)[];

/** A text as the CSV reader reads it: an empty cell without quotes is NULL. */
function read(csv: string): { header: string[]; rows: Cells[] } {
  const rows: Cells[] = [];
  let header: readonly string[] = [];
  const reader = new DelimitedReader(
    {},
    {
      header: (cells) => {
        header = cells;
      },
      row: (record) => {
        rows.push(Array.from({ length: record.width }, (_, cell) => record.value(cell)));
      },
      bad: (record) => {
        throw new Error(JSON.stringify(record));
      },
    },
  );
  reader.push(new TextEncoder().encode(csv));
  reader.end();
  return { header: [...header], rows };
}

const texts = [
  null,
  '',
  'plain',
  ' spaces ',
  'a,b',
  'say "hi"',
  '"',
  '""',
  'two\nlines',
  'and\r\nmore\r',
  'NULL',
  '5" disk',
  'tab\tand;semi|pipe',
  'sep=;',
  '\u0000',
  '\uFEFFmark',
  'čeština 数量 😀',
];

it('a program reads back every text, and distinguishes NULL from an empty text', () => {
  const fields = [
    { name: 'id', type: 'INTEGER' },
    { name: 'text', type: 'STRING' },
    { name: 'a|b', type: 'STRING' },
  ];
  const rows = texts.map((v, n) => ({ f: [{ v: String(n) }, { v }, { v }] }));
  const csv = formats.csv({ fields, rows });
  expect(read(csv)).toEqual({
    header: ['id', 'text', 'a|b'],
    rows: texts.map((text, n) => [String(n), text, text]),
  });
  expect(csv).toContain('\n0,,\n1,"",""\n2,plain,plain\n');
});

it.each(['sep=;', 'a;b', 'a|b', 'a\tb', 'a"b', 'a,b'])(
  'a single column may be named %j',
  (name) => {
    const fields = [{ name, type: 'STRING' }];
    const csv = formats.csv({ fields, rows: [{ f: [{ v: 'x' }] }, { f: [{ v: '' }] }] });
    expect(read(csv)).toEqual({ header: [name], rows: [['x'], ['']] });
  },
);

it('values of every type keep every digit', () => {
  const cell = (v: QueryResult['rows'][number]['f'][number]['v']) => ({ v });
  const typed: [type: string, wire: QueryResult['rows'][number]['f'][number]['v'], text: string][] =
    [
      ['INTEGER', '-9223372036854775808', '-9223372036854775808'],
      ['FLOAT', '0.1', '0.1'],
      [
        'NUMERIC',
        '99999999999999999999999999999.999999999',
        '99999999999999999999999999999.999999999',
      ],
      ['BIGNUMERIC', `0.${'0'.repeat(37)}1`, `0.${'0'.repeat(37)}1`],
      ['BOOLEAN', 'true', 'true'],
      ['BYTES', 'AP8K', 'AP8K'],
      ['TIMESTAMP', '1780653600123456', '2026-06-05T10:00:00.123456Z'],
      ['DATE', '2026-06-05', '2026-06-05'],
      ['DATETIME', '2026-06-05T10:00:00', '2026-06-05T10:00:00'],
      ['TIME', '10:00:00.5', '10:00:00.5'],
      [
        'JSON',
        '{"n":12345678901234567890,"s":"a,\\"b\\""}',
        '{"n":12345678901234567890,"s":"a,\\"b\\""}',
      ],
    ];
  const fields: QueryResult['fields'] = [
    ...typed.map(([type], n) => ({ name: `c${n}`, type })),
    { name: 'list', type: 'STRING', mode: 'REPEATED' },
    { name: 'record', type: 'RECORD', fields: [{ name: 'a', type: 'NUMERIC' }] },
  ];
  const rows = [
    {
      f: [
        ...typed.map(([, wire]) => cell(wire)),
        cell([cell('x,"y"'), cell('')]),
        cell({ f: [cell('1.5')] }),
      ],
    },
    { f: fields.map(({ mode }) => cell(mode === 'REPEATED' ? [] : null)) },
  ];
  expect(read(formats.csv({ fields, rows })).rows).toEqual([
    [...typed.map(([, , text]) => text), '["x,\\"y\\"",""]', '{"a":"1.5"}'],
    [...typed.map(() => null), '[]', null],
  ]);
});

const time = new Date(Date.now() - 86_400_000).toISOString();

it('import reads back what query prints', { timeout: 90_000 }, async () => {
  const place = await startCommandBed(() => []);
  const own = `event_id, event_name, tenant_id, user_agent, user_ip_masked, request_source,
    TO_JSON_STRING(payload) AS payload`;
  const read = async () =>
    (await place.bigquery.query(`SELECT ${own} FROM ${table} ORDER BY event_id`))[0];
  const events = texts.map((text, n) => ({
    id: `e${String(n).padStart(2, '0')}`,
    event_name: 'purchase',
    request_source: text,
    created_at: time,
    tenant_id: text,
    request_body: text === null ? null : { text, n },
    user_agent: text,
  }));
  const source = join(place.directory, 'source.ndjson');
  await writeFile(source, events.map((event) => `${JSON.stringify(event)}\n`).join(''));
  const into = ['--stream', 'datanostro'];
  expect(await place.run('import', source, ...into)).toMatchObject({ status: 0 });
  const before = await read();
  expect(before).toHaveLength(texts.length);
  const members = `SELECT event_id AS id, event_name, event_time AS created_at, tenant_id, payload AS request_body,
    source_ip_masked, user_agent, request_source FROM
    (SELECT *, user_ip_masked AS source_ip_masked FROM ${table}) ORDER BY id`;
  const printed = await place.run('query', members, '--format', 'csv');
  expect(printed).toMatchObject({ status: 0, err: '' });
  const file = join(place.directory, 'printed.csv');
  await writeFile(file, printed.out);
  await place.bigquery.query(`DROP TABLE ${table}`);
  expect(await place.run('import', file, ...into)).toMatchObject({ status: 0 });
  expect(await read()).toEqual(before);
  await rm(file);
});
