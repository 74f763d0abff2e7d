import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { drawBars } from './chart/bars.ts';
import { drawLines } from './chart/lines.ts';
import type { Run } from './measure-run.ts';
import { usualBytes } from './plan-runs.ts';
import { type RelayReport, sizeText } from './relay-report.ts';

/** Writes the charts of docs/proof.md as SVG. */
export async function drawCharts(report: RelayReport, folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  const charts = {
    'freshness-by-rate': freshnessByRate(report),
    'answer-by-rate': answerByRate(report),
    'cpu-by-rate': cpuByRate(report),
    'freshness-by-size': freshnessBySize(report),
    'cost-by-rate': costByRate(report),
  };
  for (const [name, svg] of Object.entries(charts)) {
    await writeFile(join(folder, `${name}.svg`), svg);
  }
}

function usual({ runs }: RelayReport, who: Run['who']): Run[] {
  const fewest = Math.min(...runs.map(({ replicas }) => replicas));
  return runs
    .filter((run) => run.who === who && run.bytes === usualBytes && run.replicas === fewest)
    .sort((a, b) => a.rate - b.rate);
}

const rateLabel = ({ rate }: Run) => new Intl.NumberFormat('en').format(rate);

function freshnessByRate(report: RelayReport): string {
  const runs = usual(report, 'relay');
  return drawBars({
    title: 'Freshness: from the request to a row that a query finds',
    unit: 'ms',
    across: 'deliveries a second, 1 KiB each',
    labels: runs.map(rateLabel),
    series: (['p50', 'p95', 'p99'] as const).map((name) => ({
      name,
      values: runs.map(({ freshness }) => freshness[name]),
    })),
  });
}

function answerByRate(report: RelayReport): string {
  const relay = usual(report, 'relay');
  const tutorial = usual(report, 'tutorial');
  const p99 = (runs: readonly Run[]) =>
    relay.map(({ rate }) => runs.find((run) => run.rate === rate)?.answer.p99);
  return drawLines({
    title: 'How long the sender waits for its answer, p99',
    unit: 'ms',
    across: 'deliveries a second, 1 KiB each',
    labels: relay.map(rateLabel),
    isLogarithmic: true,
    series: [
      { name: 'the relay', values: p99(relay) },
      { name: "the tutorial's function", values: p99(tutorial) },
    ],
  });
}

function cpuByRate(report: RelayReport): string {
  const relay = usual(report, 'relay');
  const tutorial = usual(report, 'tutorial');
  return drawBars({
    title: 'CPU for each event',
    unit: 'µs',
    across: 'deliveries a second, 1 KiB each',
    labels: relay.map(rateLabel),
    series: [
      { name: 'the edge', values: relay.map(({ cpuUs }) => cpuUs.edge) },
      { name: 'the subscriber', values: relay.map(({ cpuUs }) => cpuUs.subscriber) },
      {
        name: "the tutorial's function",
        values: relay.map(({ rate }) => tutorial.find((run) => run.rate === rate)?.cpuUs.function),
      },
    ],
  });
}

function costByRate(report: RelayReport): string {
  const usd = (who: Run['who'], rate: number) =>
    report.runs.find((run) => {
      return run.who === who && run.rate === rate && run.bytes === usualBytes;
    })?.costPerMillion?.usd;
  const relay = usual(report, 'relay');
  return drawBars({
    title: 'A million events at list price',
    unit: 'USD',
    across: 'deliveries a second, 1 KiB each',
    labels: relay.map(rateLabel),
    series: [
      {
        name: "the relay, without the subscriber's host",
        values: relay.map(({ rate }) => usd('relay', rate)),
      },
      { name: "the tutorial's function", values: relay.map(({ rate }) => usd('tutorial', rate)) },
    ],
  });
}

function freshnessBySize({ runs }: RelayReport): string {
  const fewest = Math.min(...runs.map(({ replicas }) => replicas));
  const sizes = new Map<number, Run>();
  for (const run of runs) {
    if (run.who !== 'relay' || run.replicas !== fewest) continue;
    // The usual size has several rates: the highest of them that the others have, too.
    if (run.bytes !== usualBytes || run.rate === 500) sizes.set(run.bytes, run);
  }
  const sorted = [...sizes.values()].sort((a, b) => a.bytes - b.bytes);
  return drawBars({
    title: 'Freshness by the size of a body',
    unit: 'ms',
    across: 'bytes of a body, at most 500 a second and 5 MB a second',
    labels: sorted.map(({ bytes }) => sizeText(bytes)),
    series: (['p50', 'p95', 'p99'] as const).map((name) => ({
      name,
      values: sorted.map(({ freshness }) => freshness[name]),
    })),
  });
}
