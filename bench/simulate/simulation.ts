import { pricesReadOn } from '../../cli/production/prices.ts';
import { drawTable } from '../../cli/terminal/draw-table.ts';
import { measured } from './figures.ts';
import { type Outage, outageOf } from './outage.ts';
import { type PathCosts, pathCosts } from './paths.ts';
import { type Needs, needsOf, type Saturation, saturations } from './saturation.ts';

export interface Scale {
  rates: number[];
  bytes: number;
  outageRate: number;
  outageMinutes: number;
}

/** What docs/scale.md shows. */
export const usualScale: Scale = {
  rates: [1, 10, 100, 1000, 10_000, 100_000],
  bytes: 1024,
  outageRate: 10_000,
  outageMinutes: 30,
};

export interface Simulation {
  bench: 'simulate';
  scale: Scale;
  measured: typeof measured;
  needs: Needs[];
  saturations: Saturation[];
  outages: Outage[];
  costs: PathCosts[];
  pricesReadOn: string;
}

const outageReplicas = [1, 2, 4, 8];

export function simulate(scale: Scale): Simulation {
  const { rates, bytes, outageRate: rate, outageMinutes: minutes } = scale;
  return {
    bench: 'simulate',
    scale,
    measured,
    needs: rates.map((each) => needsOf({ rate: each, bytes })),
    saturations: saturations(bytes),
    outages: outageReplicas.map((replicas) => outageOf({ rate, bytes, minutes, replicas })),
    costs: rates.map((each) => pathCosts({ rate: each, bytes })),
    pricesReadOn,
  };
}

/** Tables of at most 80 columns. */
export function toText(simulation: Simulation): string {
  const { scale } = simulation;
  return [
    `What events of ${scale.bytes} bytes need:`,
    needsTable(simulation),
    'What is full first:',
    saturationTable(simulation),
    `BigQuery is away for ${count(scale.outageMinutes)} minutes, ${count(scale.outageRate)} events a second:`,
    outageTable(simulation),
    'A month behind the same edge, in USD:',
    costTable(simulation),
    `Figures of ${measured.readOn}, list prices of ${simulation.pricesReadOn}.`,
    '',
  ].join('\n');
}

function needsTable({ needs }: Simulation): string {
  const head = ['events/s', 'isolates', 'replicas', 'streams', 'MB/s', 'write MB/s', 'conn.'];
  const rows = needs.map((one) =>
    [
      one.rate,
      one.isolates,
      one.replicas,
      one.streams,
      one.pubsubMbps,
      one.writeMbps,
      one.connections,
    ].map(count),
  );
  return table(head, rows);
}

function saturationTable({ saturations: all }: Simulation): string {
  const rows = all.map(({ name, rate, remedy }) => [name, count(rate), remedy]);
  return drawTable([['', 'events/s', 'then'], ...rows], ['left', 'right', 'left']).trimEnd();
}

function outageTable({ outages }: Simulation): string {
  const head = ['replicas', 'backlog', 'GB', 'caught up after', 'memory MB', 'hosts USD'];
  const rows = outages.map((one) => [
    count(one.replicas),
    count(one.backlog),
    count(one.backlogGb),
    Number.isFinite(one.drainSeconds) ? `${count(one.drainSeconds)} s` : 'never',
    count(one.memoryMb),
    Number.isFinite(one.usd) ? one.usd.toFixed(2) : '',
  ]);
  return table(head, rows);
}

function costTable({ costs }: Simulation): string {
  const head = ['events/s', 'the subscriber', 'BigQuery subscription', 'Dataflow, at least'];
  const rows = costs.map(({ rate, subscriber, bigquerySubscription, dataflow }) => [
    count(rate),
    ...[subscriber, bigquerySubscription, dataflow].map(dollars),
  ]);
  return table(head, rows);
}

function table(head: string[], rows: string[][]): string {
  return drawTable(
    [head, ...rows],
    head.map(() => 'right'),
  ).trimEnd();
}

/** Two significant digits suffice: the figures are of one machine. */
function count(value: number): string {
  const isWhole = Number.isInteger(value);
  const digits = isWhole ? {} : { maximumSignificantDigits: 2 };
  return new Intl.NumberFormat('en', digits).format(value);
}

function dollars(value: number): string {
  return new Intl.NumberFormat('en', { maximumFractionDigits: 0 }).format(value);
}
