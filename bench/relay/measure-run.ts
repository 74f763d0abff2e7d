import { setTimeout as sleep } from 'node:timers/promises';
import { makeDelivery } from '../edge/deliveries.ts';
import type { Answer, Sender } from '../load/sender.ts';
import type { PartCpu, PartTraffic, RelayStack } from './relay-stack.ts';
import type { TutorialStack } from './tutorial-stack.ts';

export interface RunOptions {
  /** Deliveries a second. */
  rate: number;
  /** Of a body. */
  bytes: number;
  replicas: number;
  seconds: number;
}

interface Quantiles {
  p50: number;
  p95: number;
  p99: number;
}

/** What one run showed. Times are in milliseconds. */
export interface Run extends RunOptions {
  who: 'relay' | 'tutorial';
  /** From the moment when the sender sends until a query finds the row. */
  freshness: Quantiles;
  answer: Quantiles;
  /** Microseconds of CPU an event, by part. */
  cpuUs: Partial<PartCpu> & { function?: number };
  /** Deliveries that were not answered with a 2xx. */
  refused: number;
  /** Rows that were missing when the run was given up; it was not fast enough. */
  missing: number;
}

/** What an event takes on each connection, on average. */
export type TrafficPerEvent = PartTraffic;

const warmUpSeconds = 2;
const pollMs = 10;
/** How long to wait for the last rows. */
const lateMs = 20_000;

export async function measureRelay(
  stack: RelayStack,
  sender: Sender,
  options: RunOptions,
): Promise<Run> {
  await stack.scale(options.replicas);
  const target = { port: stack.edge.port, secret: stack.edge.secret };
  const measured = await measure(
    sender,
    target,
    () => stack.countRows(),
    options,
    () => stack.cpu(),
  );
  return { who: 'relay', ...options, ...measured };
}

export async function measureTutorial(
  stack: TutorialStack,
  sender: Sender,
  options: RunOptions,
): Promise<Run> {
  const measured = await measure(
    sender,
    stack,
    () => stack.countRows(),
    options,
    () => ({
      function: stack.cpuMs(),
    }),
  );
  return { who: 'tutorial', ...options, ...measured };
}

/** A short run on a stack that counts. */
export async function countTraffic(
  stack: RelayStack,
  sender: Sender,
  options: RunOptions,
): Promise<TrafficPerEvent> {
  const { port, secret } = stack.edge;
  const before = await stack.countRows();
  await stack.traffic();
  const delivery = await makeDelivery('purchase', options.bytes, secret);
  const answers = await sender.send({
    port,
    delivery,
    perSecond: options.rate,
    seconds: options.seconds,
  });
  const stored = answers.filter(isTaken).length;
  await watch(
    () => stack.countRows(),
    before,
    () => stored,
    [],
  );
  // What the acks take as well.
  await sleep(300);
  const traffic = await stack.traffic();
  return mapValues(traffic, (one) => mapValues(one, (sum) => sum / stored));
}

async function measure<Part extends string>(
  sender: Sender,
  { port, secret }: { port: number; secret: string },
  countRows: () => Promise<number>,
  { rate, bytes, seconds }: RunOptions,
  cpu: () => Record<Part, number>,
) {
  const delivery = await makeDelivery('purchase', bytes, secret);
  const before = await countRows();
  const total = Math.round(rate * (seconds + warmUpSeconds));
  const seenAt: number[] = [];
  const sending = sender.send({
    port,
    delivery,
    perSecond: rate,
    seconds: seconds + warmUpSeconds,
  });
  let expected = total;
  let isSent = false;
  const watching = watch(
    countRows,
    before,
    () => expected,
    seenAt,
    () => isSent,
  );
  const cpuMs = await measureCpu(cpu, seconds);
  const answers = await sending;
  isSent = true;
  const refused = answers.length - answers.filter(isTaken).length;
  expected = total - refused;
  await watching;
  const warmUp = Math.round(rate * warmUpSeconds);
  return {
    freshness: quantilesOf(waits(answers, seenAt).slice(warmUp)),
    answer: quantilesOf(answers.slice(warmUp).map(({ ms }) => ms)),
    cpuUs: mapValues(cpuMs, (ms) => (ms * 1000) / (rate * seconds)),
    refused,
    missing: Math.max(0, expected - seenAt.length),
  };
}

/** What is used between the end of the warm-up and the end of the sending. */
async function measureCpu<Part extends string>(
  cpu: () => Record<Part, number>,
  seconds: number,
): Promise<Record<Part, number>> {
  await sleep(warmUpSeconds * 1000);
  const before = cpu();
  await sleep(seconds * 1000);
  const after = cpu();
  return mapValues(after, (ms, name) => ms - before[name]);
}

/** Notes when each row was first there: the n-th delivery has arrived when n rows are. */
async function watch(
  countRows: () => Promise<number>,
  before: number,
  expected: () => number,
  seenAt: number[],
  isSent = () => true,
): Promise<void> {
  let progressAt = performance.now();
  while (seenAt.length < expected()) {
    const rows = (await countRows()) - before;
    if (rows > seenAt.length || !isSent()) progressAt = performance.now();
    const now = performance.timeOrigin + performance.now();
    while (seenAt.length < rows) seenAt.push(now);
    if (performance.now() - progressAt > lateMs) return;
    await sleep(pollMs);
  }
}

function waits(answers: readonly Answer[], seenAt: readonly number[]): number[] {
  const sentAt = answers
    .filter(isTaken)
    .map((answer) => answer.sentAt)
    .sort((a, b) => a - b);
  return seenAt.slice(0, sentAt.length).map((at, n) => at - (sentAt[n] ?? Number.NaN));
}

function isTaken({ status }: Answer): boolean {
  return status >= 200 && status < 300;
}

function quantilesOf(values: readonly number[]): Quantiles {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.floor((sorted.length - 1) * share)] ?? Number.NaN;
  return { p50: at(0.5), p95: at(0.95), p99: at(0.99) };
}

function mapValues<Given extends object, Value>(
  given: Given,
  change: (value: Given[keyof Given], name: keyof Given) => Value,
): Record<keyof Given, Value> {
  const entries = Object.entries(given) as [keyof Given, Given[keyof Given]][];
  return Object.fromEntries(entries.map(([name, value]) => [name, change(value, name)])) as Record<
    keyof Given,
    Value
  >;
}
