import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Kind } from './check/differences.ts';
import { copyProduct, type Plant, plantBug } from './plants.ts';
import { type RunOptions, type RunResult, runFaults } from './run.ts';
import { type Action, scheduleOf } from './schedule/schedule.ts';

/** A run that is as short as its actions allow. */
export async function runShort(
  actions: readonly Action[],
  options: Partial<RunOptions> = {},
): Promise<RunResult> {
  return await runFaults({
    ...{ seed: 17, replicas: 2, senders: 1, perSecond: 120, atOnce: 48 },
    schedule: scheduleOf(...actions),
    restarts: false,
    ...options,
  });
}

/** Runs the suite on a copy of the product with these bugs, which it must find. What it left is removed. */
export async function runPlants(
  planted: readonly Plant[],
  options: Partial<RunOptions> = {},
): Promise<RunResult> {
  const root = await mkdtemp(join(tmpdir(), 'tributary-planted-'));
  try {
    copyProduct(root);
    for (const plant of planted) plantBug(plant, root);
    // Twice, should the first have come between two batches.
    const outages = planted.flatMap(({ outage }): Action[] => {
      return outage ? [{ kind: 'outage', what: outage }] : [];
    });
    const result = await runShort([...outages, ...outages], { root, quietMs: 5000, ...options });
    if (result.directory) await rm(result.directory, { recursive: true, force: true });
    return result;
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}

/** The kinds of differences that the bugs must show, and do not. */
export function unfound(planted: readonly Plant[], { differences }: RunResult): Kind[] {
  return planted.map(({ shows }) => shows).filter((kind) => !differences[kind]);
}
