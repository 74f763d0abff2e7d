import type { IncomingMessage, ServerResponse } from 'node:http';
import { getRequestListener } from '@hono/node-server';
import { Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { compress } from 'hono/compress';
import { guard, requireSession } from './access/guard.ts';
import { Sessions } from './access/sessions.ts';
import { loadPage } from './assets/load-page.ts';
import { pageRoutes } from './assets/serve-page.ts';
import type { ConsoleEnv, ConsoleParts } from './context.ts';
import { Poller } from './live/poller.ts';
import { problem, problemOf } from './problem.ts';
import { letterRoutes } from './routes/letters.ts';
import { liveRoutes } from './routes/live.ts';
import { queryRoutes } from './routes/queries.ts';
import { reportRoutes } from './routes/reports.ts';
import { sessionRoutes } from './routes/session.ts';
import { streamRoutes } from './routes/streams.ts';
import { QueryRuns } from './runs/query-runs.ts';
import { ReplayRuns } from './runs/replay-runs.ts';

export interface ConsoleApp {
  handle: (request: IncomingMessage, response: ServerResponse) => void;
  stop(): void;
}

const maxBodyBytes = 9 * 1024 * 1024;

/** The whole console, loaded with the first request. */
export async function openApp(parts: ConsoleParts): Promise<ConsoleApp> {
  const sessions = new Sessions(parts.settings);
  const replays = new ReplayRuns(parts);
  const queries = new QueryRuns(parts.bigquery);
  const rows = new QueryRuns(parts.bigquery);
  const isLocal = process.env['BIGQUERY_EMULATOR_HOST'] !== undefined;
  const poller = new Poller({ parts, runs: replays, factsMs: isLocal ? 4000 : 15_000 });

  const api = new Hono<ConsoleEnv>()
    .use(async (context, next) => {
      context.header('cache-control', 'no-store');
      await next();
    })
    .use(
      bodyLimit({
        maxSize: maxBodyBytes,
        onError: (context) => problem(context, 413, 'size', 'The request is larger than 9 MB.'),
      }),
    )
    .route('/', sessionRoutes(parts, sessions))
    .use(requireSession(sessions))
    .route('/', liveRoutes(poller, sessions))
    .use(compress())
    .route('/', letterRoutes(parts, replays))
    .route('/', streamRoutes(parts, rows))
    .route('/', reportRoutes(parts))
    .route('/', queryRoutes(parts, queries))
    .all('*', (context) => problem(context, 404, 'path', 'There is nothing at this path.'));
  const app = new Hono<ConsoleEnv>()
    .use(guard(sessions))
    .route('/api', api)
    .route(
      '/',
      pageRoutes(await loadPage(), () => poller.warm()),
    );
  app.onError((error, context) => {
    const { code, detail } = problemOf(error);
    if (code === 'unexpected') {
      parts.log({
        severity: 'ERROR',
        message: 'the console failed',
        path: context.req.path.slice(0, 200),
        cause: detail,
      });
    }
    return problem(context, code === 'google.unreachable' ? 502 : 500, code, detail);
  });
  const listener = getRequestListener(app.fetch);
  return {
    handle: (request, response) => void listener(request, response),
    stop() {
      poller.stop();
      replays.stopAll();
      queries.cancelAll();
      rows.cancelAll();
    },
  };
}
