import { fileURLToPath } from 'node:url';
import { Command } from 'commander';
import { describeMachine } from './machine.ts';
import { parseAmount, parseAmounts } from './options.ts';
import { describeRun, writeProofSection } from './proof.ts';
import { drawCharts } from './relay/charts.ts';
import { describePeer } from './relay/peer.ts';
import type { RelayOptions } from './relay/plan-runs.ts';
import { type RelayReport, toReport, toText } from './relay/relay-report.ts';

interface Options extends RelayOptions {
  peer: boolean;
  charts?: string;
  proof: boolean;
  json: boolean;
}

const charts = fileURLToPath(new URL('../docs/charts', import.meta.url));

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
    .option('--proof', 'write the charts and the section of docs/proof.md', false)
    .option('--json', 'print one JSON object and nothing else', false)
    .action(async (options: Options) => {
      const say = (what: string) => process.stderr.write(`${what} …\n`);
      // What starts a relay takes seconds to load, and --help needs none of it.
      const { measureAll } = await import('./relay/measure-all.ts');
      const { runs, traffic } = await measureAll(options, say);
      const peer = options.peer ? describePeer() : undefined;
      const report = toReport({ machine: describeMachine(), runs, traffic, peer });
      if (options.charts !== undefined) await drawCharts(report, options.charts);
      if (options.proof) await writeProof(report);
      process.stdout.write(options.json ? `${JSON.stringify(report)}\n` : toText(report));
    });
}

async function writeProof(report: RelayReport): Promise<void> {
  await drawCharts(report, charts);
  const lines = [
    "The whole relay on one machine: the Worker in workerd, `local/pubsub`, the subscriber, `local/bigquery` and the sender share its cores. Each delivery is sent when it is due, whether earlier ones are answered or not. Beside it is the function of DataNostro's tutorial, which inserts one row a request into the same `local/bigquery`. Nothing here was measured at Google or Cloudflare.",
    '',
    describeRun('npm run bench -- relay --proof'),
    '',
    '![Freshness by rate](charts/freshness-by-rate.svg)',
    '![The time of an answer by rate](charts/answer-by-rate.svg)',
    '![CPU by rate](charts/cpu-by-rate.svg)',
    '![Freshness by size](charts/freshness-by-size.svg)',
    '![Cost by rate](charts/cost-by-rate.svg)',
    '',
    '```text',
    toText(report).trimEnd(),
    '```',
  ];
  writeProofSection('Speed', lines.join('\n'));
}
