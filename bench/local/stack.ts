import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { freePorts } from '../../local/parts/ports.ts';
import { makeSecrets } from '../../local/secrets.ts';
import { startStack } from '../../local/stack.ts';
import { requireConfig } from '../../subscriber/service/find-config.ts';
import { relay } from '../../tributary.config.ts';
import { type Figure, toFigure } from '../figure.ts';

const rounds = 3;

/** Measures the start of the relay and the run of the demo. */
export async function measureStack(say: (what: string) => void): Promise<Figure[]> {
  const starts: number[] = [];
  const demos: number[] = [];
  const freshness: { p50: number; p95: number }[] = [];
  for (let round = 1; round <= rounds; round++) {
    say(`start and demo, round ${round} of ${rounds}`);
    starts.push(await timeStart());
    const begun = performance.now();
    freshness.push(await runDemo());
    demos.push((performance.now() - begun) / 1000);
  }
  return [
    toFigure('npm start: until ready', 's', starts, { atMost: 5 }),
    toFigure('npm run demo: as a whole', 's', demos, { atMost: 20 }),
    toFigure(
      'demo: freshness p50',
      'ms',
      freshness.map(({ p50 }) => p50),
    ),
    toFigure(
      'demo: freshness p95',
      'ms',
      freshness.map(({ p95 }) => p95),
    ),
  ];
}

async function timeStart(): Promise<number> {
  const directory = await mkdtemp(join(tmpdir(), 'tributary-bench-'));
  const begun = performance.now();
  const stack = await startStack({
    relay,
    config: requireConfig(),
    directory,
    secrets: makeSecrets(relay),
    ports: freePorts,
    onLine: () => {},
    onExit: () => {},
  });
  const seconds = (performance.now() - begun) / 1000;
  await stack.stop();
  await rm(directory, { recursive: true, force: true });
  return seconds;
}

async function runDemo(): Promise<{ p50: number; p95: number }> {
  const main = fileURLToPath(new URL('../../cli/main.ts', import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, [main, 'demo', '--json']);
  return (JSON.parse(stdout) as { freshnessMs: { p50: number; p95: number } }).freshnessMs;
}
