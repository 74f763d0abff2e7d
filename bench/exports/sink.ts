/**
 * A stand-in for a sender and BigQuery that costs almost nothing: it sends a file, and discards uploads as fast
 * as they come or at a given pace. Its own process keeps its cost out of the measurement:
 * `sink.ts <ZIP> [bytes a second]`.
 */
import { createReadStream, statSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Sent to the parent when the server listens. */
export interface SinkReady {
  port: number;
}

const [zip = '', bytesPerSecond = 'Infinity'] = process.argv.slice(2);
const columns = ['unit_uid', 'event_type', 'event_at', 'variant', 'goal_name', 'properties'];

/** Jobs whose upload has ended. */
const jobs = new Set<string>();
/** Received bytes by session. */
const sessions = new Map<string, number>();

const server = createServer((request, response) => {
  const path = (request.url ?? '').replace(/\?.*$/, '');
  if (path.endsWith('.zip')) sendZip(response);
  else if (request.method === 'PUT') takeChunk(path, request, response);
  else if (request.method === 'POST') void openSession(request, response);
  else tell(path, response);
});

function sendZip(response: ServerResponse): void {
  response.writeHead(200, { 'Content-Length': statSync(zip).size });
  createReadStream(zip, { highWaterMark: 256 * 1024 }).pipe(response);
}

/** Also takes a whole file in one request, without a `Content-Range`. */
function takeChunk(path: string, request: IncomingMessage, response: ServerResponse): void {
  let taken = sessions.get(path) ?? 0;
  request.on('data', (chunk: Buffer) => {
    taken += chunk.length;
    keepPace(request, chunk.length);
  });
  request.on('end', () => {
    sessions.set(path, taken);
    const total = /\/(\d+|\*)$/.exec(request.headers['content-range'] ?? '')?.[1];
    if (total === '*' || (total !== undefined && taken < Number(total))) {
      return response.writeHead(308, { Range: `bytes=0-${taken - 1}` }).end();
    }
    jobs.add(path.split('/').pop() ?? '');
    return response.end('{}');
  });
}

/** When the bytes received so far are due at the given pace. */
let paidAt = 0;

function keepPace(request: IncomingMessage, bytes: number): void {
  const now = performance.now();
  paidAt = Math.max(paidAt, now) + (bytes / Number(bytesPerSecond)) * 1000;
  if (paidAt - now < 5) return;
  request.pause();
  setTimeout(() => request.resume(), paidAt - now);
}

async function openSession(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const body: Buffer[] = [];
  for await (const chunk of request) body.push(chunk);
  const { jobReference } = JSON.parse(Buffer.concat(body).toString()) as {
    jobReference: { jobId: string };
  };
  const location = `http://${request.headers.host}/sessions/${jobReference.jobId}`;
  response.writeHead(200, { Location: location }).end();
}

function tell(path: string, response: ServerResponse): void {
  const [, kind, id = ''] = /\/(jobs|tables|datasets)\/([^/]+)$/.exec(path) ?? [];
  if (kind === 'jobs' && !jobs.has(id)) {
    answer(response, 404, { error: { code: 404 } });
    return;
  }
  const fields = columns.map((name) => ({ name, type: 'STRING' }));
  answer(response, 200, {
    location: 'EU',
    schema: { fields },
    status: { state: 'DONE' },
    statistics: { load: { outputRows: '1' } },
  });
}

function answer(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));
}

server.listen(0, '127.0.0.1', () => {
  const ready: SinkReady = { port: (server.address() as AddressInfo).port };
  process.send?.(ready);
});
process.once('disconnect', () => process.exit());
