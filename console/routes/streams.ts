import { Hono } from 'hono';
import * as v from 'valibot';
import type { RelayStream } from '../../shared/config/config.ts';
import { RelayError } from '../../shared/errors.ts';
import { requireOperator } from '../access/guard.ts';
import type { ConsoleEnv, ConsoleParts } from '../context.ts';
import type { SampleAnswer } from '../contract.ts';
import { problem, problemOf } from '../problem.ts';
import { readCensus } from '../readers/census.ts';
import { toCurl } from '../readers/curl.ts';
import { latestRows } from '../readers/latest-rows.ts';
import type { QueryRuns } from '../runs/query-runs.ts';

const longText = v.pipe(v.string(), v.maxLength(8_000_000));
const draft = v.object({
  body: longText,
  contentType: v.pipe(v.string(), v.regex(/^[\x20-\x7e]{1,200}$/)),
  headers: v.record(
    v.pipe(v.string(), v.regex(/^[\w!#$%&'*+.^`|~-]{1,100}$/)),
    v.pipe(v.string(), v.regex(/^[\x20-\x7e]{0,2000}$/)),
  ),
});

/** One stream: its rows, what its filter dropped, and samples. */
export function streamRoutes(parts: ConsoleParts, runs: QueryRuns): Hono<ConsoleEnv> {
  const streamOf = (name: string) => parts.relay.streams.get(name);
  return new Hono<ConsoleEnv>()
    .get('/streams/:name/rows', async (context) => {
      const stream = streamOf(context.req.param('name'));
      if (!stream) return unknownStream(context);
      if (!parts.settings.showsPayloads) return masked(context);
      const hours = Number(context.req.query('hours') ?? 24);
      const query = latestRows(parts.relay, stream, hours > 0 ? hours : undefined);
      const run = await runs.get(runs.startOwn(query).id, 30_000);
      if (run?.problem && /not found/i.test(run.problem.detail)) {
        return context.json({ id: run.id, fields: [], rows: [], cut: [] });
      }
      return context.json(run);
    })
    .get('/rows/:id/cell', async (context) => {
      if (!parts.settings.showsPayloads) return masked(context);
      const [row, column] = ['row', 'column'].map((name) => Number(context.req.query(name)));
      const text = await runs.cell(context.req.param('id'), row ?? 0, column ?? 0);
      if (text !== undefined) return context.json({ text });
      return problem(context, 404, 'query.gone', 'The result is gone. Load it again.');
    })
    .get('/streams/:name/census', async (context) => {
      const stream = streamOf(context.req.param('name'));
      if (!stream) return unknownStream(context);
      const pattern = context.req.query('event');
      const days = Math.min(30, Math.max(1, Number(context.req.query('days') ?? 7) || 7));
      const found = await readCensus(parts, stream, days, pattern);
      return 'problem' in found
        ? problem(context, 400, 'filter.unreadable', found.problem)
        : context.json(found.lines);
    })
    .use('/streams/:name/samples/*', requireOperator)
    .get('/streams/:name/samples', requireOperator, (context) => {
      const stream = streamOf(context.req.param('name'));
      if (!stream || !parts.samples) return unknownStream(context);
      return context.json(parts.samples.events(stream));
    })
    .post('/streams/:name/samples/draft', async (context) => {
      const stream = streamOf(context.req.param('name'));
      if (!stream || !parts.samples) return unknownStream(context);
      const read = v.safeParse(
        v.object({ event: v.optional(v.string()) }),
        await context.req.json().catch(() => ({})),
      );
      const event = read.success ? read.output.event : undefined;
      return context.json(parts.samples.draft(stream, event));
    })
    .post('/streams/:name/samples/curl', async (context) => {
      const stream = streamOf(context.req.param('name'));
      const signed = await sign(parts, stream, context.req.json());
      return 'problem' in signed
        ? problem(context, 400, signed.problem.code, signed.problem.detail)
        : context.json({ curl: toCurl(signed) });
    })
    .post('/streams/:name/samples/send', async (context) => {
      const stream = streamOf(context.req.param('name'));
      const signed = await sign(parts, stream, context.req.json());
      if ('problem' in signed)
        return problem(context, 400, signed.problem.code, signed.problem.detail);
      return context.json(await send(signed));
    });
}

type Context = Parameters<typeof problem>[0];

function unknownStream(context: Context): Response {
  return problem(
    context,
    404,
    'stream.unknown',
    'The config has no such stream, or it takes no samples here.',
  );
}

function masked(context: Context): Response {
  return problem(context, 403, 'masked', 'Payloads are masked here: CONSOLE_PAYLOADS=masked.');
}

async function sign(
  { samples }: ConsoleParts,
  stream: RelayStream | undefined,
  json: Promise<unknown>,
) {
  if (!stream || !samples) {
    return { problem: { code: 'stream.unknown', detail: 'There is no such stream here.' } };
  }
  const read = v.safeParse(draft, await json.catch(() => undefined));
  if (!read.success) {
    const detail =
      'A sample is a body of at most 8 MB, a content type and headers of printable characters.';
    return { problem: { code: 'sample.invalid', detail } };
  }
  try {
    return await samples.sign(stream, read.output);
  } catch (error) {
    // Only the sender can sign, or the body lacks what is signed.
    if (!(error instanceof TypeError) && !(error instanceof RelayError)) throw error;
    return { problem: problemOf(error) };
  }
}

async function send(
  signed: Awaited<ReturnType<NonNullable<ConsoleParts['samples']>['sign']>>,
): Promise<SampleAnswer> {
  const begunAt = performance.now();
  try {
    const answer = await fetch(signed.url, {
      method: 'POST',
      headers: { ...signed.headers, 'content-type': signed.contentType },
      body: signed.body,
      redirect: 'manual',
      signal: AbortSignal.timeout(30_000),
    });
    const text = (await answer.text()).slice(0, 4000);
    const [outcome, deliveryId] = ['tributary-outcome', 'tributary-delivery-id'].map((name) =>
      answer.headers.get(name),
    );
    return {
      status: answer.status,
      ...(outcome && { outcome }),
      ...(deliveryId && { deliveryId }),
      text,
      ms: performance.now() - begunAt,
    };
  } catch (error) {
    const { message, cause } = error as Error;
    return {
      status: 0,
      text: `The edge does not answer: ${(cause as Error | undefined)?.message ?? message}`,
      ms: performance.now() - begunAt,
    };
  }
}
