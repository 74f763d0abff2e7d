// REST over HTTP/1.1, for the Worker and for curl.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Faults } from '../../faults/faults.ts';
import { answerFaults } from '../../faults/faults-endpoint.ts';
import { type AllowedHosts, guardRequests } from '../../guards/request-guard.ts';
import {
  asPubsubError,
  ConnectionCut,
  invalid,
  type PubsubError,
  unimplemented,
} from '../errors.ts';
import type { Api } from '../methods/method.ts';
import { CERTS_PATH } from '../push/push-tokens.ts';
import { MAX_REQUEST_BYTES } from '../request-limits.ts';
import { fromJson, toJson } from './proto-json.ts';
import { findRoute, type Route } from './rest-routes.ts';

const KEEP_ALIVE_MS = 10 * 60_000;

/** An HTTP server that does not listen: shared-port.ts passes connections to it. */
export function createRestServer(
  api: Api,
  {
    faults,
    allowHosts,
    certs,
  }: {
    faults?: Faults | undefined;
    allowHosts?: AllowedHosts | undefined;
    /** The public keys of the tokens in pushes. */
    certs: () => Promise<object>;
  },
): Server {
  const listener = (request: IncomingMessage, response: ServerResponse) => {
    const answered = async () => {
      if (faults && (await answerFaults(faults, request, response))) return;
      if (request.url === CERTS_PATH) send(response, 200, await certs());
      else await answer(api, request, response);
    };
    answered().catch((error) => refuse(request, response, asPubsubError(error)));
  };
  const server = createServer(guardRequests(listener, allowHosts));
  // Node's default of 5 s would close connections that clients want to reuse.
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  return server;
}

async function answer(api: Api, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { path, query } = splitUrl(request.url ?? '/');
  const { route, value } = findRoute(request.method ?? 'GET', path);
  const method = api[route.service]?.[route.method];
  if (!method) throw unimplemented(`${route.service}.${route.method}`);
  const body = await readBody(request);
  const json = readRequest(route, body, query);
  const onCancelled = (listener: () => void) =>
    void response.once('close', () => response.writableFinished || listener());
  const message = fromJson(route.requestType, withVariable(json, route, value));
  const result = await method(message as never, { bytes: body.length, onCancelled });
  const decoded = Buffer.isBuffer(result) ? route.responseType.decode(result) : result;
  send(response, 200, toJson(route.responseType, decoded));
}

function splitUrl(url: string): { path: string; query: string } {
  const mark = url.indexOf('?');
  const path = mark < 0 ? url : url.slice(0, mark);
  const query = mark < 0 ? '' : url.slice(mark + 1);
  if (!path.includes('%')) return { path, query };
  try {
    return { path: decodeURIComponent(path), query };
  } catch {
    throw invalid(`The path is not well-formed: ${path}`);
  }
}

/** Counts the bytes while it reads, because a declared length may be wrong. */
async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_REQUEST_BYTES) {
      throw invalid(`Request payload size exceeds the limit: ${MAX_REQUEST_BYTES} bytes.`);
    }
    chunks.push(chunk);
  }
  return chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks);
}

function readRequest({ bodyField }: Route, body: Buffer, query: string): unknown {
  const parameters = Object.fromEntries(new URLSearchParams(query));
  if (bodyField !== undefined)
    return { ...parameters, [bodyField]: body.length > 0 ? parseJson(body) : {} };
  return body.length > 0 ? parseJson(body) : parameters;
}

function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString());
  } catch (error) {
    throw invalid(
      `Invalid JSON payload received. ${error instanceof Error ? error.message : error}`,
    );
  }
}

/** With `body: "*"`, the path's variable overrides the body. */
function withVariable(json: unknown, { variable }: Route, value: string): unknown {
  if (typeof json !== 'object' || json === null) return json;
  const [outer = '', inner] = variable;
  if (inner === undefined) return { ...json, [outer]: value };
  const given = (json as Record<string, unknown>)[outer] ?? {};
  return { ...json, [outer]: typeof given === 'object' ? { ...given, [inner]: value } : given };
}

function send(response: ServerResponse, status: number, json: object): void {
  const body = Buffer.from(JSON.stringify(json));
  response.writeHead(status, {
    'content-type': 'application/json; charset=UTF-8',
    'content-length': body.length,
  });
  response.end(body);
}

function refuse(request: IncomingMessage, response: ServerResponse, error: PubsubError): void {
  if (response.headersSent) return;
  if (error instanceof ConnectionCut) return void response.destroy();
  // The rest of the request is not read, so the connection cannot be reused.
  if (!request.complete) response.setHeader('connection', 'close');
  send(response, error.httpStatus, error.body);
}
