import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { unstable_readConfig } from 'wrangler';
import { writeConfig } from '../beds/overflow-config.ts';

interface Consumer {
  queue: string;
  max_retries?: number;
  dead_letter_queue?: string;
}

function read(): ReturnType<typeof unstable_readConfig> {
  const folder = mkdtempSync(join(tmpdir(), 'tributary-test-'));
  try {
    return unstable_readConfig({ config: writeConfig(folder) });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test('the optional settings of wrangler.toml are settings, once their "#" is gone', () => {
  const config = read();
  expect(config.vars).toHaveProperty('PUBSUB_FALLBACK_ENDPOINT');
  expect(config.queues.producers).toMatchObject([{ binding: 'OVERFLOW' }]);
  expect(config.r2_buckets).toMatchObject([{ binding: 'OVERFLOW_OBJECTS' }]);
  expect(config.analytics_engine_datasets).toMatchObject([{ binding: 'DELIVERIES' }]);
  expect(config.ratelimits).toMatchObject([{ name: 'FAILED_TRIES' }]);
});

test('nothing in overflow is deleted unseen: every queue is consumed, and retried as often as may be', () => {
  const { producers, consumers } = read().queues;
  const all: Consumer[] = consumers ?? [];
  const consumed = new Map(all.map((consumer) => [consumer.queue, consumer]));
  const [produced] = producers ?? [];
  const main = consumed.get(produced?.queue ?? '');
  expect(main?.max_retries).toBe(100);
  expect(consumed.get(main?.dead_letter_queue ?? '')?.max_retries).toBe(100);
});

test('as it comes, it needs no resource that must be made first', () => {
  const root = new URL('../../wrangler.toml', import.meta.url);
  expect(readFileSync(root, 'utf8')).not.toMatch(/^\[\[(queues|r2_buckets|analytics)/m);
});
