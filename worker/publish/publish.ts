import type { Relay } from '../../shared/config/config.ts';
import { accountSecret } from '../../shared/config/secrets.ts';
import { type Bindings, readSecret } from '../env.ts';
import type { AccessTokens } from './access-token.ts';
import { type Attempt, Batches, type Failure, type PublishRequest } from './batches.ts';
import { Circuit, type Turn } from './circuit.ts';

export interface Destination {
  /** The topic's `…:publish` URL at each endpoint; attempts alternate between them. */
  urls: readonly string[];
  /** Returns a token; a new one if `refused` is the current one, which Pub/Sub answered with 401. */
  authorize(refused?: string): Promise<string>;
  /** Unix milliseconds. */
  now(): number;
  batches: Batches;
  circuit: Circuit;
  /** Called when a message was stored at another URL than the first. */
  onFailover(url: string): void;
}

/** The relay's topic, with the bindings of a request. */
export type Topic = (env: Bindings) => Destination;

export type Publication =
  | { ok: true; tries: number; publish_ms: number }
  /** `problem` is set if only a person can repair it. */
  | { ok: false; tries: number; publish_ms: number; cause: string; problem?: string };

/** How long the second endpoint is preferred after the first has failed, in milliseconds. */
const preferForMs = 30_000;

const firstDelayMs = 100;
const longestDelayMs = 1000;

/** Together less than 2 s: the end of an outage is noticed by then, even where nothing answered before. */
const longestProbeMs = 1250;
const longestProbeDelayMs = 500;

/** The relay's topic, at each endpoint that is bound. */
export function openTopic(relay: Relay, tokens: AccessTokens, now: () => number): Topic {
  const path = `/v1/projects/${relay.project}/topics/${relay.topic}:publish`;
  const circuit = new Circuit();
  const batches = new Batches(circuit.attempt);
  // A first endpoint that hangs would cost every delivery half of its budget.
  let preferred = { url: '', until: 0 };

  return (env) => {
    const urls = [env.PUBSUB_ENDPOINT, env.PUBSUB_FALLBACK_ENDPOINT]
      .filter((endpoint) => endpoint !== undefined && endpoint !== '')
      .map((endpoint) => endpoint + path);
    const first = urls.indexOf(preferred.url);
    if (first > 0 && now() < preferred.until) urls.unshift(...urls.splice(first, 1));
    return {
      urls,
      now,
      batches,
      circuit,
      authorize(refused) {
        if (refused !== undefined) tokens.drop(refused);
        return tokens.get(readSecret(env, accountSecret), now());
      },
      onFailover(url) {
        preferred = { url, until: now() + preferForMs };
      },
    };
  };
}

/**
 * Publishes messages (the texts of toMessageText) and waits for the acknowledgement, for at most `budgetMs` with
 * all attempts and delays. If an acknowledgement is lost, the same delivery ids are published again.
 */
export async function publish(
  messages: readonly string[],
  destination: Destination,
  budgetMs: number,
): Promise<Publication> {
  if (destination.urls.length === 0) {
    const problem = 'configuration: PUBSUB_ENDPOINT is missing or empty';
    return { ok: false, tries: 0, publish_ms: 0, cause: 'pubsub-unset', problem };
  }
  const way: Way = { messages, destination, budgetMs, startedAt: Date.now(), turn: 'send' };
  try {
    return await tryToPublish(way);
  } finally {
    if (way.turn === 'probe') destination.circuit.leave();
  }
}

/** The way of messages to Pub/Sub. */
interface Way {
  messages: readonly string[];
  destination: Destination;
  budgetMs: number;
  startedAt: number;
  turn: Turn;
}

async function tryToPublish(way: Way): Promise<Publication> {
  const { destination, budgetMs } = way;
  const { circuit } = destination;
  // The clock keeps the budget: a timer costs the edge as much as a signature.
  const elapsedMs = () => Date.now() - way.startedAt;
  let urls = destination.urls;
  let token = await destination.authorize();
  let isTokenRenewed = false;
  let failure: Failure | undefined;
  const failed = (tries: number): Publication => {
    const { cause = circuit.cause, problem } = failure ?? {};
    return { ok: false, tries, publish_ms: elapsedMs(), cause, ...(problem && { problem }) };
  };
  for (let tries = 1; ; tries++) {
    if (way.turn !== 'probe') way.turn = await circuit.enter(budgetMs - elapsedMs());
    if (way.turn === 'over') return failed(tries - 1);
    const isProbe = way.turn === 'probe';
    const url = urls[isProbe ? circuit.nextProbe(urls.length) : (tries - 1) % urls.length] ?? '';
    // One attempt gets at most half of the budget: a dead connection must leave time for another one.
    const longestMs = Math.min(budgetMs / 2, isProbe ? longestProbeMs : budgetMs);
    const timeoutMs = Math.min(longestMs, budgetMs - elapsedMs());
    const made = await send(way, { url, token, timeoutMs }, tries === 1);
    if (made.stored) {
      if (url !== destination.urls[0]) destination.onFailover(url);
      return { ok: true, tries, publish_ms: elapsedMs() };
    }
    // An attempt that the budget cut short shows nothing; the failure before it does.
    if (!failure || elapsedMs() < budgetMs) failure = made;
    if (made.cause === 'pubsub-401' && !isTokenRenewed) {
      isTokenRenewed = true;
      token = await destination.authorize(token);
      continue;
    }
    // A setting that is wrong at one endpoint may be right at the other.
    if (!made.retry) urls = urls.filter((other) => other !== url);
    const delayMs = retryDelayMs(tries, isProbe ? longestProbeDelayMs : longestDelayMs);
    if (urls.length === 0 || elapsedMs() + delayMs >= budgetMs) return failed(tries);
    await scheduler.wait(delayMs);
  }
}

/** The first attempt of a single message may share a request with others. */
function send(
  { messages, turn, destination: { batches, circuit } }: Way,
  request: PublishRequest,
  isFirst: boolean,
): Promise<Attempt> {
  const [only, ...others] = messages;
  return isFirst && turn === 'send' && only !== undefined && others.length === 0
    ? batches.send(only, request)
    : circuit.attempt(messages, request);
}

/** Full jitter: any time up to a bound that doubles, so that many retries spread out. */
function retryDelayMs(tries: number, longestMs: number): number {
  return Math.random() * Math.min(firstDelayMs * 2 ** (tries - 1), longestMs);
}
