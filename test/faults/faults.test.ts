import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { FAULTS } from '../../local/faults/faults.ts';
import { itWith } from '../e2e/tools.ts';
import { findPlants } from './plants.ts';
import { describeRun } from './report.ts';
import { runPlants, runShort, unfound } from './run-plant.ts';
import { faultCases } from './schedule/fault-cases.ts';
import { makeSchedule } from './schedule/schedule.ts';

// Some 15 s on a quiet machine.
const timeout = { timeout: 600_000 };

describe('the fault suite', () => {
  it('finds no difference, whatever is killed', timeout, async () => {
    const result = await runShort([
      { kind: 'outage', what: 'written' },
      { kind: 'outage', what: 'published' },
      { kind: 'SIGKILL', part: 'pubsub', awayMs: 200 },
    ]);
    const report = describeRun(result);
    expect(report).toContain('No difference.');
    for (const line of report.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
    expect(result.deliveries).toBeGreaterThan(200);
    expect(result.actions).toMatchObject({ 'SIGKILL subscriber-1': 1, 'SIGKILL pubsub': 1 });
  });

  it('finds a dead letter that is acked first, and upserts in reverse order', timeout, async () => {
    const planted = findPlants('letter acked first', 'upserts reversed');
    expect(unfound(planted, await runPlants(planted))).toEqual([]);
  });

  it('finds an answer before the acknowledgement of Pub/Sub', timeout, async () => {
    const planted = findPlants('answer first');
    expect(unfound(planted, await runPlants(planted))).toEqual([]);
  });
});

describe('npm run faults', timeout, () => {
  itWith(['ps'], 'ends every process at Ctrl-C', async () => {
    const main = fileURLToPath(new URL('./main.ts', import.meta.url));
    const child = spawn(process.execPath, [main, '--seed', '1'], {
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
    const group = -(child.pid ?? Number.NaN);
    try {
      await expect.poll(() => said, { timeout: 240_000 }).toContain('the relay is ready');
      const exited = once(child, 'exit');
      process.kill(group, 'SIGINT');
      expect(await exited).toEqual([130, null]);
      await expect.poll(() => livingOf(group), { timeout: 60_000 }).toEqual([]);
    } finally {
      if (child.exitCode === null) process.kill(group, 'SIGKILL');
    }
  });

  it('prints the schedule of a seed as one document', () => {
    const main = fileURLToPath(new URL('./main.ts', import.meta.url));
    const args = [main, '--dry-run', '--json', '--seed', '7', '--minutes', '12'];
    const { status, stdout } = spawnSync(process.execPath, args, { encoding: 'utf8' });
    expect(status).toBe(0);
    const schedule = makeSchedule({ seed: 7, minutes: 12, replicas: 2, senders: 2 });
    expect(JSON.parse(stdout)).toEqual(JSON.parse(JSON.stringify(schedule)));
  });
});

/** The commands of a process group that have not ended. */
function livingOf(group: number): string[] {
  const { stdout } = spawnSync('ps', ['-A', '-o', 'pgid=,stat=,args='], { encoding: 'utf8' });
  const lines = stdout.split('\n').map((line) => line.trim().split(/\s+/));
  return lines.flatMap(([pgid, state = '', ...words]) =>
    Number(pgid) === -group && !state.startsWith('Z') ? words.join(' ') : [],
  );
}

describe('a schedule', () => {
  const options = { seed: 7, minutes: 12, replicas: 2, senders: 2 };

  it('is the same for the same seed, and another for another', () => {
    expect(makeSchedule(options)).toEqual(makeSchedule(options));
    expect(makeSchedule({ ...options, seed: 8 })).not.toEqual(makeSchedule(options));
  });

  it('has every fault of the local servers, and every signal to every part', () => {
    const { processes, faults } = makeSchedule(options);
    const scripted = new Set(
      faults.flatMap(({ action }) =>
        action.kind === 'faults' ? action.fault.faults.map(({ name }) => name) : [],
      ),
    );
    expect(Object.keys(FAULTS).filter((name) => !scripted.has(name as never))).toEqual([]);
    expect(new Set(faultCases.map(({ name }) => name)).size).toBe(Object.keys(FAULTS).length);
    const signals = processes.flatMap(({ action }) =>
      'part' in action ? [`${action.kind} ${action.part}`] : [],
    );
    for (const part of ['edge', 'workerd', 'pubsub', 'bigquery', 'subscriber-1', 'subscriber-2']) {
      expect(signals).toContain(`SIGKILL ${part}`);
      expect(signals).toContain(`SIGTERM ${part}`);
      expect(signals).toContain(`SIGSTOP ${part}`);
    }
  });
});
