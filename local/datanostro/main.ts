import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { listenOnLoopback } from '../guards/loopback.ts';
import { type AllowedHosts, guardRequests } from '../guards/request-guard.ts';
import { datanostroEvent } from '../samples/drafts.ts';

export interface DatanostroOptions {
  /** 0 selects any free port. */
  port: number;
  /** The keys that `Authorization: Api-Key …` may have. */
  apiKeys: readonly string[];
  /** The events of a time window, one line of JSON each. By default two sample events a minute. */
  history?: (from: number, to: number) => Iterable<string>;
  allowHosts?: AllowedHosts;
}

export interface Datanostro {
  readonly port: number;
  stop(): Promise<void>;
}

const exportPath = '/api/v1/events/export/';

/**
 * A stand-in for DataNostro's API for exports of history. It listens on 127.0.0.1 and streams the events, so
 * memory stays small.
 *
 * @throws RelayError `port.taken`
 */
export async function startDatanostro(options: DatanostroOptions): Promise<Datanostro> {
  const listener = (request: IncomingMessage, response: ServerResponse) => {
    answer(request, response, options).catch(() => response.destroy());
  };
  const server = createServer(guardRequests(listener, options.allowHosts));
  return await listenOnLoopback(server, options.port);
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  { apiKeys, history = sampleHistory }: DatanostroOptions,
): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://127.0.0.1');
  if (url.pathname !== exportPath) return refuse(response, 404, 'Not found.');
  const { authorization } = request.headers;
  if (!apiKeys.some((key) => authorization === `Api-Key ${key}`)) {
    return refuse(response, 401, 'Invalid API key.');
  }
  if (request.method !== 'GET') return refuse(response, 405, 'Method not allowed.');
  const [from, to] = ['from', 'to'].map((name) => Date.parse(url.searchParams.get(name) ?? ''));
  if (!isTime(from) || !isTime(to)) return refuse(response, 400, 'from and to must be ISO 8601.');
  response.writeHead(200, { 'Content-Type': 'application/x-ndjson' });
  await pipeline(Readable.from(inChunks(history(from, to))), response);
}

function isTime(time: number | undefined): time is number {
  return time !== undefined && !Number.isNaN(time);
}

const chunkChars = 64 * 1024;

function* inChunks(lines: Iterable<string>): Generator<string> {
  let chunk = '';
  for (const line of lines) {
    chunk += `${line}\n`;
    if (chunk.length < chunkChars) continue;
    yield chunk;
    chunk = '';
  }
  if (chunk !== '') yield chunk;
}

function refuse(response: ServerResponse, status: number, detail: string): void {
  response.writeHead(status, { 'Content-Type': 'application/json' });
  response.end(JSON.stringify({ detail }));
}

const sampleStepMs = 30_000;
const sampleNames = ['page_view', 'view_item', 'add_to_cart', 'begin_checkout', 'purchase'];

/** Two events a minute. The same window (Unix milliseconds, without `to`) always gives the same events. */
function* sampleHistory(from: number, to: number): Generator<string> {
  for (let n = Math.ceil(from / sampleStepMs); n * sampleStepMs < to; n++) {
    yield datanostroEvent(n, sampleNames[n % sampleNames.length] ?? '', n * sampleStepMs).body;
  }
}
