import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { PartName } from '../../../local/parts/part.ts';
import { PartProcess } from '../../../local/parts/part-process.ts';

const silent = { onLine: () => {}, onExit: () => {} };

describe('PartProcess', () => {
  it('reports the output of a part that exits before it is ready', async () => {
    const environment = { NODE_OPTIONS: '--import=./no-such-module.mjs' };
    const part = new PartProcess('pubsub', {}, environment, silent);
    await expect(part.ready).rejects.toMatchObject({
      code: 'part.ended',
      message: expect.stringContaining('no-such-module.mjs'),
    });
    await part.stop(1000);
  });

  it('reports wrong settings of a part', async () => {
    const part = new PartProcess('subscriber', {}, { ABSMARTLY_API_KEY: '' }, silent);
    await expect(part.ready).rejects.toMatchObject({
      code: 'environment.invalid',
      message: expect.stringContaining('ABSMARTLY_API_KEY is not set'),
    });
    await part.stop(1000);
  });

  it('reports that a part exited unexpectedly', async () => {
    const ended = Promise.withResolvers<string>();
    const directory = mkdtempSync(join(tmpdir(), 'tributary-test-'));
    const onExit = (name: PartName, how: string) => ended.resolve(`${name}: ${how}`);
    const part = new PartProcess('pubsub', { port: 0, directory }, {}, { ...silent, onExit });
    expect(await part.ready).toEqual({ pubsub: expect.any(Number) });
    part.process.kill('SIGKILL');
    expect(await ended.promise).toBe('pubsub: SIGKILL');
    await part.stop(1000);
    rmSync(directory, { recursive: true });
  });

  it('hides its options from other users, and makes its files private', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'tributary-test-'));
    chmodSync(directory, 0o755);
    const part = new PartProcess('pubsub', { port: 0, directory, key: 'a-secret' }, {}, silent);
    await part.ready;
    const { pid } = part.process;
    const listed = execFileSync('ps', ['-ww', '-o', 'args=', '-p', `${pid}`], { encoding: 'utf8' });
    expect(listed).toContain('part.ts pubsub');
    expect(listed).not.toContain('a-secret');
    const files = readdirSync(directory);
    expect(files).toContain('pubsub.sqlite');
    for (const file of files) expect(statSync(join(directory, file)).mode & 0o077).toBe(0);
    await part.stop(5000);
    rmSync(directory, { recursive: true });
  });
});
