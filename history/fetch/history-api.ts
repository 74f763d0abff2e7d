import { setTimeout as sleep } from 'node:timers/promises';
import type { RelayStream } from '../../shared/config/config.ts';
import { secretPrefix } from '../../shared/config/secrets.ts';
import { type ErrorCode, RelayError } from '../../shared/errors.ts';
import { backoffMs } from '../../subscriber/bigquery/append/backoff.ts';
import { causeOf } from '../../subscriber/exports/export-failure.ts';
import { readApiAccess } from '../../subscriber/exports/fetch/api-credentials.ts';
import { Silence } from '../../subscriber/exports/fetch/idle-timeout.ts';
import type { TimeWindow } from '../time-window.ts';

/** A sender's export of history, and the key to it. */
export interface HistorySource {
  /** Without a query. */
  url: URL;
  header: { name: string; value: string };
  /** The longest silence, in milliseconds: until the answer begins, and between two pieces of it. */
  timeoutMs: number;
  /** How long a sender that is busy or away is asked again. */
  patienceMs: number;
  random: () => number;
  /** Hears why it is asked again, and when. */
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
  const access = readApiAccess(environment, configured, problems);
  if (!access) throw new RelayError('environment.invalid', problems.join('\n'));
  const path = history?.path ?? '/api/v1/events/export/';
  const [name = '', ...value] = (history?.header ?? 'Authorization: Api-Key {key}').split(':');
  return {
    url: new URL(access.url.replace(/\/+$/, '') + path),
    header: {
      name,
      value: value
        .join(':')
        .trim()
        .replace('{key}', () => access.key),
    },
    timeoutMs: 300_000,
    patienceMs: 600_000,
    random: Math.random,
    onWait,
  };
}

/**
 * The sender's events of a window, as bytes of JSONL. A sender that is busy is asked again; an answer that
 * breaks off is the caller's to ask for anew.
 *
 * @throws RelayError `history.unauthorized`, `history.not-found`, `history.redirect`, `history.refused`,
 *   `history.no-jsonl`, `history.unavailable`
 */
export async function* readHistory(
  source: HistorySource,
  window: TimeWindow,
  signal?: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const url = new URL(source.url);
  url.searchParams.set('from', new Date(window.from).toISOString());
  url.searchParams.set('to', new Date(window.to).toISOString());
  const { response, silence } = await request(url, source, signal);
  try {
    yield* pieces(response, silence);
  } finally {
    silence.end();
  }
}

interface Answer {
  response: Response;
  /** Ends the request when nothing comes any more. */
  silence: Silence;
}

/** Asks until there is an answer that no further asking would change. */
async function request(
  url: URL,
  source: HistorySource,
  signal: AbortSignal | undefined,
): Promise<Answer> {
  const begun = Date.now();
  for (let tries = 0; ; tries++) {
    const silence = new Silence(source.timeoutMs, signal);
    const answer = await ask(url, source, silence);
    if (answer instanceof Response) return { response: answer, silence };
    const { problem, retryAfterMs } = answer;
    const waitMs = retryAfterMs ?? backoffMs('throttled', tries, source.random);
    if (signal?.aborted || Date.now() - begun + waitMs > source.patienceMs) {
      throw new RelayError('history.unavailable', problem);
    }
    source.onWait?.(problem, waitMs);
    await sleep(waitMs, undefined, signal && { signal }).catch(() => {});
  }
}

interface Later {
  problem: string;
  retryAfterMs?: number;
}

async function ask(
  url: URL,
  { header }: HistorySource,
  silence: Silence,
): Promise<Response | Later> {
  let response: Response;
  silence.heard();
  try {
    response = await fetch(url, {
      // A redirect is not followed: it would take the key elsewhere.
      redirect: 'manual',
      signal: silence.signal,
      headers: {
        [header.name]: header.value,
        Accept: 'application/x-ndjson, */*',
        // Of a gzip that breaks off fetch takes what it has for all.
        'Accept-Encoding': 'identity',
      },
    });
  } catch (error) {
    return { problem: `${url.origin} does not answer: ${explain(error, silence)}` };
  } finally {
    silence.pause();
  }
  const { status } = response;
  const isPage = /^text\/html\b/i.test(response.headers.get('content-type') ?? '');
  // 204: no events.
  if ((status === 200 && !isPage) || status === 204) return response;
  await response.body?.cancel().catch(() => {});
  if (status === 408 || status === 425 || status === 429 || status >= 500) {
    const after = retryAfter(response.headers.get('retry-after'));
    return { problem: `${url.origin} answers ${status}`, ...after };
  }
  throw refusal(status, url, response);
}

/** https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3, in seconds or as a date. */
function retryAfter(header: string | null): { retryAfterMs?: number } {
  if (header === null) return {};
  const waitMs = /^\d{1,6}$/.test(header) ? Number(header) * 1000 : Date.parse(header) - Date.now();
  return Number.isNaN(waitMs) ? {} : { retryAfterMs: Math.max(0, waitMs) };
}

function refusal(status: number, { origin, pathname }: URL, response: Response): RelayError {
  const refuse = (code: ErrorCode, reason: string) =>
    new RelayError(code, `${origin}${pathname}: ${reason}`);
  if (status === 401 || status === 403) {
    return refuse(
      'history.unauthorized',
      `${status}: the API key is wrong, or may not read the export`,
    );
  }
  if (status === 404 || status === 410) {
    return refuse(
      'history.not-found',
      `${status}: check history.url and history.path of the stream`,
    );
  }
  if (status >= 300 && status < 400) {
    const location = response.headers.get('location') ?? '';
    // Without the path: it may hold a signature.
    const to = URL.canParse(location, origin) ? ` to ${new URL(location, origin).origin}` : '';
    return refuse(
      'history.redirect',
      `${status}: a redirect${to} is not followed, it would take the key`,
    );
  }
  if (status === 200) return refuse('history.no-jsonl', 'a page of HTML, and no events');
  return refuse('history.refused', `${status}`);
}

async function* pieces(response: Response, silence: Silence): AsyncGenerator<Uint8Array> {
  const reader = response.body?.getReader();
  if (!reader) return;
  try {
    for (;;) {
      silence.heard();
      const { done, value } = await reader.read();
      silence.pause();
      if (done) return;
      yield value;
    }
  } catch (error) {
    // What the consumer throws does not come here: it ends the loop at the yield.
    const problem = `the answer broke off: ${explain(error, silence)}`;
    throw new RelayError('history.broken', problem, { cause: error });
  } finally {
    // Frees the connection when the loop was left early; after the end it does nothing.
    await reader.cancel().catch(() => {});
  }
}

function explain(error: unknown, silence: Silence): string {
  return silence.signal.aborted ? silence.explain(error) : causeOf(error);
}
