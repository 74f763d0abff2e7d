import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { portNames } from '../../local/parts/ports.ts';
import { exporterPackages } from '../../subscriber/otlp/load-exporter.ts';

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

const bin = join(installed, 'dist', 'cli', 'tributary.js');

function tributary(args: string[], cwd = project) {
  return spawnSync(process.execPath, [bin, ...args], { cwd, encoding: 'utf8' });
}

describe('the packed package', () => {
  it('holds no TypeScript but declarations, no tests and no config of ours', () => {
    const files = readdirSync(installed, { recursive: true, encoding: 'utf8' });
    expect(files.filter((name) => /(?<!\.d)\.ts$/.test(name))).toEqual([]);
    // So that an installed package needs no esbuild.
    expect(files).toContain('dist/console/built/main.js');
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

  it('brings no exporter of metrics and traces, and names the command that installs them', () => {
    const without = join(home, 'without');
    const links = join(without, 'node_modules');
    cpSync(project, without, { recursive: true, verbatimSymlinks: true });
    rmSync(join(links, '@opentelemetry'));
    const manifest = JSON.parse(
      readFileSync(join(links, 'tributary-relay', 'package.json'), 'utf8'),
    ) as Record<'dependencies' | 'peerDependencies', Record<string, string>>;
    for (const name of Object.keys(manifest.dependencies)) {
      if (!name.startsWith('@opentelemetry/')) continue;
      mkdirSync(join(links, '@opentelemetry'), { recursive: true });
      symlinkSync(join(modules, name), join(links, name));
    }
    const serve = (environment: Record<string, string>) =>
      spawnSync(
        process.execPath,
        [join(links, 'tributary-relay', 'dist', 'cli', 'tributary.js'), 'serve'],
        { cwd: without, encoding: 'utf8', env: { ...process.env, ...environment } },
      );
    for (const environment of [
      { OTEL_METRICS_EXPORTER: 'prometheus' },
      { OTEL_TRACES_EXPORTER: 'otlp' },
    ]) {
      const { status, stdout } = serve(environment);
      expect(status).toBe(1);
      expect(stdout).toContain('environment.packages');
      for (const name of exporterPackages) {
        const version = manifest.peerDependencies[name];
        expect(version).toMatch(/^\d/);
        expect(stdout).toContain(`${name}@${version}`);
      }
    }
  });

  it('runs the whole relay', { timeout: 120_000 }, () => {
    const { status, stdout } = tributary(['demo', '--json']);
    expect(JSON.parse(stdout)).toMatchObject({ ok: true });
    expect(status).toBe(0);
  });
});

describe('an empty folder', () => {
  const relay = join(home, 'relay');
  const links = join(relay, 'node_modules');
  const here = join(links, 'tributary-relay', 'dist', 'cli', 'tributary.js');
  const ports = Object.values(portNames).flatMap(({ option }) => [option, '0']);

  function run(...args: string[]) {
    return spawnSync(process.execPath, [here, ...args], { cwd: relay, encoding: 'utf8' });
  }

  /** What `npm init -y && npm install tributary-relay` leave, without the network. */
  beforeAll(() => {
    mkdirSync(relay);
    execFileSync('npm', ['init', '-y'], { cwd: relay, stdio: 'pipe' });
    cpSync(join(project, 'node_modules'), links, { recursive: true, verbatimSymlinks: true });
    mkdirSync(join(links, '.bin'));
    symlinkSync(here, join(links, '.bin', 'tributary'));
  });

  it('becomes a relay, whose first delivery is a row', { timeout: 120_000 }, async () => {
    const made = run('init', '--yes', '--source', 'stripe', '--table', 'billing.stripe');
    expect(made).toMatchObject({ status: 0, stderr: '' });
    expect(made.stdout).toContain('npx tributary send billing');
    expect(run('check')).toMatchObject({ status: 0, stdout: expect.stringContaining('billing') });
    const bundled = run('deploy', '--dry-run');
    expect(bundled, bundled.stderr).toMatchObject({ status: 0 });

    const started = spawn(process.execPath, [here, 'start', ...ports], {
      cwd: relay,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const ended = once(started, 'exit');
    try {
      await new Promise<void>((resolve, reject) => {
        let output = '';
        started.stdout.setEncoding('utf8').on('data', (text: string) => {
          output += text;
          if (output.includes('The relay is ready')) resolve();
        });
        started.on('exit', () => reject(new Error(output)));
      });
      const { stdout } = run('streams');
      expect(stdout).toMatch(/local +http:\/\/127\.0\.0\.1:\d+\/billing\n/);
      expect(run('send', 'billing')).toMatchObject({
        status: 0,
        stdout: expect.stringMatching(/^204 /),
      });
      const sql = 'SELECT event_name, event_id, event_time FROM `billing.stripe`';
      const row = await vi.waitFor(
        () => {
          const [first] = JSON.parse(run('query', sql, '--format', 'json').stdout);
          expect(first).toBeTruthy();
          return first;
        },
        { timeout: 60_000 },
      );
      for (const column of ['event_name', 'event_id', 'event_time']) {
        expect(row[column]).toBeTruthy();
      }
    } finally {
      started.kill('SIGINT');
      await ended;
    }
  });

  it('becomes one under an older Node as well', { timeout: 60_000 }, (test) => {
    const old = olderNode();
    test.skip(old === undefined, 'skipped: no Node before 24 is installed');
    const args = [here, 'init', 'old', '--source', 'github', '--yes', '--json'];
    const { status, stdout } = spawnSync(old ?? '', args, { cwd: relay, encoding: 'utf8' });
    expect(status).toBe(0);
    expect(JSON.parse(stdout).created).toContain('tributary.config.ts');
  });
});

/** A Node before 24, if the machine has one on its PATH. */
function olderNode(): string | undefined {
  const paths = (process.env['PATH'] ?? '').split(delimiter).map((path) => join(path, 'node'));
  return paths.find((path) => {
    const { stdout } = spawnSync(path, ['--version'], { encoding: 'utf8' });
    return Number(stdout?.replace(/^v(\d+)[\s\S]*$/, '$1')) < 24;
  });
}
