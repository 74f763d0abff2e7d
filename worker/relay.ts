import type { Context } from 'hono';
import { Hono } from 'hono/tiny';
import type { Relay } from '../shared/config/config.ts';
import { type Endpoint, openEndpoint } from './endpoint.ts';
import type { Handled } from './handled.ts';
import type { Bindings } from './optional-bindings.ts';
import { answer, type Outcome } from './outcome.ts';
import { drain } from './overflow/drain.ts';
import { AccessTokens } from './publish/access-token.ts';
import { toMessageText } from './publish/message.ts';
import { type Destination, publish } from './publish/publish.ts';
import { openTopic } from './publish/topic.ts';
import { type Arrival, arrive, pathOf, segmentsOf, targetOf } from './receive/delivery.ts';
import { type Gate, openGate } from './receive/gate.ts';
import { Census } from './report/census.ts';
import { count } from './report/counters.ts';
import { factsOf, writeLog } from './report/log.ts';
import { takeSteps } from './steps.ts';

/** Nobody waits for it, and waitUntil() lasts for 30 s. */
const reportBudgetMs = 10_000;

const ray = /^[0-9a-f]+-([A-Z]{3})$/;

type Router = Hono<{ Bindings: Bindings }>;

/** The Worker's handlers. */
export interface Edge {
  fetch(request: Request, env: Bindings, context: ExecutionContext): Promise<Response>;
  /** Drains the overflow queue, and the dead-letter queue behind it. */
  queue(batch: MessageBatch, env: Bindings): Promise<void>;
}

export interface EdgeOptions {
  /** Unix milliseconds. */
  now?: () => number;
  /** How long what was dropped is counted before it is reported; without it, it is not counted. */
  censusAfterMs?: number;
}

/** The relay's edge. Made at module level, so that filters compile once and tokens are kept. */
export function createEdge(relay: Relay, options: EdgeOptions = {}): Edge {
  const { now = Date.now, censusAfterMs } = options;
  const endpoints = new Map(
    [...relay.streams.values()].map((stream) => [
      stream.name,
      { ...openEndpoint(stream), gate: openGate(stream) },
    ]),
  );
  const destinationIn = openTopic(relay, new AccessTokens(), now);
  const census = new Census();

  async function route(context: Context<{ Bindings: Bindings }>): Promise<Response> {
    const { req, env } = context;
    const [name = '', key, ...more] = segmentsOf(req.path);
    const endpoint = endpoints.get(name);
    // A key after a stream that signs names no endpoint; one that is absent where it is due is a 401.
    if (!endpoint || (key !== undefined && !endpoint.keyed) || more.length > 0 || key === '') {
      return refuse({ outcome: 'unknown-stream' }, env);
    }
    const { methods } = endpoint.gate;
    const arrival = arrive(req.raw, key, now(), relay.publicUrl ?? '');
    if (!methods.includes(arrival.method)) {
      return refuse({ outcome: 'wrong-method', allow: methods.join(', ') }, env, name);
    }
    const delivered = deliver(arrival, endpoint, env, () => destinationIn(env));
    // A sender that hangs up cancels its request, but not what was begun for it.
    context.executionCtx.waitUntil(delivered);
    const { outcome, dropped } = await delivered;
    if (dropped && censusAfterMs !== undefined) {
      census.add(name, dropped, arrival.receivedAt);
      if (census.isDue(arrival.receivedAt, censusAfterMs)) {
        const reported = report(census, censusAfterMs, () => destinationIn(env));
        context.executionCtx.waitUntil(reported);
      }
    }
    return answer(outcome);
  }

  const router: Router = new Hono({ getPath: (request) => pathOf(targetOf(request)) });
  router.get('/', (context) => context.json({ status: 'ok' }));
  router.all('/', () => answer({ outcome: 'wrong-method', allow: 'GET, HEAD' }));
  router.all('*', route);
  router.onError((error) => {
    writeLog({ outcome: 'not-stored', ...factsOf(error) });
    return answer({ outcome: 'not-stored' });
  });
  return {
    async fetch(request, env, context) {
      const response = await router.fetch(request, env, context);
      if (response.status >= 400) leaveUnread(request);
      return response;
    },
    queue: (batch, env) => drain(batch, env, destinationIn(env)),
  };
}

/**
 * Gives up what is left of a refused body: a proxy before the Worker may wait for it to be taken before it
 * passes the answer on. Of a body that was read nothing is left.
 */
function leaveUnread({ body }: Request): void {
  body?.cancel().catch(() => {});
}

/**
 * What knocks at no stream, or in no way that one takes: a sender whose URL is mistyped gives up without a
 * word. The path is not told, for it may hold a key.
 */
function refuse(
  outcome: Extract<Outcome, { outcome: 'unknown-stream' | 'wrong-method' }>,
  env: Bindings,
  stream?: string,
): Response {
  const line = { ...(stream !== undefined && { stream }), outcome: outcome.outcome };
  writeLog(line);
  count(line, undefined, env);
  return answer(outcome);
}

/** Never rejects: what nobody expected is a failure of our own, so the sender must try again. */
async function deliver(
  arrival: Arrival,
  endpoint: Endpoint & { gate: Gate },
  env: Bindings,
  openDestination: () => Destination,
): Promise<Handled> {
  let handled: Handled;
  try {
    handled = await takeSteps(arrival, endpoint, env, openDestination);
  } catch (error) {
    handled = { outcome: { outcome: 'not-stored' }, facts: factsOf(error) };
  }
  const { outcome, facts } = handled;
  const colo = coloOf(arrival.headers);
  const line = {
    stream: endpoint.stream.name,
    delivery_id: arrival.id,
    outcome: outcome.outcome,
    ...facts,
    ...(colo && { colo }),
  };
  writeLog(line);
  count(line, facts.secret === undefined ? undefined : endpoint.stream.secrets[facts.secret], env);
  return handled;
}

/** From the id of the request, `7f2c…-PRG`: to ask `request.cf` parses all that Cloudflare knows of it. */
function coloOf(headers: Headers): string | undefined {
  return headers.get('cf-ray')?.match(ray)?.[1];
}

/** Tells the subscriber what was dropped, after a while: all that comes until then goes with it. */
async function report(
  census: Census,
  afterMs: number,
  openDestination: () => Destination,
): Promise<void> {
  await scheduler.wait(afterMs);
  const messages = census.take();
  if (messages.length === 0) return;
  try {
    const texts = messages.map(toMessageText);
    const { ok, ...facts } = await publish(texts, openDestination(), reportBudgetMs);
    if (!ok) writeLog({ outcome: 'census-lost', ...facts });
  } catch (error) {
    writeLog({ outcome: 'census-lost', ...factsOf(error) });
  }
}
