import { Hono } from 'hono';
import * as v from 'valibot';
import { findLetters, readLetters } from '../../subscriber/dead-letters/find-letters.ts';
import { LetterTrials } from '../../subscriber/dead-letters/try-letter.ts';
import { requireOperator } from '../access/guard.ts';
import type { ConsoleEnv, ConsoleParts } from '../context.ts';
import type { Letter, LetterList, Selection, TrialGroup, WholeLetterInfo } from '../contract.ts';
import { problem } from '../problem.ts';
import { readableBody } from '../readers/letter-body.ts';
import { marksOf } from '../readers/marks.ts';
import { lettersOf, type ReplayRuns } from '../runs/replay-runs.ts';

const maxLetters = 10_000;
const maxSelected = 20_000;

const text = v.pipe(v.string(), v.maxLength(2000));
const time = v.pipe(v.number(), v.integer(), v.minValue(0));
const selection = v.strictObject({
  ids: v.optional(v.pipe(v.array(text), v.minLength(1), v.maxLength(maxSelected))),
  stream: v.optional(text),
  reason: v.optional(text),
  since: v.optional(time),
  until: v.optional(time),
  all: v.optional(v.boolean()),
  as: v.optional(text),
});

/** Dead letters: list, show, dry-run and replay. */
export function letterRoutes(parts: ConsoleParts, runs: ReplayRuns): Hono<ConsoleEnv> {
  const source = { relay: parts.relay, bigquery: parts.bigquery };
  return new Hono<ConsoleEnv>()
    .get('/letters', async (context) => {
      const { stream, reason, all } = context.req.query();
      const [since, until] = ['since', 'until'].map((name) => timeOf(context.req.query(name)));
      const letters: Letter[] = [];
      for await (const letter of findLetters(source, {
        ...(stream && { stream }),
        ...(reason && { reason }),
        ...(since !== undefined && { since }),
        ...(until !== undefined && { until }),
        all: all === 'true',
        limit: maxLetters + 1,
      })) {
        letters.push(letter);
      }
      const list: LetterList = {
        letters: letters.slice(0, maxLetters),
        isCut: letters.length > maxLetters,
      };
      return context.json(list);
    })
    .get('/letters/:id', async (context) => {
      const id = context.req.param('id');
      const isWhole = context.req.query('whole') === 'true';
      for await (const letter of readLetters(source, { ids: [id], all: true, limit: 50 })) {
        if (letter.messageId !== id && letter.deliveryId !== id) continue;
        const { data, attributes, ...shown } = letter;
        const { showsPayloads } = parts.settings;
        const whole: WholeLetterInfo = {
          ...shown,
          attributes: showsPayloads ? attributes : maskedAttributes(attributes),
          ...(showsPayloads ? readableBody(data, attributes, isWhole) : { isCut: false }),
          marks: marksOf(parts.relay, letter.stream, letter.column),
          trial: await new LetterTrials(parts.relay).try(letter),
        };
        return context.json(whole);
      }
      return problem(context, 404, 'dead-letter.unknown', `There is no dead letter "${id}".`);
    })
    .post('/letters/dry-run', async (context) => {
      const chosen = await readSelection(context.req.json());
      if (!chosen) return badSelection(context);
      const trials = new LetterTrials(parts.relay);
      const groups = await trials.tryAll(lettersOf(source, chosen), chosen.as);
      const shown: TrialGroup[] = groups.map(({ first, ...group }) => ({
        ...group,
        example: first.messageId,
      }));
      return context.json(shown);
    })
    .use('/replays/*', requireReplay(parts))
    .get('/replays', (context) => context.json(runs.all))
    .post('/replays', requireReplay(parts), requireOperator, async (context) => {
      const chosen = await readSelection(context.req.json());
      if (!chosen) return badSelection(context);
      return context.json(runs.start(chosen), 202);
    })
    .get('/replays/:id', (context) => {
      const run = runs.get(context.req.param('id'));
      return run ? context.json(run) : unknownRun(context);
    })
    .delete('/replays/:id', requireOperator, (context) => {
      const run = runs.stop(context.req.param('id'));
      return run ? context.json(run) : unknownRun(context);
    });
}

type Context = Parameters<typeof problem>[0];

function requireReplay({ settings }: ConsoleParts) {
  return async (context: Context, next: () => Promise<void>) => {
    if (settings.allowsReplays) return await next();
    return problem(context, 403, 'off', 'Replays are switched off here: CONSOLE_REPLAY=off.');
  };
}

async function readSelection(body: Promise<unknown>): Promise<Selection | undefined> {
  const read = v.safeParse(selection, await body.catch(() => undefined));
  if (!read.success) return undefined;
  return JSON.parse(JSON.stringify(read.output)) as Selection;
}

function badSelection(context: Context): Response {
  return problem(context, 400, 'selection', 'Say which dead letters: ids, or a filter.');
}

function unknownRun(context: Context): Response {
  const detail =
    'This subscriber knows no such replay: it may have restarted. The letters show what became of it.';
  return problem(context, 404, 'replay.unknown', detail);
}

function timeOf(text: string | undefined): number | undefined {
  const ms = text === undefined || text === '' ? Number.NaN : Number(text);
  return Number.isSafeInteger(ms) ? ms : undefined;
}

/** What the relay itself wrote; the rest comes from the sender. */
const ownAttributes = new Set([
  'stream',
  'delivery_id',
  'received_at',
  'content_type',
  'replay',
  'replay_of',
  'method',
  'traceparent',
]);

function maskedAttributes(attributes: Record<string, string>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(attributes).map(([name, value]) => [
      name,
      ownAttributes.has(name) ? value : '(masked)',
    ]),
  );
}
