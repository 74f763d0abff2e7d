import { Command, Option } from 'commander';
import { type LedgerLine, readLedger } from '../../subscriber/ledger/read-ledger.ts';
import { loadRelay } from '../../subscriber/service/load-relay.ts';
import { addBigQueryOptions, type BigQueryOptions, findBigQuery } from '../find/bigquery.ts';
import { findStream } from '../find/stream.ts';
import { readPast } from '../program/option-values.ts';
import { jsonOption, printJson } from '../terminal/manners.ts';
import { drawLedger, sumByStream } from './ledger-report.ts';

interface LedgerCommandOptions extends BigQueryOptions {
  since: number;
  until?: number;
  stream?: string;
  by: 'minute' | 'stream';
  json: boolean;
}

const hourMs = 3_600_000;
const minuteMs = 60_000;
/** What has not arrived by then is worth a look: the edge and the subscriber have reported, and Pub/Sub is fast. */
const overdueMs = 2 * minuteMs;

export function ledgerCommand(): Command {
  const command = new Command('ledger')
    .description(
      'show what became of the deliveries of each stream and minute, and that it adds up',
    )
    .addOption(
      new Option('--since <time>', 'received since: 90m, 12h, 7d, or a time')
        .argParser(readPast)
        .default(Date.now() - hourMs, '1h'),
    )
    .addOption(new Option('--until <time>', 'received before').argParser(readPast))
    .option('--stream <name>', 'only of this stream')
    .addOption(
      new Option('--by <what>', 'a line for each minute, or only the sums of each stream')
        .choices(['minute', 'stream'])
        .default('minute'),
    )
    .addOption(jsonOption());
  return addBigQueryOptions(command).action(show);
}

async function show(options: LedgerCommandOptions): Promise<void> {
  const { since, until, stream, by, json } = options;
  const relay = await loadRelay();
  if (stream !== undefined) findStream(relay, stream);
  const bigquery = findBigQuery(relay, options);
  const lines = await readLedger(
    { relay, bigquery },
    { since, ...(until !== undefined && { until }), ...(stream !== undefined && { stream }) },
  );
  if (json) printJson(by === 'minute' ? lines : sumByStream(lines));
  else process.stdout.write(drawLedger(lines, by));
  if (lines.some(isOverdue)) process.exitCode = 1;
}

function isOverdue({ remainder, minute }: LedgerLine): boolean {
  return remainder > 0 && Date.parse(minute) + minuteMs + overdueMs < Date.now();
}
