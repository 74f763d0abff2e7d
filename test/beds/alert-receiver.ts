import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import type { AlertMessage } from '../../subscriber/alerts/messages/message.ts';

interface ReceivedPost {
  path: string;
  headers: IncomingMessage['headers'];
  body: string;
}

type Answerer = (response: ServerResponse, post: ReceivedPost) => void;

/** A receiver of alerts: a real HTTP server that answers as the test says. */
export interface AlertReceiverBed {
  /** With a secret in its path. */
  url: string;
  posts: ReceivedPost[];
  /** The bodies, read as messages of the generic format. */
  messages(): AlertMessage[];
  /** From now on. It may leave the response open. */
  answer(how: number | Answerer): void;
}

export const secretPath = '/services/T0SECRET/B0SECRET/planted-secret-1234';

/** Takes everything, until it is told otherwise. Stops at the end of the test. */
export async function startAlertReceiver(): Promise<AlertReceiverBed> {
  let answerer: Answerer = (response) => response.writeHead(200).end('ok');
  const posts: ReceivedPost[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (text: string) => {
      body += text;
    });
    request.on('end', () => {
      const post = { path: request.url ?? '', headers: request.headers, body };
      posts.push(post);
      answerer(response, post);
    });
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}${secretPath}`,
    posts,
    messages: () => posts.map(({ body }) => JSON.parse(body) as AlertMessage),
    answer(how) {
      answerer = typeof how === 'number' ? (response) => response.writeHead(how).end() : how;
    },
  };
}
