import { Command, InvalidArgumentError } from 'commander';
import { drawTable } from '../terminal/draw-table.ts';
import { jsonOption, printJson } from '../terminal/manners.ts';
import {
  type CostPart,
  columnBytes,
  cpuMsPerDelivery,
  envelopeBytes,
  type MonthlyCost,
  monthlyCost,
  notCounted,
} from './monthly-cost.ts';
import { gib, type Price, type PriceName, prices, pricesReadOn } from './prices.ts';

interface CostOptions {
  events: number;
  bytes: number;
  streams: number;
  logAll: boolean;
  json: boolean;
}

export function costCommand(): Command {
  return new Command('cost')
    .description('estimate what a month costs, by part, from list prices')
    .requiredOption('--events <n>', 'deliveries a month of each stream, such as 5e6', parseCount)
    .requiredOption('--bytes <n>', 'bytes of a body, on average', parseCount)
    .option('--streams <n>', 'how many streams have so many deliveries', parseCount, 1)
    .option('--log-all', "with a line in the edge's log for each delivery", false)
    .addOption(jsonOption())
    .action((options: CostOptions) => {
      const { bytes, logAll: logsAll } = options;
      const cost = monthlyCost({ bytes, logsAll, events: options.events * options.streams });
      if (options.json) printJson(reportOf(options, cost));
      else process.stdout.write(toText(options, cost));
    });
}

const maxCount = 1e15;

function parseCount(text: string): number {
  const count = Number(text);
  if (text.trim() !== '' && Number.isInteger(count) && count >= 1 && count <= maxCount) {
    return count;
  }
  throw new InvalidArgumentError('it is a whole number from 1 to 1e15, such as 5000000 or 5e6');
}

/** What `--json` prints. */
function reportOf({ events, bytes, streams, logAll }: CostOptions, cost: MonthlyCost) {
  const used = [...cost.parts, cost.storage].map(({ price }) => [price, prices[price]]);
  return {
    events,
    bytes,
    streams,
    logAll,
    usd: cost.usd,
    parts: cost.parts,
    storagePerMonthKept: cost.storage,
    assumed: { envelopeBytes, columnBytes, cpuMsPerDelivery },
    pricesReadOn,
    prices: Object.fromEntries(used) as Record<string, Price>,
    notCounted,
  };
}

function toText({ events, bytes, streams }: CostOptions, cost: MonthlyCost): string {
  const all = [...cost.parts, cost.storage];
  const rows = cost.parts.map(({ name, price, units, usd }) => [
    `${name}${prices[price].isVerified ? '' : ' *'}`,
    unitsText(prices[price], units),
    unitsText(prices[price], prices[price].free),
    dollars(usd),
  ]);
  const total = ['all', '', '', dollars(cost.usd)];
  const kept = `The rows take ${unitsText(prices.activeStorage, cost.storage.units)}: ${dollars(cost.storage.usd)} for each month that they are kept, beyond the free ${unitsText(prices.activeStorage, prices.activeStorage.free)}.`;
  return [
    `${countText(events * streams)} deliveries a month of ${countText(bytes)} bytes, all accepted, each in a request of its own:`,
    '',
    drawTable(
      [['part', 'a month', 'of it free', 'USD'], ...rows, total],
      ['left', 'right', 'right', 'right'],
    ).trimEnd(),
    kept,
    '',
    `List prices of ${pricesReadOn}: ${sourcesOf(all).join(', ')}.`,
    '* not found on a copy of the vendor’s page: check it before you rely on it.',
    'Not counted:',
    ...notCounted.map((what) => `  - ${what}`),
    '',
  ].join('\n');
}

function unitsText({ unit }: Price, units: number): string {
  if (unit === 'month') return units === 0 ? '' : '1';
  return unit === 'bytes' ? `${fixed(units / gib)} GiB` : countText(units);
}

function sourcesOf(parts: readonly CostPart[]): string[] {
  const source = (name: PriceName) => prices[name].source;
  return [...new Set(parts.map(({ price }) => source(price)))];
}

function countText(count: number): string {
  return new Intl.NumberFormat('en').format(count);
}

function fixed(value: number): string {
  return new Intl.NumberFormat('en', {
    minimumFractionDigits: 2,
    maximumFractionDigits: 2,
  }).format(value);
}

function dollars(usd: number): string {
  return `$${fixed(usd)}`;
}
