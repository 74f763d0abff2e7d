import { Hono } from 'hono';
import { getCookie } from 'hono/cookie';
import { streamSSE } from 'hono/streaming';
import { type Sessions, sessionCookie } from '../access/sessions.ts';
import type { ConsoleEnv } from '../context.ts';
import type { Poller } from '../live/poller.ts';

/** Enough for the tabs of a team; each costs a second's JSON. */
const maxPages = 100;
const checkMs = 15_000;

/** Server-sent events: `pulse` each second, `facts` when the tables were read. Ends with the session. */
export function liveRoutes(poller: Poller, sessions: Sessions): Hono<ConsoleEnv> {
  let pages = 0;
  return new Hono<ConsoleEnv>().get('/live', (context) => {
    if (pages >= maxPages) return context.body(null, 503, { 'retry-after': '10' });
    pages++;
    const cookie = getCookie(context, sessionCookie);
    context.header('x-accel-buffering', 'no');
    return streamSSE(context, async (stream) => {
      const ended = Promise.withResolvers<void>();
      // A page that does not read gets no more until it does: what is late is stale.
      let isBusy = false;
      const send = async (event: string, data: object) => {
        if (isBusy && event === 'pulse') return;
        isBusy = true;
        await stream.writeSSE({ event, data: JSON.stringify(data) });
        isBusy = false;
      };
      const unlisten = poller.listen({
        pulse: (pulse) => void send('pulse', pulse),
        facts: (facts) => void send('facts', facts),
      });
      const check = setInterval(() => {
        if (!sessions.read(cookie)) ended.resolve();
      }, checkMs);
      stream.onAbort(() => ended.resolve());
      await ended.promise;
      clearInterval(check);
      unlisten();
      pages--;
    });
  });
}
