import type { Context } from 'hono';
import { Hono } from 'hono/tiny';
import type { EdgeLog, Relay } from '../shared/config/config.ts';
import { decide } from './decide.ts';
import { type Endpoint, openEndpoint } from './endpoint.ts';
import { type Bindings, readSecret } from './env.ts';
import { isOutcome, type Outcome, toResponse } from './outcome.ts';
import { drain } from './overflow/drain.ts';
import { AccessTokens } from './publish/access-token.ts';
import { openTopic, type Topic } from './publish/publish.ts';
import { store } from './publish/store.ts';
import { admit, limitFailedTries } from './receive/admit.ts';
import { arrive, type Delivery, pathOf, segmentsOf, targetOf } from './receive/delivery.ts';
import { inflate } from './receive/inflate.ts';
import { takeQuery } from './receive/query.ts';
import { receive } from './receive/receive.ts';
import { EdgeReports } from './report/edge-reports.ts';
import { factsOf, writeLog } from './report/log.ts';
import type { RefusedRequest } from './report/refused.ts';
import { report } from './report/report.ts';
import { answerUnsigned, answerVerified } from './verify/challenge.ts';
import { verify, verifyKey } from './verify/verify.ts';

/** The Worker's handlers. */
export interface Edge {
  fetch(request: Request, env: Bindings, context: ExecutionContext): Promise<Response>;
  /** Drains the overflow queue, and the dead-letter queue behind it. */
  queue(batch: MessageBatch, env: Bindings): Promise<void>;
}

export interface EdgeOptions {
  /** Unix milliseconds. */
  now?: () => number;
  /** The shortest time between two reports of what was counted and refused. Without it, there are none. */
  reportEveryMs?: number;
}

/** Opens the edge of a relay. Call it at module level: filters then compile once, and tokens are reused. */
export function createEdge(relay: Relay, options: EdgeOptions = {}): Edge {
  const { now = Date.now, reportEveryMs: everyMs } = options;
  const endpoints = new Map(
    [...relay.streams.values()].map((stream) => [stream.name, openEndpoint(stream)]),
  );
  const topic = openTopic(relay, new AccessTokens(), now);
  const reports =
    everyMs === undefined ? undefined : new EdgeReports(relay, { topic, now, endpoints, everyMs });
  const parts: Parts = { topic, reports, log: relay.log };

  async function route(context: Context<{ Bindings: Bindings }>): Promise<Response> {
    const { req, env, executionCtx } = context;
    const path = req.path;
    const [name = '', key, ...more] = segmentsOf(path);
    const found = endpoints.get(name);
    const arrived = { request: req.raw, path, receivedAt: now() };
    // A stream that signs has no path for a key. A missing key gets a 401, later.
    if (!found || (key !== undefined && !found.keyed) || more.length > 0 || key === '') {
      return refuse({ outcome: 'unknown-stream' }, arrived, parts, env, executionCtx);
    }
    const delivery = arrive(req.raw, key, arrived.receivedAt, relay.publicUrl ?? '');
    const way = { ...arrived, endpoint: found, delivery };
    if (!found.methods.includes(delivery.method)) {
      const allow = found.methods.join(', ');
      return refuse({ outcome: 'wrong-method', allow }, way, parts, env, executionCtx);
    }
    const handled = handle(way, parts, env, executionCtx);
    // When the sender disconnects, its request is cancelled. The delivery must still be stored.
    executionCtx.waitUntil(handled);
    return toResponse(await handled, found.bare);
  }

  const router = new Hono<{ Bindings: Bindings }>({
    getPath: (request) => pathOf(targetOf(request)),
  });
  router.get('/', (context) => context.json({ status: 'ok' }));
  router.all('/', () => toResponse({ outcome: 'wrong-method', allow: 'GET, HEAD' }));
  router.all('*', route);
  router.onError((error) => {
    writeLog({ outcome: 'not-stored', ...factsOf(error) });
    return toResponse({ outcome: 'not-stored' });
  });
  return {
    async fetch(request, env, context) {
      const response = await router.fetch(request, env, context);
      if (response.status >= 400) cancelBody(request);
      return response;
    },
    queue: (batch, env) => drain(batch, env, topic(env)),
  };
}

/** What all deliveries of an edge share. */
interface Parts {
  topic: Topic;
  reports: EdgeReports | undefined;
  log: EdgeLog;
}

/** A request as far as it has come. */
interface Way extends RefusedRequest {
  endpoint: Endpoint;
  /** The latest that is known of it. */
  delivery: Delivery;
}

type Background = Pick<ExecutionContext, 'waitUntil'>;

/** Never rejects: an unexpected error is our own failure, so the sender must try again. */
async function handle(
  way: Way,
  parts: Parts,
  env: Bindings,
  background: Background,
): Promise<Outcome> {
  let outcome: Outcome;
  try {
    outcome = await deliver(way, env, parts.topic);
    if (outcome.failedTry) outcome = await limitFailedTries(outcome, way.delivery, env);
  } catch (error) {
    outcome = { outcome: 'not-stored', facts: factsOf(error) };
  }
  settle(outcome, way, parts, env, background);
  return outcome;
}

/** Logs and counts an outcome. Without an await: a request that is cancelled is counted all the same. */
function settle(
  outcome: Outcome,
  way: RefusedRequest,
  { reports, log }: Parts,
  env: Bindings,
  background: Background,
): void {
  const { endpoint, delivery } = way;
  report(outcome, { stream: endpoint?.stream, delivery }, env, logOf(env) ?? log);
  try {
    reports?.add(outcome, way);
    reports?.schedule(way.receivedAt, env, background);
  } catch (error) {
    // The delivery may be stored: a lost count must not make the sender repeat it.
    writeLog({ outcome: 'report-delayed', ...factsOf(error) });
  }
}

function logOf({ EDGE_LOG }: Bindings): EdgeLog | undefined {
  return EDGE_LOG === 'all' || EDGE_LOG === 'problems' ? EDGE_LOG : undefined;
}

/**
 * The way of a delivery. Each step returns what the next one needs, or the outcome. The order must not change:
 * nothing is read before the key holds, and nothing is parsed before the signature holds.
 */
async function deliver(way: Way, env: Bindings, topic: Topic): Promise<Outcome> {
  const { delivery: arrived, endpoint } = way;
  const refusal = admit(arrived, endpoint);
  if (refusal) return refusal;

  const secretOf = (name: string) => readSecret(env, name);
  const keyed = await verifyKey(arrived, endpoint, secretOf);
  if (isOutcome(keyed)) return keyed;
  const received = await receive(keyed, endpoint);
  if (isOutcome(received)) return received;
  way.delivery = received;
  const unsigned = endpoint.handshake && (await answerUnsigned(received, endpoint, secretOf));
  if (unsigned) return unsigned;
  const verified = await verify(received, endpoint, secretOf);
  if (isOutcome(verified)) return verified;
  const answered = endpoint.handshake && (await answerVerified(verified, endpoint, secretOf));
  if (answered) return answered;

  const delivery = verified.method === 'POST' ? verified : await takeQuery(verified, endpoint);
  if (isOutcome(delivery)) return delivery;
  const inflated = await inflate(delivery, endpoint.stream.maxBodyBytes);
  if (isOutcome(inflated)) return inflated;
  const decision = decide(inflated, endpoint);
  if (isOutcome(decision)) return decision;

  // As it was sent: still compressed, if it came so.
  return store(delivery, decision, endpoint, env, topic(env));
}

/**
 * Cancels what is left of a refused body: a proxy before the Worker may not pass the answer on until the body is
 * read or cancelled.
 */
function cancelBody({ body }: Request): void {
  body?.cancel().catch(() => {});
}

/**
 * Answers a request that no stream takes. It leaves a log line, because a sender with a mistyped URL does not
 * complain. The line leaves out the path, which may contain a key.
 */
function refuse(
  outcome: Extract<Outcome, { outcome: 'unknown-stream' | 'wrong-method' }>,
  way: RefusedRequest,
  parts: Parts,
  env: Bindings,
  background: Background,
): Response {
  const { delivery: _, ...unread } = way;
  settle(outcome, unread, parts, env, background);
  return toResponse(outcome);
}
