import { execFileSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { quotas } from '../../bench/simulate/figures.ts';
import { outageOf } from '../../bench/simulate/outage.ts';
import { pathCosts } from '../../bench/simulate/paths.ts';
import { needsOf, replicaRate, saturations } from '../../bench/simulate/saturation.ts';
import { simulate, toText, usualScale } from '../../bench/simulate/simulation.ts';
import { commandBlocks } from '../docs/command-blocks.ts';
import { readDocument } from '../docs/documents.ts';

const file = 'docs/scale.md';

function bench(...args: string[]): string {
  const command = ['--disable-warning=ExperimentalWarning', 'bench/main.ts', 'simulate', ...args];
  return execFileSync(process.execPath, command, { encoding: 'utf8' });
}

describe('docs/scale.md', () => {
  const [block] = commandBlocks(file);

  test('shows what the simulation prints', () => {
    expect(block?.output).toBe(toText(simulate(usualScale)));
  });

  test('names the page of each quota', () => {
    const text = readDocument(file);
    const lacking = Object.values(quotas).filter(({ source }) => !text.includes(`(${source})`));
    expect(lacking).toEqual([]);
  });

  test('its command prints that, in 80 columns', { timeout: 120_000 }, () => {
    const printed = bench();
    expect(printed).toBe(toText(simulate(usualScale)));
    expect(Math.max(...printed.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80);
  });
});

test('prints one JSON document', { timeout: 120_000 }, () => {
  const report = JSON.parse(bench('--json', '--rates', '5,50', '--bytes', '2048')) as object;
  expect(report).toMatchObject({
    bench: 'simulate',
    scale: { rates: [5, 50], bytes: 2048 },
    needs: [{ rate: 5 }, { rate: 50 }],
  });
});

describe('the model', () => {
  test('a rate needs at least as much of everything as a lower one', () => {
    const all = [1, 10, 1000, 10_000, 100_000].map((rate) => needsOf({ rate, bytes: 1024 }));
    for (const [index, more] of all.slice(1).entries()) {
      const less = all[index];
      for (const name of Object.keys(more) as (keyof typeof more)[]) {
        expect(more[name]).toBeGreaterThanOrEqual(less?.[name] ?? Number.NaN);
      }
    }
  });

  test('the replicas are enough for the rate, with room', () => {
    for (const rate of [1, 8000, 100_000]) {
      const { replicas } = needsOf({ rate, bytes: 1024 });
      expect(replicas * replicaRate(1024)).toBeGreaterThan(rate * 1.3);
    }
  });

  test('what is full first comes first', () => {
    const rates = saturations(1024).map(({ rate }) => rate);
    expect(rates).toEqual(rates.toSorted((a, b) => a - b));
  });

  test('a backlog is never caught up by replicas that are no faster than what comes', () => {
    const rate = replicaRate(1024) * 1.5;
    const drained = [1, 2, 4].map((replicas) => {
      return outageOf({ rate, bytes: 1024, minutes: 1, replicas }).drainSeconds;
    });
    expect(drained[0]).toBe(Number.POSITIVE_INFINITY);
    // 90 times its own rate waits after a minute: half of a replica's rate is left of two, and five times that of four.
    expect(drained[1]).toBeCloseTo(180, 6);
    expect(drained[2]).toBeCloseTo(36, 6);
  });

  test('a BigQuery subscription costs what it says: the edge, the publish, and 50 USD a TiB', () => {
    const monthSeconds = 30 * 24 * 3600;
    const { bigquerySubscription } = pathCosts({ rate: 1000, bytes: 1024 });
    const events = 1000 * monthSeconds;
    const tib = (events * (1024 + 250)) / 1024 ** 4;
    const edge = 5 + ((events - 10e6) / 1e6) * 0.3 + ((events - 30e6) / 1e6) * 0.02;
    expect(bigquerySubscription).toBeCloseTo(edge + (tib - 10 / 1024) * 40 + tib * 50, 6);
  });
});
