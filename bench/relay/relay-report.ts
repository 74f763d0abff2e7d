import { pricesReadOn } from '../../cli/production/prices.ts';
import { drawTable } from '../../cli/terminal/draw-table.ts';
import type { Machine } from '../machine.ts';
import { type Cost, relayCost, tutorialCost } from './cost.ts';
import type { CountedRun } from './measure-all.ts';
import type { Run } from './measure-run.ts';
import { usualBytes } from './plan-runs.ts';

const goalRate = 500;
const goalMs = { p95: 150, p99: 250 };

export interface RelayReport {
  bench: 'relay';
  machine: Machine;
  pricesReadOn: string;
  runs: (Run & { costPerMillion?: Cost })[];
  traffic: CountedRun[];
  /** At the usual size and one replica. */
  goal?: { rate: number; p95: number; p99: number; target: typeof goalMs; holds: boolean };
  peer?: string;
}

interface Measured {
  machine: Machine;
  runs: readonly Run[];
  traffic: CountedRun[];
  peer: string | undefined;
}

export function toReport({ machine, runs, traffic, peer }: Measured): RelayReport {
  // Where it is saturated, Cloud Run would start more of it.
  const quickestMs = Math.min(
    ...runs.filter(({ who }) => who === 'tutorial').map(({ answer }) => answer.p50),
  );
  const priced = runs.map((run) => {
    const costPerMillion = costOf(run, traffic, quickestMs);
    return { ...run, ...(costPerMillion && { costPerMillion }) };
  });
  const atGoal = runs.find(({ who, rate, bytes, replicas }) => {
    return who === 'relay' && rate === goalRate && bytes === usualBytes && replicas === 1;
  });
  return {
    bench: 'relay',
    machine,
    pricesReadOn,
    runs: priced,
    traffic,
    ...(atGoal && { goal: goalOf(atGoal) }),
    ...(peer !== undefined && { peer }),
  };
}

function goalOf({ rate, freshness: { p95, p99 }, missing, refused }: Run) {
  const isWhole = missing + refused === 0;
  const holds = isWhole && p95 <= goalMs.p95 && p99 <= goalMs.p99;
  return { rate, p95, p99, target: goalMs, holds };
}

function costOf(run: Run, traffic: readonly CountedRun[], tutorialMs: number): Cost | undefined {
  const { bytes, rate } = run;
  if (run.who === 'tutorial') return tutorialCost({ bytes, answerMs: tutorialMs });
  const counted = traffic.find((one) => one.rate === rate && one.bytes === bytes);
  return counted && relayCost({ bytes, edgeCpuUs: run.cpuUs.edge ?? 0, traffic: counted.traffic });
}

/** Tables of at most 80 columns. */
export function toText(report: RelayReport): string {
  const { machine, goal, peer } = report;
  const { cpu, cores, memoryGiB, os, node, load } = machine;
  const verdict = goal?.holds ? 'holds' : 'missed';
  return [
    `bench relay: ${cpu}, ${cores} cores, ${memoryGiB} GiB, ${os}, Node ${node}, load ${load}`,
    'Freshness in ms, from the request to a row that a query finds, and the answer as p99:',
    timesTable(report),
    'CPU an event in µs, and a million events at list price in USD:',
    costTable(report),
    'For each event, on the way to Pub/Sub, from it, and to BigQuery:',
    trafficTable(report),
    ...(goal
      ? [
          `At ${goal.rate}/s: p95 ${round(goal.p95)} (≤ ${goal.target.p95}), p99 ${round(goal.p99)} (≤ ${goal.target.p99}): ${verdict}.`,
        ]
      : []),
    ...(peer ? [`Another relay: ${peer}.`] : []),
    `Prices of ${report.pricesReadOn}, beyond what is free; without the subscriber's host.`,
    '',
  ].join('\n');
}

function timesTable({ runs }: RelayReport): string {
  const head = ['', 'rate', 'bytes', 'repl.', 'p50', 'p95', 'p99', 'answer', 'lost'];
  const rows = runs.map((run) => [
    run.who,
    String(run.rate),
    sizeText(run.bytes),
    run.who === 'relay' ? String(run.replicas) : '',
    ...[run.freshness.p50, run.freshness.p95, run.freshness.p99].map(round),
    round(run.answer.p99),
    String(run.refused + run.missing),
  ]);
  return drawTable([head, ...rows], ['left', ...Array<'right'>(8).fill('right')]).trimEnd();
}

function costTable({ runs }: RelayReport): string {
  const head = ['', 'rate', 'bytes', 'repl.', 'edge', 'subscriber', 'function', 'USD'];
  const rows = runs.map(({ who, rate, bytes, replicas, cpuUs, costPerMillion }) => [
    who,
    String(rate),
    sizeText(bytes),
    who === 'relay' ? String(replicas) : '',
    ...[cpuUs.edge, cpuUs.subscriber, cpuUs.function].map(roundIf),
    costPerMillion ? costPerMillion.usd.toFixed(2) : '',
  ]);
  return drawTable([head, ...rows], ['left', ...Array<'right'>(7).fill('right')]).trimEnd();
}

function trafficTable({ traffic }: RelayReport): string {
  const head = ['rate', 'bytes', 'publish', 'bytes', 'acks …', 'bytes', 'append', 'bytes'];
  const rows = traffic.map(({ rate, bytes, traffic: one }) => [
    String(rate),
    sizeText(bytes),
    one.edgeToPubsub.requests.toFixed(3),
    round(one.edgeToPubsub.bytesUp),
    one.subscriberToPubsub.requests.toFixed(3),
    round(one.subscriberToPubsub.bytesDown),
    one.subscriberToBigQuery.requests.toFixed(3),
    round(one.subscriberToBigQuery.bytesUp),
  ]);
  return drawTable([head, ...rows], Array<'right'>(8).fill('right')).trimEnd();
}

export function sizeText(bytes: number): string {
  if (bytes >= 1024 * 1024) return `${round(bytes / 1024 / 1024)} MiB`;
  return bytes >= 1024 ? `${round(bytes / 1024)} KiB` : `${bytes} B`;
}

function roundIf(value: number | undefined): string {
  return value === undefined ? '' : round(value);
}

function round(value: number): string {
  return Number.isFinite(value)
    ? new Intl.NumberFormat('en', { maximumSignificantDigits: 3 }).format(value)
    : '–';
}
