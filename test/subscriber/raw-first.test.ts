import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BigQuery } from '@google-cloud/bigquery';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type BigQueryServer, startBigQuery } from '../../local/bigquery/main.ts';
import { Faults } from '../../local/faults/faults.ts';
import { connectBigQuery } from '../../local/google-clients.ts';
import { defineRelay } from '../../shared/config/define-relay.ts';
import { toAttributes } from '../../shared/envelope.ts';
import { datanostro } from '../../shared/sources/datanostro.ts';
import { generic } from '../../shared/sources/generic.ts';
import { slack, stripe } from '../../shared/sources/presets.ts';
import { segmentstream } from '../../shared/sources/segmentstream.ts';
import { ensureTable } from '../../subscriber/bigquery/tables/ensure-table.ts';
import { type OpenTables, openTables } from '../../subscriber/bigquery/tables/open-tables.ts';
import { DeadLetterQueue } from '../../subscriber/dead-letters/dead-letter-queue.ts';
import { deadLetterLayout } from '../../subscriber/dead-letters/dead-letter-rows.ts';
import { ReplayResults } from '../../subscriber/dead-letters/replay-results.ts';
import { Pipeline } from '../../subscriber/pipeline.ts';
import { InFlightLimit } from '../../subscriber/pull/in-flight-limit.ts';
import { select } from '../beds/relay-process.ts';

const typed = {
  delivery_id: { type: 'STRING', from: 'delivery:id' },
  payload: { type: 'JSON', from: '$' },
  i: { type: 'INT64', from: '$.i' },
  f: { type: 'FLOAT64', from: '$.f' },
  n: { type: 'NUMERIC', from: '$.n' },
  b: { type: 'BOOL', from: '$.b' },
  t: { type: 'TIMESTAMP', from: '$.t', unit: 'ms' },
  d: { type: 'DATE', from: '$.d' },
  s: { type: 'STRING', from: '$.s' },
} as const;

const relay = defineRelay({
  project: 'my-project',
  streams: {
    stripe: stripe({ table: 'raw.stripe' }),
    slack: slack({ table: 'raw.slack' }),
    crm: segmentstream({ table: 'raw.crm', fields: true }),
    keyed: generic({ table: 'raw.keyed', event: '$.event', id: '$.id', time: '$.time' }),
    events: datanostro({ table: 'raw.events' }),
    typed: generic({ table: 'raw.typed', columns: typed }),
    strict: generic({ table: 'raw.strict', columns: typed, invalidValues: 'dead-letter' }),
    unique: generic({ table: 'raw.unique', columns: typed, key: ['s'], id: '$.s' }),
    required: generic({
      table: 'raw.required',
      columns: { ...typed, i: { ...typed.i, required: true } },
    }),
  },
});

let directory: string;
let server: BigQueryServer;
let bigquery: BigQuery;
let tables: OpenTables;
let pipeline: Pipeline;
const faults = new Faults();

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tributary-raw-first-'));
  server = await startBigQuery({ restPort: 0, grpcPort: 0, directory, faults });
  bigquery = connectBigQuery(relay.project, server.restPort);
  // As an older version made it.
  const older = deadLetterLayout.columns.filter(({ name }) => name !== 'written_in_part');
  const [dataset = '', table = ''] = relay.deadLetters.split('.');
  await ensureTable(bigquery, { dataset, table }, { ...deadLetterLayout, columns: older });
  const inFlight = new InFlightLimit({ messages: 1000, bytes: 50_000_000 });
  const storageEndpoint = `127.0.0.1:${server.grpcPort}`;
  tables = await openTables({ relay, bigquery, storageEndpoint, inFlight, log: () => {} });
  pipeline = new Pipeline({
    relay,
    tables: tables.rows,
    deadLetters: new DeadLetterQueue({ table: tables.deadLetters, inFlight, log: () => {} }),
    inFlight,
    exports: { write: () => Promise.resolve({ kind: 'nacked', reason: 'there are none' }) },
    replays: new ReplayResults(tables.replays),
    log: () => {},
  });
});

afterAll(async () => {
  await tables.close(1000);
  await server.stop();
  await rm(directory, { recursive: true });
});

let deliveries = 0;

/** What became of one delivery: its rows, and its dead letters with their bytes as text. */
async function deliver(stream: string, body: string | Buffer) {
  const deliveryId = `d${++deliveries}`;
  let acked = 0;
  await pipeline.handle({
    id: `m${deliveryId}`,
    attributes: toAttributes({ stream, deliveryId, receivedAt: Date.now() }),
    data: Buffer.from(body),
    ack: () => acked++,
    nack: () => {},
  });
  expect(acked).toBe(1);
  const id = stream === 'crm' ? 'hit_id' : 'delivery_id';
  const rows = await select<Record<string, unknown>>(
    bigquery,
    `SELECT * FROM raw.${stream} WHERE ${id} = '${deliveryId}'`,
  );
  const letters = await select<Record<string, unknown>>(
    bigquery,
    `SELECT written_in_part, \`column\`, reason, TO_BASE64(data) AS data
      FROM ${relay.deadLetters} WHERE delivery_id = '${deliveryId}'`,
  );
  for (const letter of letters) {
    expect(letter['data']).toBe(Buffer.from(body).toString('base64'));
  }
  return { rows: rows.map(plain), letters: letters.map(({ data, ...letter }) => letter) };
}

/** Cells as JSON would have them. */
function plain(row: Record<string, unknown>): Record<string, unknown> {
  const cells = Object.entries(row).map(([name, cell]) => [
    name,
    cell !== null && typeof cell === 'object' && 'value' in cell ? cell.value : cell,
  ]);
  return Object.fromEntries(cells);
}

const inPart = (column: string) => ({
  written_in_part: true,
  column,
  reason: expect.stringContaining(column),
});

describe('what is accepted becomes a row', () => {
  it('with a time in another spelling than the unit says', async () => {
    const created = '2025-10-04T15:13:32.232083866Z';
    const { rows, letters } = await deliver(
      'stripe',
      `{"id":"evt_1","type":"v2","created":"${created}"}`,
    );
    // BigQuery's client writes nanoseconds.
    expect(rows).toMatchObject([
      { event_id: 'evt_1', event_time: expect.stringContaining('2025-10-04T15:13:32.232083') },
    ]);
    expect(letters).toEqual([]);
  });

  it('with NULL for an empty text, and no letter', async () => {
    const { rows, letters } = await deliver('keyed', '{"event":"pipeline","id":"et1","time":""}');
    expect(rows).toMatchObject([{ event_id: 'et1', event_name: 'pipeline', event_time: null }]);
    expect(letters).toEqual([]);
  });

  it('with U+FFFD for half a character in its payload', async () => {
    const text = '{"event":{"type":"message","text":"cut \\ud83d"},"event_id":"Ev1","n":1.50}';
    const { rows, letters } = await deliver('slack', text);
    expect(rows).toMatchObject([
      { event_id: 'Ev1', event_name: 'message', payload: text.replace('ud83d', 'ufffd') },
    ]);
    expect(letters).toEqual([inPart('payload')]);
  });

  it('without the fields that can’t be made', async () => {
    const text = '{"order":1,"note":"cut \\ud83d"}';
    const { rows, letters } = await deliver('crm', text);
    expect(rows).toMatchObject([{ payload: text, fields: null }]);
    expect(letters).toEqual([inPart('fields')]);
  });

  it('with U+FFFD for bytes that are no text', async () => {
    const body = Buffer.from('6e616d653d52656ee9', 'hex');
    const { rows, letters } = await deliver('crm', body);
    expect(rows).toMatchObject([{ payload: 'name=Ren\ufffd' }]);
    expect(letters).toEqual([inPart('payload')]);
    const escaped = await deliver('crm', 'name=Ren%E9&city=Praha');
    expect(escaped.rows).toMatchObject([{ payload: 'name=Ren%E9&city=Praha' }]);
    expect(escaped.letters).toEqual([inPart('fields')]);
  });

  it('with JSON that is too deep as a string of its text', async () => {
    const text = `{"a":${'['.repeat(600)}${']'.repeat(600)}}`;
    const { rows, letters } = await deliver('keyed', text);
    expect(JSON.parse(String(rows[0]?.['payload']))).toBe(text);
    expect(letters).toEqual([inPart('payload')]);
  });

  it('without a time beyond its table’s partitions', async () => {
    const { rows, letters } = await deliver('events', '{"id":"e","created_at":"1926-01-01"}');
    expect(rows).toMatchObject([{ event_id: 'e', event_time: null }]);
    expect(letters).toEqual([inPart('event_time')]);
  });

  it('with what fits of what does not, in one letter', async () => {
    const text = '{"i":1.5,"f":"x","n":"1e40","b":"maybe","t":"soon","d":"2026-02-30","s":[]}';
    const { rows, letters } = await deliver('typed', text);
    const none = { i: null, f: null, n: null, b: null, t: null, d: null, s: null };
    expect(rows).toMatchObject([none]);
    const [letter] = letters;
    expect(letter).toMatchObject({ written_in_part: true });
    expect(String(letter?.['column']).split(', ').sort()).toEqual(Object.keys(none).sort());
    expect(letters).toHaveLength(1);
  });

  it('with every value that is one, however it is spelled', async () => {
    const spelled = [
      ['{"i":5.0,"f":"1e3","n":"1e3","b":"TRUE","t":-1,"d":"20260302"}', '5', 1000, '1000', true],
      [
        '{"i":"42","f":"NaN","n":1.50,"b":1,"t":"2026-03-02","d":"2026-03-02"}',
        '42',
        'NaN',
        '1.5',
        true,
      ],
      ['{"i":1.57e12,"f":"-Infinity","n":7,"b":"0"}', '1570000000000', '-Infinity', '7', false],
    ] as const;
    for (const [text, i, f, n, b] of spelled) {
      const { rows, letters } = await deliver('typed', text);
      expect(letters).toEqual([]);
      const [row = {}] = rows;
      expect([row['i'], row['f'], row['n'], row['b']].map(String)).toEqual(
        [i, f, n, b].map(String),
      );
    }
  });
});

describe('what can be no row', () => {
  const dead = (column: string | null) => ({ written_in_part: false, column });

  it.each<[string, string, string | null]>([
    ['a stream that asks for the strict way', '{"i":1.5}', 'i'],
    ['a stream that asks for the strict way', '{"s":"\\ud83d"}', 'payload'],
    ['a stream that asks for the strict way', '{"f":"x"}', 'f'],
  ])('in %s: %s', async (_, text, column) => {
    const { rows, letters } = await deliver('strict', text);
    expect(rows).toEqual([]);
    expect(letters).toMatchObject([dead(column)]);
  });

  it.each<[string, string, string, string | null]>([
    ['a required value that does not fit', 'required', '{"i":"x"}', 'i'],
    ['a required value that is missing', 'required', '{"i":""}', 'i'],
    ['a key that would be changed', 'unique', '{"s":"\\ud83d"}', 's'],
    ['a key that is an object', 'unique', '{"s":{}}', 's'],
    ['a body that is no JSON', 'typed', '{"i":', null],
  ])('for %s', async (_, stream, text, column) => {
    const { rows, letters } = await deliver(stream, text);
    expect(rows).toEqual([]);
    expect(letters).toMatchObject([dead(column)]);
  });
});

it('the table of an older version has the column that it lacked', async () => {
  const [dataset = '', table = ''] = relay.deadLetters.split('.');
  const [metadata] = await bigquery.dataset(dataset).table(table).getMetadata();
  expect(metadata.schema.fields.at(-1)).toMatchObject({
    name: 'written_in_part',
    mode: 'NULLABLE',
  });
});

it('a letter that BigQuery does not take at first is stored before the ack, beside one row', async () => {
  faults.add({ name: 'append.status', on: 'dead_letters', code: 'UNAVAILABLE', times: 2 });
  const { rows, letters } = await deliver('typed', '{"i":1.5,"s":"once"}');
  expect(rows).toHaveLength(1);
  expect(letters).toEqual([inPart('i')]);
  faults.clear();
});
