import { fork } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { type Server, toServer } from './server.ts';

/** A stub of Google: answers every publish and every insertAll at once, and stores nothing. */
export async function startStub(): Promise<Server> {
  const child = fork(fileURLToPath(import.meta.url));
  const port = once(child, 'message').then(([port]) => port as number);
  return await toServer(child, 'the stub', port);
}

const inserted = '{"kind":"bigquery#tableDataInsertAllResponse"}';

/** An id for each message. */
function published(chunks: Buffer[]): string {
  const { length } = Buffer.concat(chunks).toString('latin1').split('{"attributes":');
  return JSON.stringify({ messageIds: Array(length - 1).fill('1') });
}

if (import.meta.main) {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const answer = request.url?.endsWith(':publish') ? published(chunks) : inserted;
      response
        .writeHead(200, { 'content-type': 'application/json', 'content-length': answer.length })
        .end(answer);
    });
  });
  server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port));
  process.on('disconnect', () => process.exit());
}
