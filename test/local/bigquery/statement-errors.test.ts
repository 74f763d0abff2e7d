import { afterAll, beforeAll, expect, it } from 'vitest';
import {
  type BigQueryBed,
  PROJECT,
  queryRows,
  request,
  startBigQueryBed,
} from '../../beds/bigquery-bed.ts';

// The words of https://cloud.google.com/bigquery/docs/error-messages, and the positions that BigQuery gives.

let server: BigQueryBed;

beforeAll(async () => {
  server = await startBigQueryBed();
  await queryRows(server, 'CREATE SCHEMA d');
  await queryRows(server, 'CREATE TABLE d.t (event_name STRING, n INT64)');
});

afterAll(() => server.stop());

it.each([
  ['SELEC 1', 'Syntax error: Unexpected identifier "SELEC" at [1:1]'],
  ['SELECT * FRM d.t', 'Syntax error: Unexpected identifier "FRM" at [1:10]'],
  ['SELECT COUNT(* FROM d.t', 'Syntax error: Expected ")" but got keyword FROM at [1:16]'],
  ['SELECT * FROM d.t WHERE', 'Syntax error: Unexpected end of script at [1:24]'],
  ['SELECT (1', 'Syntax error: Expected ")" but got end of script at [1:10]'],
  ['SELECT 1 1', 'Syntax error: Unexpected integer literal "1" at [1:10]'],
  ['SELECT 1)', 'Syntax error: Unexpected ")" at [1:9]'],
  ['SELECT $', 'Syntax error: Illegal input character "$" at [1:8]'],
  ["SELECT 'abc", 'Syntax error: Unclosed string literal at [1:8]'],
  ['UPDATE', 'Syntax error: Unexpected end of script at [1:7]'],
  ['SELECT evnt_name FROM d.t', 'Unrecognized name: evnt_name; Did you mean event_name? at [1:8]'],
  ['SELECT n\nFROM d.t\nWHERE nowhere = 1', 'Unrecognized name: nowhere at [3:7]'],
  ['SELECT t.x FROM d.t t', 'Unrecognized name: t.x at [1:10]'],
  ['SELECT foo(1)', 'Function not found: foo at [1:8]'],
  [
    'SELECT event_name, COUNT(*) FROM d.t',
    'SELECT list expression references column event_name which is neither grouped nor aggregated at [1:8]',
  ],
  ["SELECT CAST('x' AS INT64)", 'Bad int64 value: x'],
  // Before the translator reads it, the text grows: the position is that of the user's own.
  ["SELECT r'a\\b', TIMESTAMP '2026-01-01', @p, 1.5 2", 'Unexpected integer literal "2" at [1:48]'],
])('%s', async (query, message) => {
  const { body } = await request(server, 'POST', `/projects/${PROJECT}/queries`, {
    query,
    parameterMode: 'NAMED',
    queryParameters: [
      { name: 'p', parameterType: { type: 'INT64' }, parameterValue: { value: '1' } },
    ],
  });
  expect(body.error?.message).toContain(message);
});

it('says the same of a dry run', async () => {
  const { body } = await request(server, 'POST', `/projects/${PROJECT}/queries`, {
    query: 'SELECT nope FROM d.t',
    dryRun: true,
  });
  expect(body.error?.message).toBe('Unrecognized name: nope at [1:8]');
});

// Found by test/fuzz/sql.test.ts: each overflowed the stack.
it.each(['(', 'SELECT (', 'BEGIN ', 'SELECT [', 'SELECT - ', 'SELECT 1+(', 'IF(1, '])(
  'answers 20,000 times %s with an error that names it',
  async (piece) => {
    for (const dryRun of [false, true]) {
      const query = piece.repeat(20_000);
      const { status, body } = await request(server, 'POST', `/projects/${PROJECT}/queries`, {
        query,
        dryRun,
      });
      expect([status, body.error?.errors[0]?.reason]).toEqual([400, 'invalidQuery']);
    }
  },
);

it('answers a long chain of operators', async () => {
  const query = `SELECT ${'1+'.repeat(20_000)}1`;
  const { body } = await request(server, 'POST', `/projects/${PROJECT}/queries`, { query });
  expect(body.error?.errors[0]?.reason).toBe('invalidQuery');
});
