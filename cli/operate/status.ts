import { Command, Option } from 'commander';
import { terminalJson, terminalText } from '../../shared/terminal-text.ts';
import { readStatus, type StreamStatus } from '../../subscriber/ledger/read-status.ts';
import { loadRelay } from '../../subscriber/service/load-relay.ts';
import {
  addBigQueryOptions,
  type BigQueryOptions,
  findBigQuery,
  findStack,
} from '../find/bigquery.ts';
import { readSpan } from '../program/option-values.ts';
import { drawUntilInterrupted } from '../terminal/live-screen.ts';
import { jsonOption, printJson } from '../terminal/manners.ts';
import { drawStatus } from './status-report.ts';

interface StatusCommandOptions extends BigQueryOptions {
  window: number;
  watch: boolean;
  json: boolean;
}

const defaultWindowMs = 15 * 60_000;
/** Google bills each query for some megabytes; on this machine it costs nothing. */
const everyMs = { google: 10_000, local: 2000 };

export function statusCommand(): Command {
  const command = new Command('status')
    .description('show on one screen what every stream does now, and what waits')
    .addOption(
      new Option('--window <span>', 'how far back counts and freshness go: 15m, 12h, 7d')
        .argParser(readSpan)
        .default(defaultWindowMs, '15m'),
    )
    .option(
      '--watch',
      'draw it again every few seconds until Ctrl-C; with --json a line each',
      false,
    )
    .addOption(jsonOption());
  return addBigQueryOptions(command).action(show);
}

async function show(options: StatusCommandOptions): Promise<void> {
  const { window: windowMs, watch, json } = options;
  const relay = await loadRelay();
  const source = { relay, bigquery: findBigQuery(relay, options) };
  const read = () => readStatus(source, { windowMs });
  if (!watch) {
    const streams = await read();
    if (json) printJson(streams);
    else process.stdout.write(drawStatus(streams, windowMs));
    return;
  }
  let last: StreamStatus[] | undefined;
  const draw = async (): Promise<string> => {
    let problem = '';
    try {
      last = await read();
    } catch (error) {
      // BigQuery may be back soon; what is shown tells its age.
      if (!last) throw error;
      problem = `${terminalText(`Not read again: ${(error as Error).message}`)}\n`;
    }
    if (json) return problem ? '' : `${terminalJson(JSON.stringify(last))}\n`;
    return `${drawStatus(last, windowMs)}${problem}`;
  };
  const place = findStack(options) ? 'local' : 'google';
  await drawUntilInterrupted(draw, everyMs[place]);
  // Connections that are kept alive would delay the end.
  process.exit(0);
}
