import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BigQueryError } from '../../local/bigquery/errors.ts';
import { parseScript } from '../../local/bigquery/query/script/parse-script.ts';
import { type Token, tokenize } from '../../local/bigquery/sql/lexer.ts';
import { parseQuery } from '../../local/bigquery/sql/parse/parse.ts';
import { type BigQueryBed, PROJECT, request, startBigQueryBed } from '../beds/bigquery-bed.ts';
import { readCases } from '../beds/googlesql-cases.ts';
import { runs, timeoutMs } from './runs.ts';

// GoogleSQL as people write it, and with mistakes: a result, or an error that says what is wrong; never a crash.

const { cases, setup } = readCases(
  fileURLToPath(new URL('../fixtures/googlesql/cases.json', import.meta.url)),
);
const statements = cases.map(({ sql }) => sql).filter((sql) => sql.length < 400);
const words = [...new Set(statements.flatMap((sql) => sql.match(/\w+|[^\w\s]+/g) ?? []))];

/** A statement of the cases, with a few of its words cut, doubled, moved or replaced. */
const mistaken = fc
  .tuple(
    fc.constantFrom(...statements),
    fc.array(fc.record({ at: fc.nat(100), kind: fc.nat(3), word: fc.constantFrom(...words) }), {
      minLength: 1,
      maxLength: 3,
    }),
  )
  .map(([sql, changes]) => {
    const parts = sql.split(/(?<=\s)|(?=[(),;.[\]])/);
    for (const { at, kind, word } of changes) {
      const place = at % (parts.length + 1);
      if (kind === 0) parts.splice(place, 1);
      else if (kind === 1) parts.splice(place, 0, parts[place] ?? ' ');
      else if (kind === 2) parts.splice(place, 1, ` ${word} `);
      else parts.splice(place, 0, ` ${word} `);
    }
    return parts.join('');
  });
const soup = fc
  .array(fc.constantFrom(...words, ' ', "'", '"', '`', '--', '/*', '\\', '@', '?'), {
    maxLength: 12,
  })
  .map((all) => all.join(' '));

/** Its tokens, or undefined if an error says what is wrong. */
function parse<Made>(read: () => Made): Made | undefined {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof BigQueryError)) throw error;
    expect(error.reason).not.toBe('internalError');
    expect(error.message).toMatch(/\w/);
    return undefined;
  }
}

describe('the parser', () => {
  const read = (sql: string) => {
    const tokens = parse(() => tokenize(sql));
    if (tokens === undefined) return;
    for (const node of parse(() => parseScript(tokens)) ?? []) {
      if (node.kind === 'statement') parse(() => parseQuery(node.tokens as readonly Token[]));
    }
    parse(() => parseQuery(tokens));
  };

  test('reads any text, or names its error', { timeout: timeoutMs }, () => {
    fc.assert(
      fc.property(fc.oneof(mistaken, soup, fc.string({ unit: 'binary', maxLength: 40 })), read),
      runs(1500),
    );
  });
});

describe('the server', () => {
  let server: BigQueryBed;

  beforeAll(async () => {
    server = await startBigQueryBed();
    await server.bigquery.createDataset('fuzz');
    for (const sql of setup) await query(sql);
  }, timeoutMs);

  afterAll(() => server.stop());

  const query = (sql: string) =>
    request(server, 'POST', `/bigquery/v2/projects/${PROJECT}/queries`, {
      query: sql,
      useLegacySql: false,
      defaultDataset: { projectId: PROJECT, datasetId: 'fuzz' },
      timeoutMs: 60_000,
    });

  test('answers what is mistaken with a result, or with an error that names it', {
    timeout: timeoutMs,
  }, async () => {
    await fc.assert(
      fc.asyncProperty(mistaken, async (sql) => {
        const { status, body } = await query(sql);
        const reason = body.error?.errors[0]?.reason ?? 'none';
        if (status >= 500 && reason !== 'notImplemented')
          expect.fail(`${status} ${body.error?.message}`);
        if (status !== 200) expect(body.error?.message).toMatch(/\w/);
      }),
      runs(80),
    );
  });
});
