import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { connectBigQuery, connectPubsub } from '../../../local/google-clients.ts';
import { startPubsub } from '../../../local/pubsub/main.ts';
import { defineRelay } from '../../../shared/config/define-relay.ts';
import { segmentstream } from '../../../shared/sources/segmentstream.ts';
import type { WholeLetter } from '../../../subscriber/dead-letters/find-letters.ts';
import { replayLetters } from '../../../subscriber/dead-letters/replay-letters.ts';

const relay = defineRelay({
  project: 'test-project',
  streams: { shop: segmentstream({ table: 'shop.orders' }) },
});

function letter(n: number, bytes: number): WholeLetter {
  return {
    ...{ messageId: `m${n}`, deliveryId: `d${n}`, stream: 'shop', receivedAt: null },
    ...{ storedAt: '', reason: 'no', column: null, writtenInPart: false, replays: 0 },
    ...{ bytes, lastResult: null, attributes: { stream: 'shop' }, data: Buffer.alloc(bytes, 'x') },
  };
}

it.each([
  [1_000_000, 120],
  [10, 3000],
])('holds few letters at once: of %i bytes', async (bytes, count) => {
  const directory = await mkdtemp(join(tmpdir(), 'tributary-replay-'));
  const server = await startPubsub({ port: 0, directory });
  const pubsub = connectPubsub(relay.project, server.port);
  onTestFinished(async () => {
    await pubsub.close();
    await server.stop();
    await rm(directory, { recursive: true });
  });
  await pubsub.createTopic(relay.topic);
  let read = 0;
  let published = 0;
  let most = 0;
  async function* letters() {
    for (; read < count; read++) {
      most = Math.max(most, read - published);
      yield letter(read, bytes);
    }
  }
  const counts = await replayLetters(letters(), {
    relay,
    pubsub,
    // Without results to wait for, it is not asked.
    bigquery: connectBigQuery(relay.project, 9),
    idleTimeoutMs: -1,
    signal: new AbortController().signal,
    onProgress: (now) => {
      published = now.published;
    },
  });
  expect(counts).toEqual({ published: count, results: {} });
  expect(most).toBeLessThanOrEqual(1000);
  expect(most * bytes).toBeLessThanOrEqual(40 * 1024 * 1024);
});
