import { Agent, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Answer, SendOrder } from './sender.ts';

// Sends deliveries at a fixed rate: it does not wait for answers, as senders do not wait for each other. So a slow
// answer delays no other delivery, and none is left out of the figures.

const giveUpAfterMs = 30_000;
const everyMs = 5;

/** As Cloudflare's proxies would: more deliveries wait here, on the sender's clock. */
const maxConnections = 2000;

const agent = new Agent({ keepAlive: true, maxSockets: maxConnections });

process.on('message', async (order: SendOrder) => {
  process.send?.(await sendAtRate(order));
});
process.once('disconnect', () => process.exit());

async function sendAtRate(order: SendOrder): Promise<Answer[]> {
  const { perSecond, seconds } = order;
  const total = Math.round(perSecond * seconds);
  const begun = performance.now();
  const answers: Promise<Answer>[] = [];
  while (answers.length < total) {
    const due = Math.min(total, Math.floor(((performance.now() - begun) / 1000) * perSecond) + 1);
    while (answers.length < due) answers.push(post(order));
    await sleep(everyMs);
  }
  return await Promise.all(answers);
}

function post({ port, delivery: { path, headers, body } }: SendOrder): Promise<Answer> {
  const sentAt = performance.timeOrigin + performance.now();
  return new Promise((resolve) => {
    const answered = (status: number) =>
      resolve({ sentAt, ms: performance.timeOrigin + performance.now() - sentAt, status });
    const sending = request(
      {
        agent,
        ...{ host: '127.0.0.1', port, path, method: 'POST' },
        headers: { ...headers, 'content-length': body.byteLength },
      },
      (response) => {
        response.resume();
        response.once('end', () => answered(response.statusCode ?? 0));
        response.once('error', () => answered(0));
      },
    );
    // Also for one that has no connection yet.
    const givingUp = setTimeout(() => sending.destroy(), giveUpAfterMs);
    sending.once('close', () => clearTimeout(givingUp));
    sending.once('error', () => answered(0));
    sending.end(body);
  });
}
