import { withTimeout } from '../timeout.ts';

/** One request to Pub/Sub's REST publish. `url` is the topic's `…:publish`. */
export interface PublishRequest {
  url: string;
  token: string;
  timeoutMs: number;
}

export type Attempt = { stored: true } | Failure;

/** `retry`: a later attempt may succeed. `problem` is set if only a person can repair it. */
export type Failure = { stored: false; cause: string; retry: boolean; problem?: string };

/** Publishes these messages in one request, once. Never rejects. */
export async function attempt(
  messages: readonly string[],
  { url, token, timeoutMs }: PublishRequest,
): Promise<Attempt> {
  const deadline = new AbortController();
  // AbortSignal.timeout() can't be cleared: its timer would outlive every fast request.
  const timer = setTimeout(() => deadline.abort(), timeoutMs);
  try {
    const response = await fetch(url, {
      method: 'POST',
      // A redirect would carry the token to a host that nobody configured.
      redirect: 'manual',
      signal: deadline.signal,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: `{"messages":[${messages.join(',')}]}`,
    });
    if (response.status === 200) return acknowledgement(await response.text(), messages.length);
    // An unread body occupies one of the six connections that a delivery may have open.
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

/** Statuses that a person must repair: no retry changes them. */
const problems: Record<number, string> = {
  401: 'Pub/Sub does not accept the token that GOOGLE_SERVICE_ACCOUNT signs',
  403: 'the service account may not publish to the topic',
  404: 'the topic, its project or PUBSUB_ENDPOINT does not exist',
};

/** https://cloud.google.com/pubsub/docs/reference/error-codes; 408 and 499 come from proxies. */
const retryable = new Set([408, 409, 429, 499]);

function refusal(status: number): Failure {
  const problem =
    status >= 300 && status < 400 ? 'PUBSUB_ENDPOINT redirects elsewhere' : problems[status];
  return {
    stored: false,
    cause: `pubsub-${status}`,
    retry: status >= 500 || retryable.has(status),
    ...(problem !== undefined && { problem: `configuration: ${problem}` }),
  };
}

/** While this many requests of the isolate are in flight, further messages wait to share the next one. */
const maxInFlight = 2;

/** The longest wait for a shared request, in milliseconds: a request that hangs must not delay other deliveries. */
const maxWaitMs = 50;

/** The length of all messages of a request, in UTF-16 units: a tenth of Pub/Sub's 10 MB. */
const maxBatchLength = 1024 * 1024;

/** A longer message gains little from a shared request, so it goes alone. */
const maxSharedLength = 128 * 1024;

/** Pub/Sub takes 1,000. */
const maxBatchMessages = 100;

const timedOut: Attempt = { stored: false, cause: 'pubsub-timeout', retry: true };

class Waiting {
  readonly message: string;
  readonly timeoutMs: number;
  /** What became of it in the request of another; `send` if it must send a request itself. */
  readonly result: Promise<Attempt | 'send'>;
  resolve: (result: Attempt | 'send') => void = () => {};
  isTaken = false;
  /** It waits no longer: workerd warns of what is resolved for a request that has ended. */
  isOver = false;

  constructor(message: string, timeoutMs: number) {
    this.message = message;
    this.timeoutMs = timeoutMs;
    this.result = new Promise((resolve) => {
      this.resolve = resolve;
    });
  }
}

/**
 * Lets messages that arrive while requests to Pub/Sub are in flight share the next request: the request is most of
 * the cost of a delivery. A delivery relies on others only for time: each waits under its own timer, and a message
 * that a shared request did not store is tried again alone.
 *
 * A request belongs to the delivery that sends it, and ends with it. The others await promises that were made in
 * their own context, where workerd resumes them (`handle_cross_request_promise_resolution`).
 */
export class Batches {
  readonly #attempt: typeof attempt;
  #waiting: Waiting[] = [];
  /** When each request in flight ends at the latest: a delivery that is cut off does not report its end. */
  readonly #inFlight = new Set<{ until: number }>();

  constructor(attemptOnce: typeof attempt = attempt) {
    this.#attempt = attemptOnce;
  }

  /** Publishes a message once, alone or with others. Never rejects. */
  async send(message: string, request: PublishRequest): Promise<Attempt> {
    if (message.length > maxSharedLength) return this.#attempt([message], request);
    if (this.#hasRoom()) return this.#sendBatch(message, request);
    const { timeoutMs } = request;
    const own = new Waiting(message, timeoutMs);
    this.#waiting.push(own);
    let result = await withTimeout(Math.min(maxWaitMs, timeoutMs), own.result);
    if (!result && own.isTaken) result = (await withTimeout(timeoutMs, own.result)) ?? timedOut;
    own.isOver = true;
    if (result && result !== 'send') return result;
    this.#waiting = this.#waiting.filter((one) => one !== own);
    return this.#sendBatch(message, request);
  }

  /** Sends a message together with the waiting ones that fit. */
  async #sendBatch(message: string, request: PublishRequest): Promise<Attempt> {
    const { timeoutMs } = request;
    const others = this.#takeWaiting(message.length, timeoutMs);
    const inFlight = { until: Date.now() + 2 * timeoutMs };
    this.#inFlight.add(inFlight);
    const made = await this.#attempt([message, ...others.map((one) => one.message)], request);
    this.#inFlight.delete(inFlight);
    // Pub/Sub may refuse the whole request because of one message, so each is to be tried alone.
    const result = made.stored || others.length === 0 ? made : { ...made, retry: true };
    for (const one of others) if (!one.isOver) one.resolve(result);
    this.#waiting.shift()?.resolve('send');
    return result;
  }

  /** Leaves messages that have more time than the sender: its timeout would make them fail early. */
  #takeWaiting(length: number, timeoutMs: number): Waiting[] {
    const taken: Waiting[] = [];
    let room = maxBatchLength - length;
    for (const one of this.#waiting) {
      if (one.timeoutMs > timeoutMs) continue;
      room -= one.message.length;
      if (room < 0 || taken.length === maxBatchMessages - 1) break;
      one.isTaken = true;
      taken.push(one);
    }
    this.#waiting = this.#waiting.filter((one) => !one.isTaken);
    return taken;
  }

  #hasRoom(): boolean {
    if (this.#inFlight.size < maxInFlight) return true;
    const now = Date.now();
    for (const request of this.#inFlight) {
      if (request.until < now) this.#inFlight.delete(request);
    }
    return this.#inFlight.size < maxInFlight;
  }
}
