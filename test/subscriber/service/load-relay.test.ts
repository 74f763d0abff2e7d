import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it, onTestFinished } from 'vitest';
import { loadRelay } from '../../../subscriber/service/load-relay.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const linked = [
  'console',
  'cli',
  'history',
  'local',
  'node_modules',
  'shared',
  'subscriber',
  'worker',
  'package.json',
];

/** Runs a program of this repository as if it had another tributary.config.ts. */
function runWith(config: string, program: string, ...args: string[]) {
  const directory = mkdtempSync(join(tmpdir(), 'tributary-config-'));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  for (const name of linked) symlinkSync(join(root, name), join(directory, name));
  writeFileSync(join(directory, 'tributary.config.ts'), config);
  const flags = ['--preserve-symlinks', '--preserve-symlinks-main', program, ...args];
  return spawnSync(process.execPath, flags, { cwd: directory, encoding: 'utf8' });
}

it('loads tributary.config.ts', async () => {
  expect([...(await loadRelay()).streams.keys()]).toEqual(['datanostro', 'absmartly', 'crm']);
});

it('loads a config that imports from the package', () => {
  const config = `import { datanostro, defineRelay } from 'tributary-relay';
    const streams = { shop: datanostro({ table: 'shop.events' }) };
    export const relay = defineRelay({ project: 'acme-relay', streams });`;
  expect(runWith(config, 'cli/main.ts', 'check')).toMatchObject({
    status: 0,
    stdout: 'tributary.config.ts: 1 stream (shop)\n',
  });
});

it.each([
  ['a file that has moved', './shared/config.ts'],
  ['a name that has moved', './shared/config/config.ts'],
])('names the new import to a config that imports %s', (_, file) => {
  const config = `import { defineRelay } from '${file}'; export const relay = defineRelay({});`;
  const checked = runWith(config, 'cli/main.ts', 'check');
  expect(checked).toMatchObject({ status: 1, stdout: 'tributary.config.ts: 1 problem\n' });
  expect(checked.stderr).toContain(`imports '${file}', which has moved`);
  expect(checked.stderr).toContain("from 'tributary-relay'");
  expect(checked.stderr).not.toMatch(/^\s+at /m);

  const served = runWith(config, 'subscriber/main.ts', 'drain');
  expect(served.status).toBe(1);
  expect(JSON.parse(served.stdout)).toMatchObject({
    severity: 'ERROR',
    code: 'config.moved',
    message: expect.stringContaining("from 'tributary-relay'"),
  });
});

it('names the line of any other error of a config, without a stack', () => {
  const { status, stderr } = runWith(
    "\nthrow new Error('mine')",
    'cli/main.ts',
    'query',
    'SELECT 1',
  );
  expect(status).toBe(1);
  expect(stderr).toMatch(/tributary\.config\.ts:2: mine\n.*config\.broken/);
  expect(stderr).not.toMatch(/^\s+at /m);
});

it('shows the help of the commands even if the config has problems', () => {
  const { status, stdout } = runWith("throw new Error('mine')", 'cli/main.ts', '--help');
  expect({ status, isHelp: stdout.includes('Commands:') }).toEqual({ status: 0, isHelp: true });
});
