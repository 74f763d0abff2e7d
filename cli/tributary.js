#!/usr/bin/env node
// The command `tributary`. It is JavaScript because every Node must be able to run it: Tributary itself needs a
// newer Node than many machines have, and this file finds one.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const needed = 24;
/** Tested with this one. */
const fetched = 'node@24.21.0';
const here = dirname(fileURLToPath(import.meta.url));

if (majorVersion() >= needed) {
  // TypeScript in a clone, JavaScript in the package.
  const main = ['main.ts', 'main.js'].map((name) => join(here, name)).find(existsSync);
  await import(pathToFileURL(main).href);
} else {
  const newer = findNewerNode() ?? fetchNewerNode();
  if (newer !== undefined) run(newer);
  else explain();
}

function majorVersion() {
  return Number(process.versions.node.split('.')[0]);
}

/** The program of the npm package `node`, which a project may depend on. */
function findNewerNode() {
  for (const start of [join(process.cwd(), 'package.json'), join(here, 'main.js')]) {
    try {
      const manifest = createRequire(start).resolve('node/package.json');
      const program = join(
        dirname(manifest),
        'bin',
        process.platform === 'win32' ? 'node.exe' : 'node',
      );
      if (existsSync(program)) return program;
    } catch {
      // Not a dependency here.
    }
  }
  return undefined;
}

/** From npm's cache, where the first command puts it. */
function fetchNewerNode() {
  const cached = askNpm('--offline', '--silent');
  if (cached !== undefined) return cached;
  process.stderr.write(
    `tributary needs Node ${needed} and this is Node ${process.versions.node}: fetching ${fetched} from npm once (190 MB) …\n`,
  );
  return askNpm();
}

function askNpm(...flags) {
  const program = [`--package=${fetched}`, '--', 'node', '-p', 'process.execPath'];
  const { status, stdout } = spawnSync('npm', ['exec', '--yes', ...flags, ...program], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', flags.length > 0 ? 'ignore' : 'inherit'],
    shell: process.platform === 'win32',
  });
  const path = stdout?.trim();
  return status === 0 && path ? path : undefined;
}

function run(program) {
  const script = fileURLToPath(import.meta.url);
  const child = spawn(program, [script, ...process.argv.slice(2)], { stdio: 'inherit' });
  // Ctrl-C reaches the whole process group; what is sent to this process alone is passed on.
  process.on('SIGINT', () => {});
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('error', explain);
  child.on('exit', (code, signal) => {
    process.exitCode = code ?? (signal === 'SIGINT' ? 130 : 1);
  });
}

function explain() {
  const { node } = process.versions;
  process.stderr.write(
    `tributary needs Node ${needed} or newer; this is Node ${node}. Run "npm install --save-dev node@${needed}" in this project, or install Node ${needed} from https://nodejs.org.\n`,
  );
  process.exitCode = 2;
}
