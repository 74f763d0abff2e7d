// `npm run faults`: a relay of real processes, senders, and everything that can go wrong; then a comparison with a
// ledger outside. README.md describes it.
import { randomInt } from 'node:crypto';
import { Command, InvalidArgumentError } from 'commander';
import { plants } from './plants.ts';
import { describePlanted, describeRun, describeSchedule } from './report.ts';
import { type RunResult, runFaults } from './run.ts';
import { runPlants, unfound } from './run-plant.ts';
import { makeSchedule } from './schedule/schedule.ts';

const number = (least: number, most: number) => (text: string) => {
  const value = Number(text);
  if (value >= least && value <= most) return value;
  throw new InvalidArgumentError(`It must be a number from ${least} to ${most}.`);
};

const whole = (least: number, most: number) => (text: string) => {
  const value = number(least, most)(text);
  if (Number.isInteger(value)) return value;
  throw new InvalidArgumentError('It must be a whole number.');
};

interface Options {
  minutes: number;
  seed?: number;
  replicas: number;
  senders: number;
  rate: number;
  json: boolean;
  planted: boolean;
  dryRun: boolean;
}

await new Command('faults')
  .description('kill, stop and break every part of a relay while senders send, then compare')
  .option('--minutes <n>', 'how long the schedule takes', number(0.1, 600), 3)
  .option('--seed <n>', 'the schedule and the deliveries (default: random)', whole(0, 2 ** 31 - 1))
  .option('--replicas <n>', 'subscribers', whole(1, 8), 2)
  .option('--senders <n>', 'processes that send', whole(1, 4), 2)
  .option('--rate <n>', 'deliveries that begin in a second, of all senders', whole(1, 20_000), 400)
  .option('--planted', 'plant a bug after the other into a copy: each must be found', false)
  .option('--dry-run', 'print the schedule and do nothing', false)
  .option('--json', 'print one JSON document and nothing else', false)
  .action(async (options: Options) => {
    const stopping = new AbortController();
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.on(signal, () => stopping.abort(new Error('interrupted')));
    }
    try {
      const run = options.planted ? runPlanted : runOnce;
      process.exitCode = (await run(options, stopping.signal)) ? 0 : 1;
    } catch (error) {
      if (!stopping.signal.aborted) throw error;
      process.stderr.write('interrupted; every process has ended\n');
      process.exitCode = 130;
    }
  })
  .parseAsync();

/** @returns whether there was no difference */
async function runOnce(options: Options, signal: AbortSignal): Promise<boolean> {
  const { minutes, replicas, senders, rate, json, seed = randomInt(2 ** 31) } = options;
  say(`seed ${seed}`);
  const schedule = makeSchedule({ seed, minutes, replicas, senders });
  if (options.dryRun) {
    process.stdout.write(json ? `${JSON.stringify(schedule)}\n` : describeSchedule(schedule));
    return true;
  }
  const result = await runFaults({
    ...{ seed, schedule, replicas, senders, signal, say },
    perSecond: rate / senders,
    atOnce: 128,
    exportEveryMs: 6000,
  });
  process.stdout.write(json ? `${JSON.stringify(result)}\n` : describeRun(result));
  return Object.keys(result.differences).length === 0;
}

/** @returns whether each planted bug was found */
async function runPlanted({ json, replicas }: Options, signal: AbortSignal): Promise<boolean> {
  const found: { planted: string; found: boolean; differences: RunResult['differences'] }[] = [];
  for (const plant of plants) {
    say(plant.what);
    const result = await runPlants([plant], { replicas, signal });
    const isFound = unfound([plant], result).length === 0;
    found.push({ planted: plant.what, found: isFound, differences: result.differences });
  }
  process.stdout.write(json ? `${JSON.stringify(found)}\n` : describePlanted(found));
  return found.every((one) => one.found);
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}
