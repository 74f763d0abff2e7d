import { readFileSync } from 'node:fs';
import { type BigQueryBed, PROJECT, type ResponseBody, request } from './bigquery-bed.ts';

interface Case {
  group: string;
  sql: string;
  expected: 'ok' | 'refused' | unknown[][];
}

interface Cases {
  setup: string[];
  cases: Case[];
}

/** What became of a statement. Wrong answers are worse than errors. */
type Verdict = 'right' | 'wrong' | 'refused as expected' | 'taken' | 'error';

export interface Finding {
  sql: string;
  verdict: Verdict;
  got: unknown;
  expected: unknown;
  ms: number;
}

const DATASET = 'conformance';
const QUERIES = `/bigquery/v2/projects/${PROJECT}/queries`;
const DATASETS = `/bigquery/v2/projects/${PROJECT}/datasets`;

/** The parameters that the statements name. */
const PARAMETERS = [
  ['n', { type: 'INT64' }, { value: '5' }],
  ['s', { type: 'STRING' }, { value: 'x' }],
  [
    'a',
    { type: 'ARRAY', arrayType: { type: 'STRING' } },
    { arrayValues: [{ value: 'view' }, { value: 'refund' }] },
  ],
  ['t', { type: 'TIMESTAMP' }, { value: '2024-03-02 00:00:00+00' }],
].map(([name, parameterType, parameterValue]) => ({ name, parameterType, parameterValue }));

export function readCases(file: string): Cases {
  return JSON.parse(readFileSync(file, 'utf8')) as Cases;
}

/** Runs all statements with the server. A statement that changes a table gets tables of its own. */
export async function runCases(server: BigQueryBed, { setup, cases }: Cases): Promise<Finding[]> {
  const findings: Finding[] = [];
  await prepare(server, setup);
  for (const each of cases) {
    const start = performance.now();
    const body = await run(server, each.sql);
    const ms = performance.now() - start;
    const found = judge(each, body);
    findings.push({ sql: each.sql, ...found, expected: each.expected, ms });
    // What is refused changes nothing.
    const isChange = !/^(?:SELECT|WITH|FROM)\b/i.test(each.sql) && body.error === undefined;
    if (isChange) await prepare(server, setup);
  }
  return findings;
}

async function prepare(server: BigQueryBed, setup: readonly string[]): Promise<void> {
  await request(server, 'DELETE', `${DATASETS}/${DATASET}?deleteContents=true`);
  await request(server, 'POST', DATASETS, { datasetReference: { datasetId: DATASET } });
  for (const sql of setup) {
    const { error } = await run(server, sql);
    if (error) throw new Error(`${error.message} in ${sql}`);
  }
}

async function run(server: BigQueryBed, query: string): Promise<ResponseBody> {
  const isNamed = /@[a-z]/.test(query.replace(/@@\w+|'[^']*'|"[^"]*"/g, ''));
  const { body } = await request(server, 'POST', QUERIES, {
    query,
    useLegacySql: false,
    defaultDataset: { datasetId: DATASET },
    ...(isNamed && { parameterMode: 'NAMED', queryParameters: PARAMETERS }),
  });
  return body;
}

function judge({ expected }: Case, body: ResponseBody): { verdict: Verdict; got: unknown } {
  if (body.error) {
    const verdict = expected === 'refused' ? 'refused as expected' : 'error';
    return { verdict, got: body.error.message };
  }
  const got = (body.rows ?? []).map(({ f }) => f.map(({ v }) => plain(v)));
  if (expected === 'refused') return { verdict: 'taken', got };
  const isRight = expected === 'ok' || JSON.stringify(got) === JSON.stringify(expected);
  return { verdict: isRight ? 'right' : 'wrong', got };
}

/** A value of the REST API without its wrapping. */
function plain(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((item: { v: unknown }) => plain(item.v));
  return (value as { f: { v: unknown }[] }).f.map(({ v }) => plain(v));
}

export function countVerdicts(findings: readonly Finding[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { verdict } of findings) counts[verdict] = (counts[verdict] ?? 0) + 1;
  return counts;
}
