import { type Command, Option } from 'commander';
import { type Bench, benchCommand, type Report, toText } from './bench-command.ts';
import { type Figure, toFigure } from './figure.ts';
import { parseAmount } from './options.ts';
import { describeRun, writeProofSection } from './proof.ts';
import type { BigQueryOutage } from './recovery/bigquery-outage.ts';
import { type Outage, outages } from './recovery/outages.ts';
import type { PubsubOutage } from './recovery/pubsub-outage.ts';

interface RecoveryOptions {
  pubsubAway: number;
  rate: number;
  outage?: Outage;
  bigqueryAway: number;
  messages: number;
}

/** The budget of the bench's stream, which is the default. */
const budgetMs = 2500;

/** How soon the relay works again after Pub/Sub or BigQuery was away, and what senders see meanwhile. */
export function recoveryCommand(): Command {
  const description = 'how soon the relay works again after an outage';
  return benchCommand('recovery', description, (options) => open(options as never), writeProof)
    .option('--pubsub-away <seconds>', 'how long Pub/Sub is away, each time', parseAmount, 60)
    .option('--rate <n>', 'deliveries a second meanwhile', parseAmount, 100)
    .addOption(
      new Option('--outage <kind>', 'only this kind of outage of Pub/Sub').choices(outages),
    )
    .option('--bigquery-away <seconds>', 'how long BigQuery is away', parseAmount, 180)
    .option('--messages <n>', 'messages that come meanwhile', parseAmount, 31_000)
    .option('--proof', 'write the section of docs/proof.md', false);
}

function open(options: RecoveryOptions): Bench {
  return async (say) => {
    const { measurePubsubOutage } = await import('./recovery/pubsub-outage.ts');
    const { measureBigQueryOutage } = await import('./recovery/bigquery-outage.ts');
    const figures: Figure[] = [];
    for (const outage of options.outage ? [options.outage] : outages) {
      const { pubsubAway: awaySeconds, rate: perSecond } = options;
      say(`Pub/Sub ${outage} for ${awaySeconds} s, ${perSecond} deliveries a second`);
      const measured = await measurePubsubOutage({ outage, awaySeconds, perSecond });
      figures.push(...pubsubFigures(outage, measured));
    }
    const { bigqueryAway: awaySeconds, messages } = options;
    say(`BigQuery killed for ${awaySeconds} s, ${messages} messages meanwhile`);
    const measured = await measureBigQueryOutage({ awaySeconds, messages });
    return [...figures, ...bigqueryFigures(measured, messages)];
  };
}

function pubsubFigures(outage: Outage, measured: PubsubOutage): Figure[] {
  const sorted = measured.refusedMs.toSorted((a, b) => a - b);
  const at = (share: number) => [sorted[Math.floor((sorted.length - 1) * share)] ?? Number.NaN];
  const what = (figure: string) => `Pub/Sub ${outage}: ${figure}`;
  const longestMs = budgetMs + 500;
  return [
    toFigure(what('first 2xx'), 'ms', [measured.firstStoredMs], { atMost: 2000 }),
    toFigure(what('a 503, p50'), 'ms', at(0.5)),
    toFigure(what('a 503, p99'), 'ms', at(0.99), { atMost: longestMs }),
    toFigure(what('a 503, the slowest'), 'ms', at(1), { atMost: longestMs }),
    toFigure(what('other answers'), '', [measured.others], { atMost: 0 }),
  ];
}

function bigqueryFigures(measured: BigQueryOutage, messages: number): Figure[] {
  return [
    toFigure('BigQuery back: first row', 'ms', [measured.firstRowMs]),
    toFigure(`BigQuery back: ${messages} rows`, 'ms', [measured.allRowsMs], { atMost: 6000 }),
    toFigure('RSS in the outage', 'MB', [measured.peakRssBytes / 1e6], { atMost: 300 }),
  ];
}

function writeProof({ proof }: Record<string, unknown>, report: Report): void {
  if (proof !== true) return;
  const lines = [
    'Pub/Sub goes away while deliveries come at a fixed rate: its process is killed, or frozen, or answers every publish with 503. Then BigQuery is killed while messages come. A 503 may take the budget of the stream (2.5 s) and 0.5 s.',
    '',
    describeRun('npm run bench -- recovery --proof'),
    '',
    '```text',
    toText(report).trimEnd(),
    '```',
  ];
  writeProofSection('Recovery', lines.join('\n'));
}
