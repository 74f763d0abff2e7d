import { expect, inject, type RunnerTestCase, TestRunner } from 'vitest';
import type { VitestRunner } from 'vitest/runtime';
import type { Findings, Orders } from './orders.ts';

// Vitest runs this before each file of tests, in workerd or Node. The switches of the mutants ask `is`.

/** What one test may take for all its mutants. */
const budgetMs = 90_000;
/** A mutant in a loop that never ends is hit more often than this, beyond what the loop needs. */
const spareHits = 20_000;

// Tests replace these by clocks of their own.
const { setTimeout, clearTimeout, performance } = globalThis;
const now = performance.now.bind(performance);

interface Switches {
  active: number;
  hits: number;
  maxHits: number;
  reached: Map<number, number> | undefined;
  imported: Set<number>;
  live: Set<number>;
  is(id: number): boolean;
}

declare global {
  var __mutants: Switches | undefined;
}

const orders = inject('mutants');
const switches = newSwitches(orders);
globalThis.__mutants = switches;
const say = await progressOf(orders);

// Vitest has no `setTestFn` that sets, so the runner is told here what running a test is.
(TestRunner.prototype as VitestRunner).runTask = async (task) => {
  const run = TestRunner.getTestFn(task);
  if (orders.mode === 'one') return await run();
  await huntWith(task, async () => {
    expect.setState({ assertionCalls: 0, isExpectingAssertions: false });
    try {
      await run();
    } finally {
      // Vitest's types do not tell of it: what onTestFinished was given.
      const { onFinished = [] } = task as unknown as Finishing;
      for (const finish of onFinished.splice(0).toReversed()) await finish(task.context);
    }
  });
};

interface Finishing {
  onFinished?: ((context: RunnerTestCase['context']) => unknown)[];
}

function newSwitches({ mode, ids }: Orders): Switches {
  const before = globalThis.__mutants;
  const one = mode === 'one' ? (ids[0] ?? -1) : -1;
  return {
    active: one,
    hits: 0,
    maxHits: 5_000_000,
    reached: undefined,
    imported: before?.imported ?? new Set(),
    live: before?.live ?? new Set(ids),
    is(id) {
      if (mode === 'hunt') {
        if (this.reached) this.reached.set(id, (this.reached.get(id) ?? 0) + 1);
        else if (this.active < 0) this.imported.add(id);
      }
      if (id !== this.active) return false;
      if (++this.hits > this.maxHits) throw new Error('The mutant was reached too often.');
      return true;
    },
  };
}

async function huntWith(task: RunnerTestCase, run: () => Promise<void>): Promise<void> {
  const reached = new Map<number, number>();
  const began = now();
  switches.reached = reached;
  try {
    await run();
  } finally {
    switches.reached = undefined;
  }
  const ms = now() - began;
  const findings: Findings = { reached: [...reached.keys()], imported: [], killed: [] };
  findings.imported = [...switches.imported];
  task.meta.mutants = findings;
  const targets = [...reached].filter(([id]) => switches.live.has(id));
  if (targets.length === 0) return;
  const holds = async () => !(await failsWith(-1, run, 0, 30_000 + ms * 10));
  if (!(await holds())) findings.unrepeated = 'fails when it runs again';
  for (const [id, hits] of targets) {
    if (findings.unrepeated) break;
    if (now() - began > budgetMs) {
      findings.unrepeated = 'takes too long';
      break;
    }
    say(`${id} ${task.file.name}`);
    if (!(await failsWith(id, run, hits, 4_000 + ms * 10))) continue;
    if (await holds()) {
      findings.killed.push(id);
      switches.live.delete(id);
    } else {
      findings.unrepeated = 'fails after a mutant';
    }
  }
  say('-');
}

async function failsWith(
  id: number,
  run: () => Promise<void>,
  hits: number,
  limitMs: number,
): Promise<boolean> {
  Object.assign(switches, { active: id, hits: 0, maxHits: hits * 20 + spareHits });
  // What runs without a mutant is not an import.
  switches.reached = new Map();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<true>((resolve) => {
    timer = setTimeout(() => resolve(true), limitMs);
  });
  try {
    return await Promise.race([
      run().then(
        () => false,
        () => true,
      ),
      late,
    ]);
  } finally {
    clearTimeout(timer);
    switches.active = -1;
    switches.reached = undefined;
  }
}

async function progressOf({ progress }: Orders): Promise<(what: string) => void> {
  if (navigator.userAgent.includes('Cloudflare')) return () => {};
  const { writeFileSync } = await import('node:fs');
  return (what) => writeFileSync(progress, `${process.pid} ${what}`);
}
