import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const bounded = fileURLToPath(new URL('../../beds/small-heap-process.ts', import.meta.url));
const subscriber = fileURLToPath(new URL('../../../subscriber/main.ts', import.meta.url));
const inPipe = { encoding: 'utf8', timeout: 20_000 } as const;

/** What a process says of itself that keeps its heap small: its id before and after, and the limit. */
function start(nodeFlags: string[] = []): { pids: string[]; limitMb: number } {
  const { stdout } = spawnSync(process.execPath, [...nodeFlags, bounded], inPipe);
  const lines = stdout.trim().split('\n');
  return {
    pids: lines.map((line) => line.split(' ')[0] ?? ''),
    limitMb: Number(lines.at(-1)?.split(' ')[1]),
  };
}

it('restarts as the same process, with the given heap', () => {
  const { pids, limitMb } = start();
  expect(pids).toHaveLength(2);
  expect(new Set(pids).size).toBe(1);
  expect(limitMb).toBeLessThan(150);
});

it('does nothing where the user has set a size', () => {
  const { pids, limitMb } = start(['--max-old-space-size=700']);
  expect(pids).toHaveLength(1);
  expect(limitMb).toBeGreaterThan(600);
});

it('the subscriber still says how it is called', () => {
  const { status, stdout } = spawnSync(process.execPath, [subscriber, 'x'], inPipe);
  expect(status).not.toBe(0);
  expect(stdout).toContain('node subscriber/main.ts [serve | drain');
});
