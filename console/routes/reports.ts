import { Hono } from 'hono';
import type { ConsoleEnv, ConsoleParts } from '../context.ts';
import { describeExports, readLoadJobs } from '../readers/exports.ts';
import { readRefusedList } from '../readers/refused.ts';

/** What the edge refused, and the exports. */
export function reportRoutes(parts: ConsoleParts): Hono<ConsoleEnv> {
  return new Hono<ConsoleEnv>()
    .get('/refused', async (context) => {
      const stream = context.req.query('stream');
      return context.json(await readRefusedList(parts, stream === undefined ? {} : { stream }));
    })
    .get('/exports', async (context) => {
      const jobs = await readLoadJobs(parts.bigquery);
      return context.json({ exports: describeExports(parts.feed.exports), jobs });
    });
}
