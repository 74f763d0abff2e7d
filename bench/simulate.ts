import { Command } from 'commander';
import { parseAmount, parseAmounts } from './options.ts';
import { simulate, toText, usualScale } from './simulate/simulation.ts';

/** What a load needs, what is full first, and what an outage leaves: computed from what the benches measured. */
export function simulateCommand(): Command {
  const { rates, bytes, outageRate, outageMinutes } = usualScale;
  return new Command('simulate')
    .description('what loads need, what is full first, and what an outage leaves')
    .option('--rates <list>', 'events a second', parseAmounts, rates)
    .option('--bytes <n>', 'bytes of a body', parseAmount, bytes)
    .option('--outage-rate <n>', 'events a second in an outage', parseAmount, outageRate)
    .option('--outage-minutes <n>', 'how long BigQuery is away', parseAmount, outageMinutes)
    .option('--json', 'print one JSON object and nothing else', false)
    .action(({ json, ...scale }: typeof usualScale & { json: boolean }) => {
      const simulation = simulate(scale);
      process.stdout.write(json ? `${JSON.stringify(simulation)}\n` : toText(simulation));
    });
}
