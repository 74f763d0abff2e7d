import { expect, test } from 'vitest';
import { Batches } from '../../../worker/publish/batches.ts';

/** Batches whose requests are recorded; each is answered when the test calls `store`. */
function openBatches() {
  const requests: { messages: readonly string[]; store: () => void }[] = [];
  const batches = new Batches(
    (messages) =>
      new Promise((resolve) => {
        requests.push({ messages, store: () => resolve({ stored: true }) });
      }),
  );
  const send = (message: string, timeoutMs: number) =>
    batches.send(message, { url: '', token: '', timeoutMs });
  return { requests, send };
}

test('if the delivery that sends a shared request is cut off, the others time out and continue alone', async () => {
  const { requests, send } = openBatches();
  const first = [send('a', 1000), send('b', 1000)];
  // `c` stops waiting and takes `d` into its request, which never ends.
  const cutOff = send('c', 100);
  const shared = send('d', 100);
  await expect.poll(() => requests.length).toBe(3);
  expect(requests[2]?.messages).toEqual(['c', 'd']);
  expect(await shared).toEqual({ stored: false, cause: 'pubsub-timeout', retry: true });
  for (const { store } of requests) store();
  expect(await Promise.all([...first, cutOff])).toEqual(Array(3).fill({ stored: true }));
});

test('requests that never end do not count as in flight forever', async () => {
  const { requests, send } = openBatches();
  void send('a', 1);
  void send('b', 1);
  await scheduler.wait(20);
  void send('c', 1000);
  expect(requests.map(({ messages }) => messages)).toEqual([['a'], ['b'], ['c']]);
});

test('a large message goes alone; the others share requests up to the limits', async () => {
  const { requests, send } = openBatches();
  const large = 'x'.repeat(200_000);
  const medium = 'x'.repeat(100_000);
  void send('a', 1000);
  void send('b', 1000);
  void send(large, 1000);
  expect(requests.map(({ messages }) => messages)).toEqual([['a'], ['b'], [large]]);
  for (let n = 0; n < 12; n++) void send(medium, 1000);
  for (let n = 0; n < 150; n++) void send('c', 1000);
  const shared = () => requests.slice(3).map(({ messages }) => messages);
  await expect.poll(() => shared().flat().length).toBe(162);
  expect(shared()[0]).toEqual(Array(10).fill(medium));
  for (const messages of shared()) {
    expect(messages.length).toBeLessThanOrEqual(100);
    expect(messages.join('').length).toBeLessThanOrEqual(1024 * 1024);
  }
  expect(shared().length).toBeLessThan(10);
});

test('no message shares the request of one with less time', async () => {
  const { requests, send } = openBatches();
  void send('a', 1000);
  void send('b', 1000);
  void send('hurried', 60);
  const long = send('long', 1000);
  const alike = send('as hurried', 60);
  requests[0]?.store();
  await expect.poll(() => requests.length).toBeGreaterThan(2);
  expect(requests[2]?.messages).toEqual(['hurried', 'as hurried']);
  await expect.poll(() => requests.length).toBe(4);
  expect(requests[3]?.messages).toEqual(['long']);
  for (const { store } of requests) store();
  expect(await Promise.all([long, alike])).toEqual([{ stored: true }, { stored: true }]);
});
