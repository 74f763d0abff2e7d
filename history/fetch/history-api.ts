import type { RelayStream } from '../../shared/config/config.ts';
import { secretPrefix } from '../../shared/config/secrets.ts';
import { type ErrorCode, RelayError } from '../../shared/errors.ts';
import { readApiCredentials } from '../../subscriber/exports/fetch/api-credentials.ts';
import {
  describeCause,
  describeRedirect,
  isTransientStatus,
} from '../../subscriber/exports/fetch/http-request.ts';
import { IdleTimeout } from '../../subscriber/exports/fetch/idle-timeout.ts';
import { Retry, type RetryPolicy } from '../../subscriber/retry.ts';
import type { TimeWindow } from '../time-window.ts';

/** A sender's export of history, with its API key. */
export interface HistorySource {
  /** Without a query. */
  url: URL;
  header: { name: string; value: string };
  /** In milliseconds, until the response begins and between two chunks of it. */
  idleTimeoutMs: number;
  /** While the sender is busy or not reachable. */
  retryPolicy: RetryPolicy;
  /** Called before each retry. */
  onWait?: ((problem: string, waitMs: number) => void) | undefined;
}

/**
 * @throws RelayError `environment.invalid`, naming everything that is missing
 */
export function readHistorySource(
  environment: NodeJS.ProcessEnv,
  stream: RelayStream,
  onWait?: HistorySource['onWait'],
): HistorySource {
  const { name: streamName, history } = stream;
  const configured = {
    name: streamName,
    url: history?.url,
    keyIsFor: 'the history is fetched with it',
    noUrl: `the stream "${streamName}" has no history.url, and ${secretPrefix(streamName)}_API_URL is not set`,
  };
  const problems: string[] = [];
  const credentials = readApiCredentials(environment, configured, problems);
  if (!credentials) throw new RelayError('environment.invalid', problems.join('\n'));
  const path = history?.path ?? '/api/v1/events/export/';
  const [name = '', ...value] = (history?.header ?? 'Authorization: Api-Key {key}').split(':');
  return {
    url: new URL(credentials.url.replace(/\/+$/, '') + path),
    header: {
      name,
      value: value
        .join(':')
        .trim()
        .replace('{key}', () => credentials.key),
    },
    idleTimeoutMs: 300_000,
    retryPolicy: { maxElapsedMs: 600_000 },
    onWait,
  };
}

/**
 * Fetches the sender's events of a window, as bytes of JSONL or a JSON array. It repeats the request while the
 * sender is busy. If the response breaks off, the caller has to start again.
 *
 * @throws RelayError `history.unauthorized`, `history.not-found`, `history.redirect`, `history.refused`,
 *   `history.no-jsonl`, `history.unavailable`, `history.broken`
 */
export async function* readHistory(
  source: HistorySource,
  window: TimeWindow,
  signal?: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const url = new URL(source.url);
  url.searchParams.set('from', new Date(window.from).toISOString());
  url.searchParams.set('to', new Date(window.to).toISOString());
  const { response, idle } = await request(url, source, signal);
  try {
    yield* chunksOf(response, idle);
  } finally {
    idle.clear();
  }
}

interface HistoryResponse {
  response: Response;
  idle: IdleTimeout;
}

/** Repeats the request until its response is final. */
async function request(
  url: URL,
  source: HistorySource,
  signal: AbortSignal | undefined,
): Promise<HistoryResponse> {
  for (const retry = new Retry(source.retryPolicy, signal); ; ) {
    const idle = new IdleTimeout(source.idleTimeoutMs, signal);
    const response = await send(url, source, idle);
    if (response instanceof Response) return { response, idle };
    const { problem, retryAfterMs } = response;
    const onWait = (waitMs: number) => source.onWait?.(problem, waitMs);
    if (!(await retry.next('throttled', { afterMs: retryAfterMs, onWait }))) {
      throw new RelayError('history.unavailable', problem);
    }
  }
}

interface Unavailable {
  problem: string;
  /** As the sender asks. */
  retryAfterMs?: number;
}

async function send(
  url: URL,
  { header }: HistorySource,
  idle: IdleTimeout,
): Promise<Response | Unavailable> {
  let response: Response;
  idle.restart();
  try {
    response = await fetch(url, {
      // A redirect would take the key elsewhere.
      redirect: 'manual',
      signal: idle.signal,
      headers: {
        [header.name]: header.value,
        Accept: 'application/x-ndjson, */*',
        // If a gzip breaks off, fetch treats what it has as complete.
        'Accept-Encoding': 'identity',
      },
    });
  } catch (error) {
    return { problem: `${url.origin} does not answer: ${explain(error, idle)}` };
  } finally {
    idle.clear();
  }
  const { status } = response;
  const isPage = /^text\/html\b/i.test(response.headers.get('content-type') ?? '');
  // 204: no events.
  if ((status === 200 && !isPage) || status === 204) return response;
  await response.body?.cancel().catch(() => {});
  if (isTransientStatus(status)) {
    const after = retryAfter(response.headers.get('retry-after'));
    return { problem: `${url.origin} answers ${status}`, ...after };
  }
  throw setupError(status, url, response);
}

/** In seconds or as a date: https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3 */
function retryAfter(header: string | null): { retryAfterMs?: number } {
  if (header === null) return {};
  const waitMs = /^\d{1,6}$/.test(header) ? Number(header) * 1000 : Date.parse(header) - Date.now();
  return Number.isNaN(waitMs) ? {} : { retryAfterMs: Math.max(0, waitMs) };
}

function setupError(status: number, url: URL, response: Response): RelayError {
  const { origin, pathname } = url;
  const error = (code: ErrorCode, reason: string) =>
    new RelayError(code, `${origin}${pathname}: ${reason}`);
  if (status === 401 || status === 403) {
    return error(
      'history.unauthorized',
      `${status}: the API key is wrong, or may not read the export`,
    );
  }
  if (status === 404 || status === 410) {
    return error(
      'history.not-found',
      `${status}: check history.url and history.path of the stream`,
    );
  }
  if (status >= 300 && status < 400) {
    const target = describeRedirect(response.headers.get('location'), url);
    return error(
      'history.redirect',
      `${status}: a redirect${target} is not followed, it would take the key`,
    );
  }
  if (status === 200) return error('history.no-jsonl', 'a page of HTML, and no events');
  return error('history.refused', `${status}`);
}

async function* chunksOf(response: Response, idle: IdleTimeout): AsyncGenerator<Uint8Array> {
  const reader = response.body?.getReader();
  if (!reader) return;
  try {
    for (;;) {
      idle.restart();
      const { done, value } = await reader.read();
      idle.clear();
      if (done) return;
      yield value;
    }
  } catch (error) {
    // An error of the consumer does not get here: it ends the generator at the yield.
    const problem = `the response broke off: ${explain(error, idle)}`;
    throw new RelayError('history.broken', problem, { cause: error });
  } finally {
    // Closes the connection if the consumer stopped early. After the end it does nothing.
    await reader.cancel().catch(() => {});
  }
}

function explain(error: unknown, idle: IdleTimeout): string {
  return idle.signal.aborted ? idle.explain(error) : describeCause(error);
}
