import { Hono } from 'hono';
import type { ConsoleEnv, ConsoleParts } from '../context.ts';
import { describeExports, readLoadJobs } from '../exports.ts';
import { readRefusedInfos } from '../refused.ts';

/** What the edge refused, and the exports. */
export function reportRoutes(parts: ConsoleParts): Hono<ConsoleEnv> {
  return new Hono<ConsoleEnv>()
    .get('/refused', async (context) => {
      const { stream, cause } = context.req.query();
      return context.json(
        await readRefusedInfos(parts, { ...(stream && { stream }), ...(cause && { cause }) }),
      );
    })
    .get('/exports', async (context) => {
      const jobs = await readLoadJobs(parts.bigquery);
      return context.json({ exports: describeExports(parts.feed.exports), jobs });
    });
}
