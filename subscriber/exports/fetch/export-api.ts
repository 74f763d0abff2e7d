import type { IncomingMessage } from 'node:http';
import { RelayError } from '../../../shared/errors.ts';
import { exchange } from './http-request.ts';
import type { Silence } from './idle-timeout.ts';

export interface ExportApi {
  /** The configured API, with or without a path: `https://your-subdomain.absmartly.com`. */
  url: string;
  key: string;
  /** The longest silence, in milliseconds: until the answer begins, and between two pieces of it. */
  timeoutMs: number;
}

/** What is asked for, as a reason calls it, and why it may not be there. */
export interface Asked {
  /** `download`, `experiment 42`. */
  what: string;
  /** What the key may not read. */
  readable: string;
  absent: string;
}

/**
 * Asks the API, with the key.
 *
 * @param url below the API: see export-url.ts
 * @throws RelayError `export.*`, by the vendor's troubleshooting table
 */
export async function requestApi(
  url: URL,
  key: string,
  asked: Asked,
  silence: Silence,
): Promise<IncomingMessage> {
  const response = await send(url, key, asked.what, silence);
  const { statusCode = 0 } = response;
  if (statusCode === 200) return response;
  response.destroy();
  throw refusal(statusCode, target(response, url), asked);
}

async function send(
  url: URL,
  key: string,
  what: string,
  silence: Silence,
): Promise<IncomingMessage> {
  silence.heard();
  try {
    const headers = { Authorization: `Api-Key ${key}`, 'Accept-Encoding': 'identity' };
    return await exchange(url, { method: 'GET', headers }, silence.signal);
  } catch (error) {
    throw new RelayError('export.network', `the ${what} failed: ${silence.explain(error)}`, {
      cause: error,
    });
  }
}

function refusal(status: number, target: string, { what, readable, absent }: Asked): Error {
  if (status === 401 || status === 403) {
    return new RelayError(
      'export.unauthorized',
      `${status} on ${what}: the API key is incorrect or missing, or may not read ${readable}`,
    );
  }
  if (status === 404 || status === 410) {
    return new RelayError('export.not-found', `${status} on ${what}: ${absent}`);
  }
  if (status >= 300 && status < 400) {
    return new RelayError(
      'export.redirect',
      `${status} on ${what}: a redirect${target} is not followed`,
    );
  }
  return isPassing(status)
    ? new RelayError('export.unavailable', `${status} on ${what}`)
    : new RelayError('export.status', `${status} on ${what}`);
}

/** Will the same request perhaps succeed later? */
export function isPassing(status: number): boolean {
  return status === 408 || status === 425 || status === 429 || status >= 500;
}

/** Where a redirect leads, without the path: it may hold a signature. */
function target({ headers }: IncomingMessage, from: URL): string {
  const { location = '' } = headers;
  return URL.canParse(location, from.href) ? ` to ${new URL(location, from).origin}` : '';
}
