import { describe, expect, it } from 'vitest';
import { FAULTS } from '../../local/faults/faults.ts';
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
