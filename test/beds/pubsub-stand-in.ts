import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { edgeReportStream } from '../../shared/report/edge-report.ts';
import type { Fault, Try } from './pubsub-stand-in-script.ts';

export interface PubsubStandIn {
  url: string;
  close(): Promise<void>;
}

/**
 * What stands in for Pub/Sub's REST publish where the edge is tested alone: it records what it is
 * sent, and it fails as it is told. Google's server can't be told to.
 *
 * Each test has a topic of its own. The tests run inside workerd, so they speak HTTP to it:
 * `PUT /script/<topic>` takes a list of faults, one for each try to come, and `GET /tries/<topic>`
 * gives the tries so far.
 */
export async function startPubsubStandIn({
  hidesReports = false,
}: {
  /** Takes the edge's own reports, which come at any time, without a fault and without a record. */
  hidesReports?: boolean;
} = {}): Promise<PubsubStandIn> {
  const scripts = new Map<string, Fault[]>();
  const tries = new Map<string, Try[]>();
  const sockets = new Set<Socket>();

  const server = createServer(async (request, response) => {
    const [, kind = '', topic = ''] = (request.url ?? '').split('/');
    if (kind === 'script') {
      scripts.set(topic, JSON.parse((await read(request)) || '[]') as Fault[]);
      response.end();
    } else if (kind === 'tries') {
      response.end(JSON.stringify(tries.get(topic) ?? []));
    } else {
      // An edge that breaks off in mid-body has made no try.
      await takeTry(request, response, scripts, tries, hidesReports).catch(() =>
        response.destroy(),
      );
    }
  });
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function takeTry(
  request: IncomingMessage,
  response: ServerResponse,
  scripts: Map<string, Fault[]>,
  tries: Map<string, Try[]>,
  hidesReports: boolean,
): Promise<void> {
  const path = request.url ?? '';
  const topic = /\/topics\/([^:]+):publish$/.exec(path)?.[1] ?? '';
  const made: Try = {
    path,
    authorization: request.headers.authorization ?? '',
    request: JSON.parse(await read(request)) as Try['request'],
    stored: false,
    abandoned: false,
  };
  const [first] = made.request.messages;
  if (hidesReports && first?.attributes['stream'] === edgeReportStream) {
    answer(response, undefined, made, 'report');
    return;
  }
  const fault = scripts.get(topic)?.shift();
  const list = tries.get(topic) ?? [];
  tries.set(topic, [...list, made]);
  response.on('close', () => {
    made.abandoned = !response.writableFinished && fault !== 'lose-ack';
  });
  answer(response, fault, made, String(list.length + 1));
}

function answer(
  response: ServerResponse,
  fault: Fault | undefined,
  made: Try,
  messageId: string,
): void {
  const acknowledge = () => {
    made.stored = true;
    response.setHeader('content-type', 'application/json');
    const messageIds = made.request.messages.map((_, at) => `${messageId}-${at}`);
    response.end(JSON.stringify({ messageIds }));
  };
  if (fault === undefined) acknowledge();
  else if (fault === 'lose-ack') {
    made.stored = true;
    response.destroy();
  } else if (fault === 'hang-in-body') {
    response.setHeader('content-type', 'application/json');
    response.write('{"messageIds":');
  } else if (fault === 'hang') return;
  else if ('afterMs' in fault) setTimeout(acknowledge, fault.afterMs);
  else if ('body' in fault) response.end(fault.body);
  else {
    if (fault.status >= 300 && fault.status < 400) response.setHeader('location', '/elsewhere');
    response.statusCode = fault.status;
    response.end('{"error":{}}');
  }
}

async function read(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}
