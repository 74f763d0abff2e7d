/** `retry` says whether the same may be right another time; `problem` is set where only a person can mend it. */
export type Failure = { stored: false; cause: string; retry: boolean; problem?: string };
export type Attempt = { stored: true } | Failure;

/** One request of so many messages, and what came back. Never rejects. */
export async function attempt(
  messages: readonly string[],
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
      body: `{"messages":[${messages.join(',')}]}`,
    });
    if (response.status === 200) return acknowledgement(await response.text(), messages.length);
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
