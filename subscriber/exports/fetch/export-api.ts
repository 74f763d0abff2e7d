import type { IncomingMessage } from 'node:http';
import { RelayError } from '../../../shared/errors.ts';
import type { ExportOrigin } from './export-origin.ts';
import { describeRedirect, isTransientStatus, sendRequest } from './http-request.ts';
import type { IdleTimeout } from './idle-timeout.ts';

export interface ExportApi {
  /** The configured API, with or without a path: `https://your-subdomain.absmartly.com`. */
  url: string;
  key: string;
  /** In milliseconds, until the response begins and between two chunks of it. */
  idleTimeoutMs: number;
}

/** A request in the words of its errors. */
export interface RequestDescription {
  /** `download`, `experiment 42`. */
  what: string;
  /** What the key must be allowed to read. */
  readable: string;
  /** Why it may be missing, and what to check. */
  absent: string;
}

/** Exports from the sender's API. */
export function apiOrigin(api: ExportApi): ExportOrigin {
  return {
    idleTimeoutMs: api.idleTimeoutMs,
    async open(path, idle) {
      const url = exportUrl(api.url, path);
      const description = {
        what: 'download',
        readable: 'exports',
        absent: `the export file may have expired; check the API URL (${url.origin}) and the download_url`,
      };
      const response = await requestApi(url, api.key, description, idle);
      const declared = response.headers['content-length'];
      return { ...(declared !== undefined && { bytes: Number(declared) }), content: response };
    },
  };
}

/**
 * The key is sent to this URL, so it must be below the configured one, whatever the path contains. The edge
 * has checked the path, but a replayed envelope may come from another version of the edge.
 *
 * @throws RelayError `export.url`
 */
export function exportUrl(apiUrl: string, path: string): URL {
  const base = new URL(apiUrl);
  const folder = base.pathname.replace(/\/+$/, '');
  const url = URL.canParse(`${base.origin}${folder}${path}`)
    ? new URL(`${base.origin}${folder}${path}`)
    : undefined;
  const below =
    url?.origin === base.origin &&
    url.username === '' &&
    url.password === '' &&
    url.pathname.startsWith(`${folder}/`) &&
    path.startsWith('/') &&
    !path.startsWith('//') &&
    !path.includes('\\');
  if (!below)
    throw new RelayError('export.url', 'the download_url leads out of the configured API');
  return url;
}

/**
 * Sends a request with the API key.
 *
 * @param url of exportUrl
 * @throws RelayError `export.*`, by the vendor's troubleshooting table
 */
export async function requestApi(
  url: URL,
  key: string,
  description: RequestDescription,
  idle: IdleTimeout,
): Promise<IncomingMessage> {
  const response = await send(url, key, description.what, idle);
  const { statusCode = 0, headers } = response;
  if (statusCode === 200) return response;
  response.destroy();
  throw failureOf(statusCode, describeRedirect(headers.location, url), description);
}

async function send(
  url: URL,
  key: string,
  what: string,
  idle: IdleTimeout,
): Promise<IncomingMessage> {
  idle.restart();
  try {
    const headers = { Authorization: `Api-Key ${key}`, 'Accept-Encoding': 'identity' };
    return await sendRequest(url, { method: 'GET', headers }, idle.signal);
  } catch (error) {
    throw new RelayError('export.network', `the ${what} failed: ${idle.explain(error)}`, {
      cause: error,
    });
  }
}

function failureOf(
  status: number,
  target: string,
  { what, readable, absent }: RequestDescription,
): Error {
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
  return isTransientStatus(status)
    ? new RelayError('export.unavailable', `${status} on ${what}`)
    : new RelayError('export.status', `${status} on ${what}`);
}
