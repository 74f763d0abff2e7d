import { Command } from 'commander';
import { describeMachine } from './machine.ts';
import { parseAmount, parseAmounts } from './options.ts';
import { drawCharts } from './relay/charts.ts';
import { measureAll, type RelayOptions } from './relay/measure-all.ts';
import { describePeer } from './relay/peer.ts';
import { toReport, toText } from './relay/relay-report.ts';

/** The whole relay at fixed rates: how fresh rows are, how fast the edge answers, and what an event costs. */
export function relayCommand(): Command {
  return new Command('relay')
    .description('the whole relay at fixed rates, beside the function that it replaces')
    .option('--rates <list>', 'deliveries a second', parseAmounts, [10, 200, 500, 2000])
    .option('--sizes <list>', 'bytes of a body', parseAmounts, [200, 10_240, 102_400, 1_048_576])
    .option('--replicas <list>', 'replicas of the subscriber', parseAmounts, [1, 2, 4])
    .option('--seconds <n>', 'how long each run is measured', parseAmount, 6)
    .option('--peer', 'also say which other relay is installed', false)
    .option('--charts <folder>', 'write the charts there, as SVG')
    .option('--json', 'print one JSON object and nothing else', false)
    .action(async (options: RelayOptions & { peer: boolean; charts?: string; json: boolean }) => {
      const say = (what: string) => process.stderr.write(`${what} …\n`);
      const { runs, traffic } = await measureAll(options, say);
      const peer = options.peer ? describePeer() : undefined;
      const report = toReport({ machine: describeMachine(), runs, traffic, peer });
      if (options.charts !== undefined) await drawCharts(report, options.charts);
      process.stdout.write(options.json ? `${JSON.stringify(report)}\n` : toText(report));
    });
}
