export interface Destination {
  /** The topic's `…:publish`, at each endpoint: tries take turns. */
  urls: readonly string[];
  /** A token; another one than `refused`, which Pub/Sub has just answered 401 to. */
  authorize(refused?: string): Promise<string>;
  /** Unix milliseconds. */
  now(): number;
  /** Told where a message was stored when the first of `urls` had failed. */
  tookOver(url: string): void;
}

export type Publication =
  | { ok: true; tries: number; publish_ms: number }
  /** `problem` is set where only a person can mend it. */
  | { ok: false; tries: number; publish_ms: number; cause: string; problem?: string };

type Failure = { stored: false; cause: string; retry: boolean; problem?: string };
type Attempt = { stored: true } | Failure;

const firstDelayMs = 100;
const longestDelayMs = 1000;

/**
 * Publishes a request of `count` messages and waits for the acknowledgement: at most `budgetMs`, tries and
 * pauses and all. A try that was stored while its answer got lost is made again, with the same delivery id.
 */
export async function publish(
  message: string,
  destination: Destination,
  budgetMs: number,
  count = 1,
): Promise<Publication> {
  // The budget is kept by the clock: a timer costs the edge as much as a signature does.
  const startedAt = Date.now();
  const tookMs = () => Date.now() - startedAt;
  let urls = destination.urls;
  let token = await destination.authorize();
  let signedAnew = false;
  let told: Failure | undefined;
  for (let tries = 1; ; tries++) {
    const url = urls[(tries - 1) % urls.length] ?? '';
    // One try gets half of the budget at most: a dead connection must leave time for a live one.
    const timeoutMs = Math.min(budgetMs / 2, budgetMs - tookMs());
    const attempt = await tryOnce({ message, count }, url, token, timeoutMs);
    if (attempt.stored) {
      if (url !== destination.urls[0]) destination.tookOver(url);
      return { ok: true, tries, publish_ms: tookMs() };
    }
    // A try that the budget cut short says nothing; the one before it does.
    if (!told || tookMs() < budgetMs) told = attempt;
    if (attempt.cause === 'pubsub-401' && !signedAnew) {
      signedAnew = true;
      token = await destination.authorize(token);
      continue;
    }
    // What is wrong with one endpoint, or with its settings, may be right at the other.
    if (!attempt.retry) urls = urls.filter((other) => other !== url);
    const pauseMs = delayMs(tries);
    if (urls.length === 0 || tookMs() + pauseMs >= budgetMs) {
      const { cause, problem } = told;
      return { ok: false, tries, publish_ms: tookMs(), cause, ...(problem && { problem }) };
    }
    await scheduler.wait(pauseMs);
  }
}

async function tryOnce(
  { message, count }: { message: string; count: number },
  url: string,
  token: string,
  timeoutMs: number,
): Promise<Attempt> {
  const deadline = new AbortController();
  // AbortSignal.timeout() can't be cleared: its timer would outlive every quick try.
  const timer = setTimeout(() => deadline.abort(), timeoutMs);
  try {
    const response = await fetch(url, {
      method: 'POST',
      // A redirect would carry the token to where nobody configured.
      redirect: 'manual',
      signal: deadline.signal,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: message,
    });
    if (response.status === 200) return acknowledgement(await response.text(), count);
    // An unread body keeps one of the six connections that a delivery may have open.
    await response.body?.cancel();
    return refusal(response.status);
  } catch {
    const cause = deadline.signal.aborted ? 'pubsub-timeout' : 'pubsub-unreachable';
    return { stored: false, cause, retry: true };
  } finally {
    clearTimeout(timer);
  }
}

/** A 200 without an id for each message acknowledges nothing. */
function acknowledgement(body: string, count: number): Attempt {
  const ids = idsIn(body);
  if (ids?.length === count) return { stored: true };
  return { stored: false, cause: 'pubsub-no-message-id', retry: true };
}

function idsIn(body: string): unknown[] | undefined {
  try {
    const { messageIds } = JSON.parse(body) as { messageIds?: unknown };
    return Array.isArray(messageIds) ? messageIds : undefined;
  } catch {
    return undefined;
  }
}

/** Statuses that a person must mend; none of them goes away by trying again. */
const problems: Record<number, string> = {
  401: 'Pub/Sub does not accept the token that GOOGLE_SERVICE_ACCOUNT signs',
  403: 'the service account may not publish to the topic',
  404: 'the topic, its project or PUBSUB_ENDPOINT does not exist',
};

/** https://cloud.google.com/pubsub/docs/reference/error-codes, and 408 and 499 of proxies. */
const passing = new Set([408, 409, 429, 499]);

function refusal(status: number): Failure {
  const problem =
    status >= 300 && status < 400 ? 'PUBSUB_ENDPOINT redirects elsewhere' : problems[status];
  return {
    stored: false,
    cause: `pubsub-${status}`,
    retry: status >= 500 || passing.has(status),
    ...(problem !== undefined && { problem: `configuration: ${problem}` }),
  };
}

/** Full jitter: any time up to a bound that doubles, so that a crowd of retries spreads out. */
function delayMs(tries: number): number {
  return Math.random() * Math.min(firstDelayMs * 2 ** (tries - 1), longestDelayMs);
}
