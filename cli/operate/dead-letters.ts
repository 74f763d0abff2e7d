import { Command, Option } from 'commander';
import { RelayError } from '../../shared/errors.ts';
import type { RelaySource } from '../../subscriber/bigquery/read-cells.ts';
import {
  findLetters,
  type LetterFilter,
  readLetters,
  type StoredLetter,
} from '../../subscriber/dead-letters/find-letters.ts';
import { type ReplayCounts, replayLetters } from '../../subscriber/dead-letters/replay-letters.ts';
import { LetterTrials } from '../../subscriber/dead-letters/try-letter.ts';
import { loadRelay } from '../../subscriber/service/load-relay.ts';
import { addBigQueryOptions, type BigQueryOptions, findBigQuery } from '../find/bigquery.ts';
import { findPubsub } from '../find/pubsub.ts';
import { findStream } from '../find/stream.ts';
import { readCount, readPast } from '../program/option-values.ts';
import { jsonOption, printJson } from '../terminal/manners.ts';
import { countText, ProgressBar } from '../terminal/progress-bar.ts';
import { describeLetter, drawLetters, drawTrials, type TrialGroups } from './letter-report.ts';

interface LetterOptions extends BigQueryOptions {
  stream?: string;
  reason?: string;
  since?: number;
  until?: number;
  limit?: number;
  json: boolean;
}

interface ListOptions extends LetterOptions {
  all: boolean;
}

interface ReplayCommandOptions extends LetterOptions {
  all: boolean;
  again: boolean;
  as?: string;
  dryRun: boolean;
  wait: number;
}

export function deadLettersCommand(): Command {
  return new Command('dead-letters')
    .description('list, show and replay deliveries that are not, or not wholly, rows')
    .addCommand(listCommand())
    .addCommand(showCommand())
    .addCommand(replayCommand());
}

function listCommand(): Command {
  return addLetterOptions(
    new Command('list').description('list dead letters that were not replayed, the newest first'),
  )
    .option('--all', 'also those that were replayed', false)
    .addOption(new Option('--limit <n>', 'at most so many').argParser(readCount).default(50))
    .action(list);
}

function showCommand(): Command {
  const command = new Command('show')
    .description('show one dead letter with its body')
    .argument('<id>', "the delivery's id or the message's id, or its beginning")
    .addOption(jsonOption());
  return addBigQueryOptions(command).action(show);
}

function replayCommand(): Command {
  return addLetterOptions(
    new Command('replay')
      .description('publish dead letters again, and wait for what becomes of them')
      .argument('[ids...]', 'delivery ids or message ids, or their beginnings'),
  )
    .addOption(new Option('--limit <n>', 'at most so many').argParser(readCount))
    .option('--all', 'every one that was not replayed', false)
    .option('--again', 'also those that were replayed', false)
    .option('--dry-run', 'publish nothing; say what would happen under the config as it is', false)
    .option('--as <stream>', 'replay them into this stream, where their own is gone')
    .addOption(
      new Option('--wait <seconds>', 'how long to wait for the next result')
        .argParser(readCount)
        .default(60),
    )
    .action(replay);
}

function addLetterOptions(command: Command): Command {
  return addBigQueryOptions(
    command
      .option('--stream <name>', 'only of this stream')
      .option('--reason <text>', 'only with this in the reason')
      .addOption(
        new Option('--since <time>', 'stored since: 90m, 12h, 7d, or a time').argParser(readPast),
      )
      .addOption(new Option('--until <time>', 'stored before').argParser(readPast))
      .addOption(jsonOption()),
  );
}

async function list(options: ListOptions): Promise<void> {
  const letters: StoredLetter[] = [];
  for await (const letter of findLetters(await openSource(options), {
    ...filterOf(options),
    all: options.all,
  })) {
    letters.push(letter);
  }
  if (options.json) return printJson(letters);
  if (letters.length === 0) return void console.log('There are no such dead letters.');
  process.stdout.write(drawLetters(letters));
  if (letters.length === options.limit) {
    console.log(`Only the newest ${letters.length} are shown: --limit shows more.`);
  }
}

async function show(id: string, options: BigQueryOptions & { json: boolean }): Promise<void> {
  const source = await openSource(options);
  let found = 0;
  for await (const letter of readLetters(source, { ids: [id], all: true, limit: 20 })) {
    found++;
    if (options.json) printJson({ ...letter, data: letter.data.toString('base64') });
    else process.stdout.write(describeLetter(letter));
  }
  if (found === 0) throw new RelayError('dead-letter.unknown', `no dead letter "${id}"`);
}

async function replay(ids: string[], options: ReplayCommandOptions): Promise<void> {
  const source = await openSource(options);
  // A letter that is named is meant, whether or not it was replayed.
  const all = options.again || ids.length > 0;
  const filter: LetterFilter = { ...filterOf(options), all, ...(ids.length > 0 && { ids }) };
  if (options.as !== undefined) findStream(source.relay, options.as);
  requireSelection(ids, options);
  if (options.dryRun) {
    const trial = await tryLetters(source, filter, options.as);
    if (options.json) printJson(trial);
    else process.stdout.write(drawTrials(trial));
    return;
  }
  const abort = new AbortController();
  process.once('SIGINT', () => abort.abort());
  const bar = new ProgressBar(await countLetters(source, filter));
  const pubsub = findPubsub(source.relay, options);
  try {
    const counts = await replayLetters(readLetters(source, filter), {
      ...source,
      pubsub,
      ...(options.as !== undefined && { stream: options.as }),
      idleTimeoutMs: options.wait * 1000,
      signal: abort.signal,
      onProgress: (now) => bar.show(known(now), () => `${known(now)} of ${now.published} known`),
    });
    bar.end();
    report(counts, options);
  } finally {
    bar.end();
    await pubsub.close();
  }
}

/** A replay of everything must be asked for. */
function requireSelection(ids: string[], options: ReplayCommandOptions): void {
  const { all, dryRun, stream, reason, since, until } = options;
  const filters = [stream, reason, since, until].filter((filter) => filter !== undefined);
  if (all || dryRun || ids.length > 0 || filters.length > 0) return;
  throw new RelayError(
    'dead-letter.selection',
    'say which: ids, --stream, --reason, --since, --until, or --all',
  );
}

function report(counts: ReplayCounts, options: ReplayCommandOptions): void {
  const waiting = counts.published - known(counts);
  if (options.json) printJson({ ...counts, waiting });
  else {
    const results = Object.entries(counts.results).map(
      ([result, count]) => `${countText(count)} ${result}`,
    );
    if (waiting > 0) results.push(`${countText(waiting)} without a result yet`);
    console.log(`Replayed ${countText(counts.published)}: ${results.join(', ') || 'nothing'}.`);
  }
  const isGood = waiting === 0 && (counts.results['dead letter'] ?? 0) === 0;
  if (!isGood) process.exitCode = 1;
}

/** Without their bodies. */
async function countLetters(source: RelaySource, filter: LetterFilter): Promise<number> {
  let count = 0;
  for await (const _ of findLetters(source, filter)) count++;
  return count;
}

/** The letters by what would become of them. */
async function tryLetters(
  source: RelaySource,
  filter: LetterFilter,
  stream: string | undefined,
): Promise<TrialGroups> {
  const groups = await new LetterTrials(source.relay).tryAll(readLetters(source, filter), stream);
  return groups.map(({ first, ...group }) => ({
    ...group,
    example: first.deliveryId ?? first.messageId,
  }));
}

async function openSource(options: BigQueryOptions): Promise<RelaySource> {
  const relay = await loadRelay();
  return { relay, bigquery: findBigQuery(relay, options) };
}

function filterOf({ stream, reason, since, until, limit }: LetterOptions): LetterFilter {
  return {
    ...(stream !== undefined && { stream }),
    ...(reason !== undefined && { reason }),
    ...(since !== undefined && { since }),
    ...(until !== undefined && { until }),
    ...(limit !== undefined && { limit }),
  };
}

function known({ results }: ReplayCounts): number {
  return Object.values(results).reduce((sum, count) => sum + count, 0);
}
