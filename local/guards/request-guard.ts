// Only programs on this machine may call the local servers. The servers need no credentials, so they must
// reject every request of a web page. A page can reach them in two ways. Its browser sends cross-origin
// requests, with Origin or Sec-Fetch-Site and, without a preflight, only a few content types
// (https://fetch.spec.whatwg.org/#cors-safelisted-request-header). Or its host name resolves to 127.0.0.1
// (DNS rebinding), and then Host has that name.

import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';

/** Additional host names, without a port, that a local server accepts. */
export type AllowedHosts = readonly string[];

interface Caller {
  /** The Host header or `:authority`. */
  host: string | undefined;
  origin?: string | undefined;
  fetchSite?: string | undefined;
}

const thisMachine = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/i;
const hostAndPort = /^(\[[^\]]*\]|[^:]*)(?::\d{1,5})?$/;
const maxQuoted = 100;

/** Why a caller is refused and how to fix it; undefined if it is allowed. */
export function refusalOf(caller: Caller, allowed: AllowedHosts = []): string | undefined {
  const { host = '', origin, fetchSite } = caller;
  const name = (hostAndPort.exec(host)?.[1] ?? host).toLowerCase();
  if (!thisMachine.test(name) && !allowed.some((other) => other.toLowerCase() === name)) {
    const quoted = name.slice(0, maxQuoted);
    return `The Host "${quoted}" is not this machine: call this server as 127.0.0.1 or localhost, or start it with --allow-host and the name of yours that stands there.`;
  }
  if (origin !== undefined) {
    return 'The request comes from a web page (it has an Origin): no page may call this server. Programs and curl leave Origin out.';
  }
  // `none`: the user typed the address.
  if (fetchSite !== undefined && fetchSite !== 'none') {
    return `The request comes from a web page (Sec-Fetch-Site: ${fetchSite.slice(0, maxQuoted)}): no page may call this server.`;
  }
  return undefined;
}

const bodyTypes =
  /^(?:application\/(?:json|[\w.-]+\+json|octet-stream|(?:x-)?protobuf)|multipart\/related)[ \t]*(?:;|$)/i;
/** Chunks of an upload have any content type. Browsers never send a PUT without a preflight. */
const uploadPath = /^\/(?:resumable\/)?upload\//;

function bodyProblem({ headers, method, url = '' }: IncomingMessage): string | undefined {
  const hasBody =
    headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
  if (!hasBody || (method === 'PUT' && uploadPath.test(url))) return undefined;
  const type = headers['content-type'] ?? '';
  if (bodyTypes.test(type)) return undefined;
  const named = type === '' ? 'no Content-Type' : `Content-Type "${type.slice(0, maxQuoted)}"`;
  return `A body with ${named} is not taken: send it as application/json (curl: -H 'content-type: application/json').`;
}

/** Wraps a listener. Refused callers get a 403 or 415, and the listener is not called. */
export function guardRequests(
  listener: (request: IncomingMessage, response: ServerResponse) => void,
  allowed?: AllowedHosts,
): RequestListener {
  return (request, response) => {
    const { origin, host } = request.headers;
    const caller = { origin, fetchSite: asText(request.headers['sec-fetch-site']) };
    const refusal =
      refusalOf({ ...caller, host }, allowed) ??
      refusalOf({ ...caller, host: targetHost(request) ?? host }, allowed);
    if (refusal !== undefined) return refuse(request, response, 403, refusal);
    const problem = bodyProblem(request);
    if (problem !== undefined) return refuse(request, response, 415, problem);
    listener(request, response);
  };
}

/** A request target in absolute form overrides Host (RFC 9112, section 3.2.2). */
function targetHost({ url = '/' }: IncomingMessage): string | undefined {
  return url.startsWith('/') ? undefined : URL.parse(url)?.host;
}

function asText(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header.join(', ') : header;
}

const statusNames = { 403: 'PERMISSION_DENIED', 415: 'INVALID_ARGUMENT' } as const;

/** Writes the error in Google's form, without CORS headers, so that a page cannot read it. */
function refuse(
  request: IncomingMessage,
  response: ServerResponse,
  code: keyof typeof statusNames,
  message: string,
): void {
  const errors = [{ message, domain: 'global', reason: code === 403 ? 'forbidden' : 'invalid' }];
  const body = JSON.stringify({ error: { code, message, errors, status: statusNames[code] } });
  response.writeHead(code, {
    'content-type': 'application/json; charset=UTF-8',
    'content-length': Buffer.byteLength(body),
  });
  response.end(body);
  // The rest of the body must be read, or the response may be lost with the connection.
  request.resume();
}
