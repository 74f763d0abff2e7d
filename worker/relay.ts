import type { Context } from 'hono';
import { Hono } from 'hono/tiny';
import type { Relay } from '../shared/config/config.ts';
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
import { Census, publishCensus } from './report/census.ts';
import { factsOf, writeLog } from './report/log.ts';
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
  /** How long dropped events are counted before the counts are published. Without it, none are counted. */
  censusAfterMs?: number;
}

/** Opens the edge of a relay. Call it at module level: filters then compile once, and tokens are reused. */
export function createEdge(relay: Relay, options: EdgeOptions = {}): Edge {
  const { now = Date.now, censusAfterMs } = options;
  const endpoints = new Map(
    [...relay.streams.values()].map((stream) => [stream.name, openEndpoint(stream)]),
  );
  const topic = openTopic(relay, new AccessTokens(), now);
  const census = new Census();

  async function route(context: Context<{ Bindings: Bindings }>): Promise<Response> {
    const { req, env } = context;
    const [name = '', key, ...more] = segmentsOf(req.path);
    const endpoint = endpoints.get(name);
    // A stream that signs has no path for a key. A missing key gets a 401, later.
    if (!endpoint || (key !== undefined && !endpoint.keyed) || more.length > 0 || key === '') {
      return refuse({ outcome: 'unknown-stream' }, env);
    }
    const delivery = arrive(req.raw, key, now(), relay.publicUrl ?? '');
    if (!endpoint.methods.includes(delivery.method)) {
      return refuse({ outcome: 'wrong-method', allow: endpoint.methods.join(', ') }, env, endpoint);
    }
    const handled = handle(delivery, endpoint, env, topic);
    // When the sender disconnects, its request is cancelled. The delivery must still be stored.
    context.executionCtx.waitUntil(handled);
    const outcome = await handled;
    if (outcome.dropped && censusAfterMs !== undefined) {
      census.add(name, outcome.dropped, delivery.receivedAt);
      if (census.isDue(delivery.receivedAt, censusAfterMs)) {
        context.executionCtx.waitUntil(publishCensus(census, censusAfterMs, () => topic(env)));
      }
    }
    return toResponse(outcome, endpoint.bare);
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

/** Never rejects: an unexpected error is our own failure, so the sender must try again. */
async function handle(
  delivery: Delivery,
  endpoint: Endpoint,
  env: Bindings,
  topic: Topic,
): Promise<Outcome> {
  let outcome: Outcome;
  try {
    outcome = await deliver(delivery, endpoint, env, topic);
    if (outcome.failedTry) outcome = await limitFailedTries(outcome, delivery, env);
  } catch (error) {
    outcome = { outcome: 'not-stored', facts: factsOf(error) };
  }
  report(outcome, env, endpoint.stream, delivery);
  return outcome;
}

/**
 * The way of a delivery. Each step returns what the next one needs, or the outcome. The order must not change:
 * nothing is read before the key holds, and nothing is parsed before the signature holds.
 */
async function deliver(
  arrived: Delivery,
  endpoint: Endpoint,
  env: Bindings,
  topic: Topic,
): Promise<Outcome> {
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
  env: Bindings,
  endpoint?: Endpoint,
): Response {
  report(outcome, env, endpoint?.stream);
  return toResponse(outcome);
}
