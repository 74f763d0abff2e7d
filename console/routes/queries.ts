import { Readable } from 'node:stream';
import { Hono } from 'hono';
import * as v from 'valibot';
import {
  type PreparedQuery,
  prepareSaved,
  savedQueries,
} from '../../subscriber/query/saved-queries.ts';
import type { ConsoleEnv, ConsoleParts } from '../context.ts';
import type { SavedQueryInfo } from '../contract.ts';
import { problem, problemOf } from '../problem.ts';
import { readTables } from '../readers/tables.ts';
import type { QueryRuns } from '../runs/query-runs.ts';

const parameter = v.object({
  name: v.pipe(v.string(), v.regex(/^\w{1,100}$/)),
  type: v.picklist(['INT64', 'STRING', 'FLOAT64', 'BOOL', 'DATE', 'TIMESTAMP']),
  value: v.pipe(v.string(), v.maxLength(10_000)),
});
const statement = v.object({
  sql: v.pipe(v.string(), v.minLength(1), v.maxLength(1_000_000)),
  params: v.optional(v.pipe(v.array(parameter), v.maxLength(50)), []),
});

const pollMs = 10_000;

/** SQL: what it would read, its result page by page and as CSV, and cancelling. */
export function queryRoutes(parts: ConsoleParts, runs: QueryRuns): Hono<ConsoleEnv> {
  return new Hono<ConsoleEnv>()
    .use('/queries/*', requireQueries(parts))
    .use('/tables', requireQueries(parts))
    .get('/tables', async (context) => context.json(await readTables(parts)))
    .get('/saved-queries', (context) => context.json(savedFor(parts)))
    .post('/queries/check', async (context) => {
      const query = await readStatement(context.req.json());
      if (typeof query === 'string') return problem(context, 400, 'query.parameter', query);
      return context.json(await runs.check(query));
    })
    .post('/queries', requireQueries(parts), async (context) => {
      const query = await readStatement(context.req.json());
      if (typeof query === 'string') return problem(context, 400, 'query.parameter', query);
      try {
        return context.json(await runs.start(query), 202);
      } catch (error) {
        const { code, detail } = problemOf(error);
        return problem(context, 400, code, detail);
      }
    })
    .get('/queries/:id', async (context) => {
      const id = context.req.param('id');
      const page = context.req.query('page');
      const run = page ? await runs.page(id, page) : await runs.get(id, pollMs);
      return run ? context.json(run) : gone(context);
    })
    .delete('/queries/:id', (context) => {
      const run = runs.cancel(context.req.param('id'));
      return run ? context.json(run) : gone(context);
    })
    .get('/queries/:id/cell', async (context) => {
      const [row, column] = ['row', 'column'].map((name) => Number(context.req.query(name)));
      const text = await runs.cell(context.req.param('id'), row ?? 0, column ?? 0);
      return text === undefined ? gone(context) : context.json({ text });
    })
    .get('/queries/:id/csv', (context) => {
      const id = context.req.param('id');
      if (!runs.has(id)) return gone(context);
      context.header('content-type', 'text/csv; charset=utf-8');
      context.header('content-disposition', 'attachment; filename="tributary-query.csv"');
      return context.body(Readable.toWeb(Readable.from(runs.csv(id))) as ReadableStream);
    });
}

type Context = Parameters<typeof problem>[0];

function requireQueries({ settings }: ConsoleParts) {
  return async (context: Context, next: () => Promise<void>) => {
    if (settings.allowsQueries) return await next();
    const why = settings.showsPayloads ? 'CONSOLE_QUERY=off' : 'CONSOLE_PAYLOADS=masked';
    return problem(context, 403, 'off', `Queries are switched off here: ${why}.`);
  };
}

function gone(context: Context): Response {
  const detail = 'This subscriber has no such query any more: run it again.';
  return problem(context, 404, 'query.gone', detail);
}

/** @returns the problem in words, if there is one */
async function readStatement(json: Promise<unknown>): Promise<PreparedQuery | string> {
  const read = v.safeParse(statement, await json.catch(() => undefined));
  if (!read.success)
    return 'Give a statement of at most 1 MB, and parameters with name, type and value.';
  const { sql, params } = read.output;
  const wrong = params.find(({ type, value }) => type === 'INT64' && !/^-?\d{1,18}$/.test(value));
  if (wrong) return `${wrong.name} must be a whole number, not "${wrong.value}"`;
  return {
    query: sql,
    params: Object.fromEntries(
      params.map(({ name, type, value }) => [name, type === 'INT64' ? Number(value) : value]),
    ),
    types: Object.fromEntries(params.map(({ name, type }) => [name, type])),
  };
}

/** Those that fit a stream of this relay, with the SQL for its table. */
function savedFor({ relay }: ConsoleParts): SavedQueryInfo[] {
  return Object.entries(savedQueries).flatMap(([name, { about, parameters }]) => {
    try {
      const given = Object.entries(parameters)
        .filter(([, { default: text }]) => text === undefined)
        .map(([key]) => `${key}=1`);
      const { query: sql } = prepareSaved(relay, { name, parameters: given });
      const list = Object.entries(parameters).map(([key, { type, default: text }]) => ({
        name: key,
        type,
        ...(text !== undefined && { default: text }),
      }));
      return { name, about, sql, parameters: list };
    } catch {
      // No stream of this relay has what it reads.
      return [];
    }
  });
}
