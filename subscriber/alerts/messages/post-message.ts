import type { AlertFormat } from '../../../shared/config/alert-options.ts';
import { version } from '../../service/version.ts';
import { bodies } from './bodies.ts';
import type { AlertMessage } from './message.ts';

/** What a receiver answered. */
export interface Answer {
  isTaken: boolean;
  /** For people: `200`, `500`, `no answer within 10 s`. Holds no part of the URL. */
  text: string;
  /** The beginning of the body of an answer that is no success, without the URL; only for who asked for it. */
  body?: string;
  /** When the receiver wants the next try. */
  retryAfterMs?: number;
}

export interface PostOptions {
  url: string;
  format: AlertFormat;
  timeoutMs?: number;
  signal?: AbortSignal;
}

const defaultTimeoutMs = 10_000;
const maxRedirects = 3;
const maxBodyBytes = 2000;
const maxShownLength = 120;
/** A receiver that wants more is asked all the same. */
const maxRetryAfterMs = 3_600_000;

/** Posts one message once. Never rejects. */
export async function postMessage(message: AlertMessage, options: PostOptions): Promise<Answer> {
  const { url, format, timeoutMs = defaultTimeoutMs, signal } = options;
  const body = JSON.stringify(bodies[format](message));
  const timeout = AbortSignal.timeout(timeoutMs);
  const ended = signal ? AbortSignal.any([signal, timeout]) : timeout;
  try {
    return await post(new URL(url.trim()), body, ended);
  } catch (error) {
    const text = timeout.aborted ? `no answer within ${timeoutMs / 1000} s` : causeOf(error);
    return { isTaken: false, text };
  }
}

/** A redirect is followed only within the host: the message, and a secret in the path, are for nobody else. */
async function post(first: URL, body: string, signal: AbortSignal): Promise<Answer> {
  for (let url = first, redirects = 0; ; redirects++) {
    const response = await fetch(url.href, {
      method: 'POST',
      redirect: 'manual',
      headers: { 'content-type': 'application/json', 'user-agent': `tributary/${version}` },
      body,
      signal,
    });
    const { status, headers, ok } = response;
    const isRedirect = status === 307 || status === 308;
    if (!isRedirect) {
      const text = await readBeginning(response);
      const retryAfterMs = readRetryAfter(headers.get('retry-after'));
      return {
        isTaken: ok,
        text: status >= 300 && status < 400 ? `${status}: a redirect` : String(status),
        ...(!ok && text !== '' && { body: withoutUrl(text, first) }),
        ...(retryAfterMs !== undefined && { retryAfterMs }),
      };
    }
    await response.body?.cancel();
    const next = URL.parse(headers.get('location') ?? '', url.href);
    if (next?.origin !== first.origin || redirects >= maxRedirects) {
      const where = next?.origin === first.origin ? 'too many of them' : 'to another host';
      return { isTaken: false, text: `${status}: a redirect ${where}, which is not followed` };
    }
    url = next;
  }
}

/** An answer may never end. */
async function readBeginning(response: Response): Promise<string> {
  const reader = response.body?.getReader();
  const decoder = new TextDecoder();
  let text = '';
  try {
    while (reader && text.length < maxBodyBytes) {
      const { done, value } = await reader.read();
      if (done) break;
      text += decoder.decode(value, { stream: true });
    }
    await reader?.cancel();
  } catch {
    // The status has said it all.
  }
  return text.slice(0, maxBodyBytes).split('\n', 1)[0]?.trim() ?? '';
}

function withoutUrl(text: string, url: URL): string {
  const parts = [url.href, ...url.pathname.split('/'), ...url.searchParams.values()];
  const secret = parts.filter((part) => part.length >= 6).sort((a, b) => b.length - a.length);
  return secret.reduce((rest, part) => rest.replaceAll(part, '…'), text).slice(0, maxShownLength);
}

function readRetryAfter(text: string | null): number | undefined {
  if (text === null) return undefined;
  const ms = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - Date.now();
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(0, ms), maxRetryAfterMs);
}

/** `fetch failed` says nothing; its cause names a code. Texts may hold the host, so only codes are taken. */
function causeOf(error: unknown): string {
  const { cause, name } = error as Error & { cause?: { code?: unknown } };
  const code = cause?.code;
  return typeof code === 'string' ? `not reached (${code})` : `not reached (${name})`;
}
