import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Column, ColumnType, Row, Value } from '../../shared/columns.ts';
import { TableWriter } from '../../subscriber/bigquery/append/writer.ts';
import { openWriteClient, type WriteClient } from '../../subscriber/bigquery/client.ts';
import {
  createEncoder,
  type InvalidValues,
  type RowEncoder,
} from '../../subscriber/bigquery/encode/encode.ts';
import { type BigQueryBed, PROJECT, request, startBigQueryBed } from '../beds/bigquery-bed.ts';
import { anyValue, cells, type Sent, withoutZeros } from './cells.ts';
import { runs, timeoutMs } from './runs.ts';

// Encoder, writer, the local Storage Write API and a query: what a row says is what the table says.

let bed: BigQueryBed;
let client: WriteClient;

beforeAll(async () => {
  bed = await startBigQueryBed();
  client = await openWriteClient({ projectId: PROJECT, endpoint: `127.0.0.1:${bed.grpcPort}` });
  await bed.bigquery.createDataset('fuzz');
}, timeoutMs);

afterAll(async () => {
  await client.close();
  await bed.stop();
});

const types = Object.keys(cells) as Exclude<ColumnType, 'RECORD'>[];
const restNames: Partial<Record<ColumnType, string>> = { INT64: 'INTEGER', FLOAT64: 'FLOAT' };

/** Of each type a column, a list, and a field of a record. */
const columns: Column[] = [
  { name: 'id', type: 'INT64', mode: 'REQUIRED' },
  ...types.flatMap((type): Column[] => [
    { name: `one_${type}`, type },
    { name: `many_${type}`, type, mode: 'REPEATED' },
  ]),
  { name: 'record', type: 'RECORD', columns: types.map((type) => ({ name: `in_${type}`, type })) },
];

function schemaOf(columns: readonly Column[]): object[] {
  return columns.map(({ name, type, mode = 'NULLABLE', columns: fields }) => ({
    name,
    type: restNames[type] ?? type,
    mode,
    ...(fields && { fields: schemaOf(fields) }),
  }));
}

interface Line {
  row: Row;
  cells: Record<string, unknown>;
}

const orNull = (sent: fc.Arbitrary<Sent>) =>
  fc.oneof(
    { arbitrary: sent, weight: 4 },
    { arbitrary: fc.constant<Sent>({ value: null, cell: null }), weight: 1 },
  );

const line: fc.Arbitrary<Line> = fc
  .record({
    ones: fc.tuple(...types.map((type) => orNull(cells[type]))),
    manys: fc.tuple(...types.map((type) => fc.array(cells[type], { maxLength: 3 }))),
    fields: fc.tuple(...types.map((type) => orNull(cells[type]))),
  })
  .map(({ ones, manys, fields }) => {
    const row: Row = {};
    const expected: Line['cells'] = {};
    const record: Row = {};
    const inRecord: Record<string, unknown> = {};
    for (const [index, type] of types.entries()) {
      const [one, many, field] = [ones[index], manys[index], fields[index]];
      row[`one_${type}`] = one?.value ?? null;
      expected[`one_${type}`] = one?.cell ?? null;
      row[`many_${type}`] = many?.map(({ value }) => value) ?? [];
      expected[`many_${type}`] = many?.map(({ cell }) => cell);
      record[`in_${type}`] = field?.value ?? null;
      inRecord[`in_${type}`] = field?.cell ?? null;
    }
    row['record'] = record as Value;
    expected['record'] = inRecord;
    return { row, cells: expected };
  });

/** A cell of a response by its column: text, a list, an object. */
function read(cell: unknown, column: Column): unknown {
  if (Array.isArray(cell)) {
    return cell.map(({ v }) => read(v, { ...column, mode: 'NULLABLE' }));
  }
  if (column.type !== 'RECORD' || cell === null) return same(cell, column.type);
  const { f } = cell as { f: { v: unknown }[] };
  return Object.fromEntries(
    (column.columns ?? []).map((field, index) => [field.name, read(f[index]?.v, field)]),
  );
}

/** FLOAT64 by its value, `-0` by its sign. All else by its text. */
function same(cell: unknown, type: ColumnType): unknown {
  if (typeof cell !== 'string') return cell;
  if (type === 'FLOAT64') return Object.is(Number(cell), -0) ? '-0' : String(Number(cell));
  return type === 'TIME' || type === 'DATETIME' ? withoutZeros(cell) : cell;
}

let next = 0;
let tables = 0;

interface Opened {
  encoder: RowEncoder;
  write(rows: Uint8Array[]): Promise<unknown[][]>;
}

/** A new table. `write` appends rows that BigQuery must take, and returns what a query finds. */
async function openTable(columns: Column[], invalidValues: InvalidValues): Promise<Opened> {
  const table = `t${tables++}`;
  const tablesPath = `/bigquery/v2/projects/${PROJECT}/datasets/fuzz/tables`;
  const created = await request(bed, 'POST', tablesPath, {
    tableReference: { projectId: PROJECT, datasetId: 'fuzz', tableId: table },
    schema: { fields: schemaOf(columns) },
  });
  expect(created.status).toBe(200);
  const encoder = createEncoder({ columns }, Date.now, invalidValues);
  return {
    encoder,
    async write(rows) {
      const path = `projects/${PROJECT}/datasets/fuzz/tables/${table}`;
      const writer = new TableWriter(client, { table: path, descriptor: encoder.descriptor });
      const result = await writer.append(rows);
      await writer.close();
      expect(result).toMatchObject({ invalid: [], retryable: [] });
      expect(result.written).toHaveLength(rows.length);
      const { body } = await request(bed, 'POST', `/bigquery/v2/projects/${PROJECT}/queries`, {
        query: `SELECT * FROM fuzz.${table} ORDER BY id`,
        useLegacySql: false,
        formatOptions: { useInt64Timestamp: true },
      });
      expect(body.error).toBeUndefined();
      return (body.rows ?? []).map((row) => row.f.map(({ v }) => v));
    },
  };
}

function encodeOrThrow(encoder: RowEncoder, row: Row): Uint8Array {
  const encoded = encoder.encode(row);
  if (!encoded.ok) throw new Error(`${encoded.column}: ${encoded.reason}`);
  return encoded.row;
}

test('a query gives back what was sent, whatever it is', { timeout: timeoutMs }, async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(line, { minLength: 1, maxLength: 20 }), async (lines) => {
      const { encoder, write } = await openTable(columns, 'dead-letter');
      const rows = lines.map(({ row }) => encodeOrThrow(encoder, { ...row, id: next++ }));
      const found = await write(rows);
      expect(found).toHaveLength(lines.length);
      for (const [index, { cells }] of lines.entries()) {
        const [, ...values] = found[index] ?? [];
        const actual = Object.fromEntries(
          values.map((value, at) => {
            const column = columns[at + 1] as Column;
            return [column.name, read(value, column)];
          }),
        );
        expect(actual).toEqual(cells);
      }
    }),
    runs(15),
  );
});

const flat = columns.filter(({ type }) => type !== 'RECORD');

/** Any value at all for any column: most do not fit. */
const odd: fc.Arbitrary<Row> = fc
  .array(fc.tuple(fc.constantFrom(...flat), anyValue), { maxLength: 6 })
  .map((cells) => Object.fromEntries(cells.map(([{ name }, value]) => [name, value])));

test('what the encoder takes, BigQuery takes; what it refuses has a reason', {
  timeout: timeoutMs,
}, async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(odd, { maxLength: 60 }),
      fc.constantFrom<InvalidValues>('dead-letter', 'null'),
      async (values, invalidValues) => {
        const { encoder, write } = await openTable(flat, invalidValues);
        const taken: Uint8Array[] = [];
        for (const row of values) {
          const encoded = encoder.encode({ ...row, id: next++ });
          if (encoded.ok) taken.push(encoded.row);
          else expect(`${encoded.code}: ${encoded.reason}`).toMatch(/^\w+: \w/);
          // A value costs its cell, never the row, unless it is the row that must be told apart.
          if (invalidValues === 'null') expect(encoded.ok).toBe(true);
        }
        expect(await write(taken)).toHaveLength(taken.length);
      },
    ),
    runs(15),
  );
});

test('a megabyte of text, JSON or bytes', { timeout: timeoutMs }, async () => {
  const { encoder, write } = await openTable(flat, 'dead-letter');
  const megabyte = '漢🙂\u0000'.repeat(131_072);
  const bytes = Uint8Array.from({ length: 2 ** 20 }, (_, index) => index * 7);
  const json = `{"n":12345678901234567890,"s":${JSON.stringify(megabyte)}}`;
  const row = { id: 1, one_STRING: megabyte, one_BYTES: bytes, one_JSON: json };
  const [found = []] = await write([encodeOrThrow(encoder, row)]);
  const cell = (name: string) => found[flat.findIndex((column) => column.name === name)];
  expect(cell('one_STRING') === megabyte).toBe(true);
  expect(cell('one_BYTES') === Buffer.from(bytes).toString('base64')).toBe(true);
  expect(cell('one_JSON') === json).toBe(true);
});
