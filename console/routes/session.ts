import { Hono } from 'hono';
import { deleteCookie, getCookie, setCookie } from 'hono/cookie';
import * as v from 'valibot';
import type { RelayStream } from '../../shared/config/config.ts';
import { nameOf } from '../../shared/signatures/schemes.ts';
import { sources } from '../../shared/sources/registry.ts';
import { version } from '../../subscriber/service/version.ts';
import { FailedTries } from '../access/failed-tries.ts';
import { addressOf } from '../access/guard.ts';
import { type Session, type Sessions, sessionCookie } from '../access/sessions.ts';
import type { ConsoleEnv, ConsoleParts } from '../context.ts';
import type { SessionInfo, StreamInfo } from '../contract.ts';
import { problem } from '../problem.ts';

const loginBody = v.object({ token: v.pipe(v.string(), v.maxLength(1000)) });

/** Logging in and out, and what the page must know before it shows anything. */
export function sessionRoutes(parts: ConsoleParts, sessions: Sessions): Hono<ConsoleEnv> {
  const tries = new FailedTries();
  return new Hono<ConsoleEnv>()
    .get('/session', (context) => {
      const session = context.get('session');
      if (session) return context.json(sessionInfo(parts, sessions, session));
      return problem(
        context,
        401,
        'session',
        'Log in first: there is no session, or it has ended.',
      );
    })
    .post('/login', async (context) => {
      const address = addressOf(context);
      const waitMs = tries.waitMs(address);
      if (waitMs > 0) {
        const seconds = Math.ceil(waitMs / 1000);
        context.header('retry-after', String(seconds));
        return problem(context, 429, 'tries', `Too many wrong tokens. Try again in ${seconds} s.`);
      }
      const body = v.safeParse(loginBody, await context.req.json().catch(() => undefined));
      const role = body.success ? sessions.roleOf(body.output.token.trim()) : undefined;
      if (!role) {
        tries.add(address);
        parts.log({
          severity: 'WARNING',
          message: 'a wrong token was shown to the console',
          address,
        });
        return problem(context, 401, 'token', 'This is not the token of this console.');
      }
      const { cookie, maxAgeSeconds } = sessions.begin(role);
      const isSecure = context.req.header('x-forwarded-proto') === 'https';
      setCookie(context, sessionCookie, cookie, {
        httpOnly: true,
        sameSite: 'Strict',
        path: '/',
        maxAge: maxAgeSeconds,
        secure: isSecure,
      });
      return context.body(null, 204);
    })
    .post('/logout', (context) => {
      sessions.end(getCookie(context, sessionCookie));
      deleteCookie(context, sessionCookie, { path: '/' });
      return context.body(null, 204);
    });
}

function sessionInfo(parts: ConsoleParts, sessions: Sessions, session: Session): SessionInfo {
  const { relay, settings, samples } = parts;
  const isOperator = session.role === 'operator';
  return {
    role: session.role,
    isLocked: sessions.isLocked,
    csrf: session.csrf,
    ...(session.endsAt !== undefined && { endsAt: session.endsAt }),
    project: relay.project,
    version: version,
    features: {
      query: settings.allowsQueries,
      replay: settings.allowsReplays && isOperator,
      payloads: settings.showsPayloads,
      samples: samples !== undefined && isOperator,
    },
    streams: [...relay.streams.values()].map((stream) => streamInfo(parts, stream)),
  };
}

function streamInfo({ relay, samples }: ConsoleParts, stream: RelayStream): StreamInfo {
  const { name, source, table, secrets, key, filter } = stream;
  const base = samples?.edge() ?? relay.publicUrl ?? 'https://<your Worker>';
  return {
    name,
    source,
    scheme: nameOf(stream.scheme).replaceAll('"', ''),
    table,
    delivers: sources[source].delivers,
    url: `${base}/${name}`,
    secrets,
    ...(key && { key }),
    ...(filter && { filter: filterText(filter) }),
    ...(filter?.event !== undefined && { eventPattern: filter.event }),
    ...(filter?.events !== undefined && { events: filter.events }),
    filtersPayload: filter?.where !== undefined,
  };
}

/** A bigint is no JSON. */
function filterText(filter: object): string {
  return JSON.stringify(filter, (_, value: unknown) =>
    typeof value === 'bigint' ? `${value}n` : value,
  );
}
