import { PatternRouter } from 'hono/router/pattern-router';
import type { EdgeLog, Relay } from '../shared/config/config.ts';
import { decide } from './decide.ts';
import { type Endpoint, openEndpoint } from './endpoint.ts';
import { type Bindings, readSecret } from './env.ts';
import { isOutcome, isTaken, type Outcome, toResponse } from './outcome.ts';
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
  const publicUrl = relay.publicUrl ?? '';

  /** What is not sent to a stream: a few requests, so only they pay for the router. */
  const others = new PatternRouter<Answerer>();
  others.add('GET', '/', () => Response.json({ status: 'ok' }));
  others.add('HEAD', '/', () => new Response(null, { status: 200 }));
  others.add('ALL', '/', () => toResponse({ outcome: 'wrong-method', allow: 'GET, HEAD' }));
  others.add('ALL', '*', (...given) => refuse({ outcome: 'unknown-stream' }, ...given));

  async function answer(
    request: Request,
    env: Bindings,
    background: Background,
  ): Promise<Response> {
    const target = targetOf(request);
    const path = pathOf(target);
    const [name = '', key, ...more] = segmentsOf(path);
    const endpoint = endpoints.get(name);
    const receivedAt = now();
    // A stream that signs has no path for a key. A missing key gets a 401, later.
    if (!endpoint || (key !== undefined && !endpoint.keyed) || more.length > 0 || key === '') {
      const [[[respond] = []]] = others.match(request.method, path);
      return respond?.({ request, receivedAt }, parts, env, background) ?? notStored();
    }
    const delivery = arrive(request, target, key, receivedAt, publicUrl);
    if (!endpoint.methods.includes(delivery.method)) {
      const allow = endpoint.methods.join(', ');
      const refused = { request, receivedAt, endpoint };
      return refuse({ outcome: 'wrong-method', allow }, refused, parts, env, background);
    }
    const way: Way = { request, receivedAt, endpoint, delivery };
    const handled = handle(way, parts, env, background);
    // When the sender disconnects, its request is cancelled. The delivery must still be stored. Not later: a sender
    // that hangs up right after its body may do so before the next await returns.
    background.waitUntil(handled);
    const outcome = await handled;
    if (!isTaken(outcome)) cancelBody(request);
    return toResponse(outcome, endpoint.bare);
  }

  return {
    async fetch(request, env, context) {
      try {
        return await answer(request, env, context);
      } catch (error) {
        writeLog({ outcome: 'not-stored', ...factsOf(error) });
        cancelBody(request);
        return notStored();
      }
    },
    queue: (batch, env) => drain(batch, env, topic(env)),
  };
}

type Answerer = (
  refused: RefusedRequest,
  parts: Parts,
  env: Bindings,
  background: Background,
) => Response;

function notStored(): Response {
  return toResponse({ outcome: 'not-stored' });
}

/** What all deliveries of an edge share. */
interface Parts {
  topic: Topic;
  reports: EdgeReports | undefined;
  log: EdgeLog;
}

/** A request that reached an endpoint. */
interface Way extends RefusedRequest {
  endpoint: Endpoint;
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
  const unsigned = endpoint.handshake && (await answerUnsigned(received, endpoint, secretOf));
  if (unsigned) return unsigned;
  const verified = await verify(received, endpoint, secretOf);
  if (isOutcome(verified)) return verified;
  const answered = endpoint.handshake && (await answerVerified(verified, endpoint, secretOf));
  if (answered) return answered;

  const delivery = verified.method === 'POST' ? verified : await takeQuery(verified, endpoint);
  if (isOutcome(delivery)) return delivery;
  const body = await inflate(delivery, endpoint.stream.maxBodyBytes);
  if (isOutcome(body)) return body;
  const decision = decide(delivery, body, endpoint);
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
  settle(outcome, way, parts, env, background);
  cancelBody(way.request);
  return toResponse(outcome);
}
