// Who may call the local servers: programs of this machine. They ask for no credentials, so what a web page
// sends must never be carried out. A page can reach them in two ways: its browser sends requests across
// origins, which it marks with Origin or Sec-Fetch-Site and, without asking first, only with few content types
// (https://fetch.spec.whatwg.org/#cors-safelisted-request-header); or its host name is made to resolve to
// 127.0.0.1 (DNS rebinding), and then the name stands in Host.

import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';

/** Other names than this machine's that a local server may be called by, without a port. */
export type AllowedHosts = readonly string[];

interface Caller {
  /** Of the Host header, or `:authority`. */
  host: string | undefined;
  origin?: string | undefined;
  fetchSite?: string | undefined;
}

const thisMachine = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/i;
const hostAndPort = /^(\[[^\]]*\]|[^:]*)(?::\d{1,5})?$/;
const maxQuoted = 100;

/** Why a caller is refused, and what mends it; undefined where it is not. */
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
  // `none`: somebody has typed the address.
  if (fetchSite !== undefined && fetchSite !== 'none') {
    return `The request comes from a web page (Sec-Fetch-Site: ${fetchSite.slice(0, maxQuoted)}): no page may call this server.`;
  }
  return undefined;
}

const bodyTypes =
  /^(?:application\/(?:json|[\w.-]+\+json|octet-stream|(?:x-)?protobuf)|multipart\/related)[ \t]*(?:;|$)/i;
/** Its chunks have the file's own type, or none; no page may send a PUT without asking first. */
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

/** The listener, for callers that may call; the others get a 403 or a 415, and nothing is done. */
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

/** A target in absolute form overrides Host (RFC 9112, section 3.2.2). */
function targetHost({ url = '/' }: IncomingMessage): string | undefined {
  return url.startsWith('/') ? undefined : URL.parse(url)?.host;
}

function asText(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header.join(', ') : header;
}

const statusNames = { 403: 'PERMISSION_DENIED', 415: 'INVALID_ARGUMENT' } as const;

/** As Google's clients read errors. No header that would give a page leave: it can't even read this. */
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
  // What is left of the body must be read, or the answer may be lost with the connection.
  request.resume();
}
