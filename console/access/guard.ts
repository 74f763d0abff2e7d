import { getConnInfo } from '@hono/node-server/conninfo';
import type { MiddlewareHandler } from 'hono';
import { getCookie } from 'hono/cookie';
import type { ConsoleEnv } from '../context.ts';
import { problem } from '../problem.ts';
import { secureHeaders } from './headers.ts';
import { isLoopbackHost, isSameOrigin, mayRead } from './hosts.ts';
import { type Sessions, sessionCookie } from './sessions.ts';

/**
 * What every request passes first: its Host, its origin, and that a change comes from a page of this console.
 * A session is read, and may be absent: see `requireSession`.
 */
export function guard(sessions: Sessions): MiddlewareHandler<ConsoleEnv> {
  return async (context, next) => {
    for (const [name, value] of Object.entries(secureHeaders)) context.header(name, value);
    const header = (name: string) => context.req.header(name);
    // With a token the cookie belongs to the right host, whatever its name is. Without one, only the name shows it.
    if (!sessions.isLocked && !isLoopbackHost(header('host'))) {
      return problem(
        context,
        421,
        'host',
        'The console answers only under localhost and 127.0.0.1.',
      );
    }
    const isRead = context.req.method === 'GET' || context.req.method === 'HEAD';
    if (isRead ? !mayRead(header) : !isSameOrigin(header)) {
      return problem(context, 403, 'origin', 'A page of another origin may not use the console.');
    }
    const session = sessions.read(getCookie(context, sessionCookie));
    if (session) context.set('session', session);
    return await next();
  };
}

/** For what needs a session; a change also needs the CSRF token. */
export function requireSession(sessions: Sessions): MiddlewareHandler<ConsoleEnv> {
  return async (context, next) => {
    const session = context.get('session');
    if (!session)
      return problem(
        context,
        401,
        'session',
        'Log in first: there is no session, or it has ended.',
      );
    const isRead = context.req.method === 'GET' || context.req.method === 'HEAD';
    if (!isRead && !sessions.isCsrf(session, context.req.header('x-csrf-token'))) {
      return problem(context, 403, 'csrf', 'The page is older than the session. Try again.');
    }
    return await next();
  };
}

/** For what a reader may not do. */
export const requireOperator: MiddlewareHandler<ConsoleEnv> = async (context, next) => {
  if (context.get('session')?.role === 'operator') return await next();
  return problem(context, 403, 'role', 'The read-only token may look, and change nothing.');
};

/** The address that the connection comes from; a proxy's, where there is one. */
export function addressOf(context: Parameters<typeof getConnInfo>[0]): string {
  try {
    return getConnInfo(context).remote.address ?? 'unknown';
  } catch {
    // Without a connection, as in tests.
    return 'unknown';
  }
}
