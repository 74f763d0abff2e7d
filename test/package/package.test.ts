import { execFileSync, spawnSync } from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const modules = join(root, 'node_modules');
const home = mkdtempSync(join(tmpdir(), 'tributary-package-'));
const project = join(home, 'project');
const installed = join(project, 'node_modules', 'tributary-relay');

afterAll(() => rmSync(home, { recursive: true, force: true }));

/** Packs a copy of this repository, because `npm pack` rewrites package.json while it runs. */
function pack(): string {
  const clone = join(home, 'clone');
  const files = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
    cwd: root,
    encoding: 'utf8',
  });
  for (const file of files.split('\n').filter((name) => name !== '' && !name.startsWith('test/'))) {
    mkdirSync(dirname(join(clone, file)), { recursive: true });
    cpSync(join(root, file), join(clone, file));
  }
  symlinkSync(modules, join(clone, 'node_modules'));
  execFileSync('npm', ['pack', '--pack-destination', home], { cwd: clone, stdio: 'pipe' });
  return join(home, readdirSync(home).find((name) => name.endsWith('.tgz')) ?? '');
}

beforeAll(() => {
  const archive = pack();
  mkdirSync(installed, { recursive: true });
  execFileSync('tar', ['-xzf', archive, '-C', installed, '--strip-components=1']);
  // What npm would install: nothing is fetched here.
  for (const name of readdirSync(modules)) {
    if (name !== '.bin') symlinkSync(join(modules, name), join(project, 'node_modules', name));
  }
  writeFileSync(join(project, 'package.json'), JSON.stringify({ type: 'module' }));
  writeFileSync(
    join(project, 'tributary.config.ts'),
    `import { defineRelay, stripe } from 'tributary-relay';
export const relay = defineRelay({
  project: 'a-project',
  location: 'EU',
  streams: { billing: stripe({ table: 'billing.stripe' }) },
});
`,
  );
}, 120_000);

function tributary(args: string[], cwd = project) {
  const bin = join(installed, 'dist', 'cli', 'tributary.js');
  return spawnSync(process.execPath, [bin, ...args], { cwd, encoding: 'utf8' });
}

describe('the packed package', () => {
  it('holds no TypeScript but declarations, no tests and no config of ours', () => {
    const files = readdirSync(installed, { recursive: true, encoding: 'utf8' });
    expect(files.filter((name) => /(?<!\.d)\.ts$/.test(name))).toEqual([]);
    expect(files.filter((name) => /^test|\.test\.|^dist\/tributary\.config/.test(name))).toEqual(
      [],
    );
  });

  it('tells its version', () => {
    expect(tributary(['--version'])).toMatchObject({ status: 0, stdout: '0.2.0\n', stderr: '' });
  });

  it('finds the config in a folder above', () => {
    const below = join(project, 'a', 'b');
    mkdirSync(below, { recursive: true });
    expect(tributary(['check'], below)).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('billing'),
    });
  });

  it('names what is missing where there is no config', () => {
    const { status, stderr } = tributary(['check'], home);
    expect(status).toBe(1);
    expect(stderr).toContain('config.missing');
  });

  it('has types for a config, the Worker and the subscriber', () => {
    writeFileSync(
      join(project, 'use.ts'),
      `import { defineRelay, stripe } from 'tributary-relay';
import { startSubscriber } from 'tributary-relay/subscriber';
import { signDelivery, type Trial, tryDelivery } from 'tributary-relay/testing';
export const relay = defineRelay({ project: 'p', streams: { a: stripe({ table: 'a.b' }) } });
export const subscriber = startSubscriber({}, () => {}, { relay });
const secrets = { A_SECRET: 'x' };
export const trial: Promise<Trial> = signDelivery(relay, 'a', {}, { secrets }).then((delivery) =>
  tryDelivery(relay, 'a', delivery, { secrets }),
);
// @ts-expect-error: not an option
stripe({ tabel: 'a.b' });
`,
    );
    const flags = ['--noEmit', '--strict', '--skipLibCheck', '--module', 'nodenext', '--target'];
    const tsc = join(modules, '.bin', 'tsc');
    const compiled = spawnSync(tsc, [...flags, 'es2024', '--types', 'node', 'use.ts'], {
      cwd: project,
      encoding: 'utf8',
      env: { ...process.env, PATH: `${join(modules, '.bin')}${delimiter}${process.env['PATH']}` },
    });
    expect(compiled).toMatchObject({ status: 0, stdout: '' });
  });

  it('runs the whole relay', { timeout: 120_000 }, () => {
    const { status, stdout } = tributary(['demo', '--json']);
    expect(JSON.parse(stdout)).toMatchObject({ ok: true });
    expect(status).toBe(0);
  });
});
