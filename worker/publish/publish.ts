import { attempt, type Failure } from './attempt.ts';
import type { Batches } from './batches.ts';

export interface Destination {
  /** The topic's `…:publish`, at each endpoint: tries take turns. */
  urls: readonly string[];
  /** A token; another one than `refused`, which Pub/Sub has just answered 401 to. */
  authorize(refused?: string): Promise<string>;
  /** Unix milliseconds. */
  now(): number;
  /** Those that are on their way there. */
  batches: Batches;
  /** Told where a message was stored when the first of `urls` had failed. */
  tookOver(url: string): void;
}

export type Publication =
  | { ok: true; tries: number; publish_ms: number }
  /** `problem` is set where only a person can mend it. */
  | { ok: false; tries: number; publish_ms: number; cause: string; problem?: string };

const firstDelayMs = 100;
const longestDelayMs = 1000;

/**
 * Publishes messages (the texts of toMessageText) and waits for the acknowledgement: at most `budgetMs`,
 * tries and pauses and all. A try that was stored while its answer got lost is made again, with the same
 * delivery ids.
 */
export async function publish(
  messages: readonly string[],
  destination: Destination,
  budgetMs: number,
): Promise<Publication> {
  // The budget is kept by the clock: a timer costs the edge as much as a signature does.
  const startedAt = Date.now();
  const tookMs = () => Date.now() - startedAt;
  let urls = destination.urls;
  if (urls.length === 0) {
    const problem = 'configuration: PUBSUB_ENDPOINT is missing or empty';
    return { ok: false, tries: 0, publish_ms: 0, cause: 'pubsub-unset', problem };
  }
  let token = await destination.authorize();
  let signedAnew = false;
  let told: Failure | undefined;
  for (let tries = 1; ; tries++) {
    const url = urls[(tries - 1) % urls.length] ?? '';
    // One try gets half of the budget at most: a dead connection must leave time for a live one.
    const timeoutMs = Math.min(budgetMs / 2, budgetMs - tookMs());
    const post = (texts: readonly string[]) => attempt(texts, url, token, timeoutMs);
    const [only, ...others] = messages;
    const made =
      tries === 1 && only !== undefined && others.length === 0
        ? await destination.batches.send(only, timeoutMs, post)
        : await post(messages);
    if (made.stored) {
      if (url !== destination.urls[0]) destination.tookOver(url);
      return { ok: true, tries, publish_ms: tookMs() };
    }
    // A try that the budget cut short says nothing; the one before it does.
    if (!told || tookMs() < budgetMs) told = made;
    if (made.cause === 'pubsub-401' && !signedAnew) {
      signedAnew = true;
      token = await destination.authorize(token);
      continue;
    }
    // What is wrong with one endpoint, or with its settings, may be right at the other.
    if (!made.retry) urls = urls.filter((other) => other !== url);
    const pauseMs = delayMs(tries);
    if (urls.length === 0 || tookMs() + pauseMs >= budgetMs) {
      const { cause, problem } = told;
      return { ok: false, tries, publish_ms: tookMs(), cause, ...(problem && { problem }) };
    }
    await scheduler.wait(pauseMs);
  }
}

/** Full jitter: any time up to a bound that doubles, so that a crowd of retries spreads out. */
function delayMs(tries: number): number {
  return Math.random() * Math.min(firstDelayMs * 2 ** (tries - 1), longestDelayMs);
}
