import { expect, test } from 'vitest';
import { Batches } from '../../../worker/publish/batches.ts';

/** Records the requests; each is answered when the test says so. */
function openPost() {
  const requests: { messages: readonly string[]; store: () => void }[] = [];
  const post = (messages: readonly string[]) =>
    new Promise<{ stored: true }>((resolve) => {
      requests.push({ messages, store: () => resolve({ stored: true }) });
    });
  return { requests, post };
}

test('a delivery that is cut off with the others in its request: they find out, and go on alone', async () => {
  const { requests, post } = openPost();
  const batches = new Batches();
  const first = [batches.send('a', 1000, post), batches.send('b', 1000, post)];
  // `c` goes after its patience and takes `d` along; then nothing is heard of it any more.
  const cutOff = batches.send('c', 100, post);
  const company = batches.send('d', 100, post);
  await expect.poll(() => requests.length).toBe(3);
  expect(requests[2]?.messages).toEqual(['c', 'd']);
  expect(await company).toEqual({ stored: false, cause: 'pubsub-timeout', retry: true });
  for (const { store } of requests) store();
  expect(await Promise.all([...first, cutOff])).toEqual(Array(3).fill({ stored: true }));
});

test('requests that never end do not keep their places', async () => {
  const { requests, post } = openPost();
  const batches = new Batches();
  void batches.send('a', 1, post);
  void batches.send('b', 1, post);
  await scheduler.wait(20);
  void batches.send('c', 1000, post);
  expect(requests.map(({ messages }) => messages)).toEqual([['a'], ['b'], ['c']]);
});

test('a large one goes alone; of the others, so many go together as a request may hold', async () => {
  const { requests, post } = openPost();
  const batches = new Batches();
  const large = 'x'.repeat(200_000);
  const medium = 'x'.repeat(100_000);
  void batches.send('a', 1000, post);
  void batches.send('b', 1000, post);
  void batches.send(large, 1000, post);
  expect(requests.map(({ messages }) => messages)).toEqual([['a'], ['b'], [large]]);
  for (let n = 0; n < 12; n++) void batches.send(medium, 1000, post);
  for (let n = 0; n < 150; n++) void batches.send('c', 1000, post);
  const shared = () => requests.slice(3).map(({ messages }) => messages);
  await expect.poll(() => shared().flat().length).toBe(162);
  expect(shared()[0]).toEqual(Array(10).fill(medium));
  for (const messages of shared()) {
    expect(messages.length).toBeLessThanOrEqual(100);
    expect(messages.join('').length).toBeLessThanOrEqual(1024 * 1024);
  }
  expect(shared().length).toBeLessThan(10);
});

test('nobody goes with one who has less time', async () => {
  const { requests, post } = openPost();
  const batches = new Batches();
  void batches.send('a', 1000, post);
  void batches.send('b', 1000, post);
  void batches.send('hurried', 60, post);
  const patient = batches.send('patient', 1000, post);
  const alike = batches.send('as hurried', 60, post);
  requests[0]?.store();
  await expect.poll(() => requests.length).toBeGreaterThan(2);
  expect(requests[2]?.messages).toEqual(['hurried', 'as hurried']);
  await expect.poll(() => requests.length).toBe(4);
  expect(requests[3]?.messages).toEqual(['patient']);
  for (const { store } of requests) store();
  expect(await Promise.all([patient, alike])).toEqual([{ stored: true }, { stored: true }]);
});
