import { gzipSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { bundleWorker } from '../bench/edge/bundle.ts';
import { errors } from '../shared/errors.ts';

it('the Worker is 45 KiB at most, gzipped, as it is uploaded', async () => {
  const { source } = await bundleWorker();
  expect(gzipSync(source).byteLength / 1024).toBeLessThan(45);
  expect(source).toContain('overflow.unbound');
  expect(source, 'a preset that no stream uses').not.toContain('sanity-operation');
  expect(source, 'the check of schemes').not.toContain('is not signed itself');
  expect(source, 'the table of errors').not.toContain(errors['overflow.unbound'].remedy);
}, 60_000);
