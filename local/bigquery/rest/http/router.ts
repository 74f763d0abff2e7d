import type { IncomingMessage, ServerResponse } from 'node:http';
import { BigQueryError } from '../../errors.ts';
import { asObject, type Json, type JsonObject } from './json.ts';

export interface Call {
  message: IncomingMessage;
  /** The values of the path's `:name` segments. */
  path: Readonly<Record<string, string>>;
  query: URLSearchParams;
  /** Reads the whole body as JSON; an empty body is `{}`. Throws parseError. */
  json(): Promise<JsonObject>;
  /** Reads the whole body. */
  text(): Promise<string>;
}

export interface Reply {
  status?: number;
  headers?: Record<string, string>;
  /** Written as JSON. Without it the response has no body. */
  body?: object;
}

export type Handler = (call: Call) => Promise<Reply> | Reply;

interface Route {
  method: string;
  pattern: RegExp;
  handler: Handler;
}

/** The limit of a request body, except for uploads, which are streamed. */
const MAX_JSON_BYTES = 32 * 1024 * 1024;

/** Passes requests to the handlers of their routes. `:name` in a route matches one segment of the path. */
export class Router {
  readonly #routes: Route[] = [];

  on(method: string, path: string, handler: Handler): void {
    const pattern = path.replace(/:(\w+)/g, '(?<$1>[^/]+)');
    this.#routes.push({ method, pattern: new RegExp(`^${pattern}/?$`), handler });
  }

  async handle(message: IncomingMessage, response: ServerResponse): Promise<void> {
    await send(response, await this.reply(message));
    // The rest of the body must be read, or the connection cannot be reused.
    message.resume();
  }

  /** Handles a request. Errors become replies. */
  async reply(message: IncomingMessage): Promise<Reply> {
    try {
      return await this.#call(message);
    } catch (cause) {
      const error = asBigQueryError(cause);
      if (error.reason === 'internalError') console.error('bigquery:', cause);
      return { status: error.status, body: errorBody(error) };
    }
  }

  async #call(message: IncomingMessage): Promise<Reply> {
    const url = new URL(message.url ?? '/', 'http://localhost');
    const path = url.pathname.replace(/^\/bigquery\/v2(?=\/)/, '');
    const method = String(message.headers['x-http-method-override'] ?? message.method);
    for (const route of this.#routes) {
      const match = route.method === method ? route.pattern.exec(path) : null;
      if (match === null) continue;
      return route.handler({
        message,
        path: decodeSegments(match.groups ?? {}),
        query: url.searchParams,
        json: async () => parseJson(await readText(message)),
        text: () => readText(message),
      });
    }
    throw new BigQueryError('notFound', `Not found: ${method} ${url.pathname}`);
  }
}

function decodeSegments(groups: Record<string, string>): Record<string, string> {
  try {
    return Object.fromEntries(
      Object.entries(groups).map(([name, segment]) => [name, decodeURIComponent(segment)]),
    );
  } catch (cause) {
    throw new BigQueryError('invalid', 'The path is not valid percent-encoding', { cause });
  }
}

async function readText(message: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of message as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_JSON_BYTES) throw new BigQueryError('invalid', 'Request payload is too large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

export function parseJson(text: string): JsonObject {
  if (text.trim() === '') return {};
  try {
    return asObject(JSON.parse(text) as Json);
  } catch (cause) {
    throw new BigQueryError('parseError', 'Parse Error', { cause });
  }
}

function asBigQueryError(cause: unknown): BigQueryError {
  if (cause instanceof BigQueryError) return cause;
  const message = cause instanceof Error ? cause.message : String(cause);
  return new BigQueryError('internalError', message, { cause });
}

const STATUS_NAMES: Readonly<Record<number, string>> = {
  400: 'INVALID_ARGUMENT',
  404: 'NOT_FOUND',
  409: 'ALREADY_EXISTS',
  412: 'FAILED_PRECONDITION',
  501: 'UNIMPLEMENTED',
};

function errorBody(error: BigQueryError): object {
  const { location, reason, message } = error.toProto();
  const place = location === undefined ? {} : { location, locationType: 'parameter' };
  return {
    error: {
      code: error.status,
      message,
      errors: [{ message, domain: 'global', reason, ...place }],
      status: STATUS_NAMES[error.status] ?? 'INTERNAL',
    },
  };
}

export async function send(response: ServerResponse, reply: Reply): Promise<void> {
  const text = reply.body === undefined ? '' : JSON.stringify(reply.body);
  response.writeHead(reply.status ?? (reply.body === undefined ? 204 : 200), {
    ...(reply.body === undefined ? {} : { 'content-type': 'application/json; charset=UTF-8' }),
    'content-length': Buffer.byteLength(text),
    ...reply.headers,
  });
  await new Promise<void>((resolve) => response.end(text, resolve));
}
