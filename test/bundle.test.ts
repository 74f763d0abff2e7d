import { gzipSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { bundleWorker } from '../bench/edge/bundle.ts';

it('the Worker is 45 KiB at most, gzipped, as it is uploaded', async () => {
  const { source } = await bundleWorker();
  expect(gzipSync(source).byteLength / 1024).toBeLessThan(45);
}, 60_000);
