import { Command, Option } from 'commander';
import { RelayError } from '../../shared/errors.ts';
import type { RelaySource } from '../../subscriber/bigquery/read-cells.ts';
import {
  countRefused,
  type RefusedFilter,
  readRefused,
} from '../../subscriber/refused/read-refused.ts';
import { loadRelay } from '../../subscriber/service/load-relay.ts';
import { addBigQueryOptions, type BigQueryOptions, findBigQuery } from '../find/bigquery.ts';
import { findStream } from '../find/stream.ts';
import { readCount, readPast } from '../program/option-values.ts';
import { jsonOption, printJson } from '../terminal/manners.ts';
import { describeRefused, drawRefused, groupRefused, toDocument } from './refused-report.ts';

interface RefusedOptions extends BigQueryOptions {
  stream?: string;
  cause?: string;
  since?: number;
  limit: number;
  json: boolean;
}

export function refusedCommand(): Command {
  const command = new Command('refused')
    .description('show deliveries that the edge refused in the last day, and the likely mistakes')
    .argument('[id]', 'show this delivery with its headers: its id, or the beginning of it')
    .option('--stream <name>', 'only of this stream; "" for requests that reached none')
    .option('--cause <cause>', 'only with this cause or outcome')
    .addOption(
      new Option('--since <time>', 'since: 90m, 12h, or a time (default: a day ago)').argParser(
        readPast,
      ),
    )
    .addOption(
      new Option('--limit <n>', 'at most so many deliveries').argParser(readCount).default(20),
    )
    .addOption(jsonOption());
  return addBigQueryOptions(command).action(refused);
}

async function refused(id: string | undefined, options: RefusedOptions): Promise<void> {
  const relay = await loadRelay();
  const { stream, cause, since, limit } = options;
  if (stream) findStream(relay, stream);
  const source = { relay, bigquery: findBigQuery(relay, options) };
  const filter: RefusedFilter = {
    ...(stream !== undefined && { stream }),
    ...(cause !== undefined && { cause }),
    ...(since !== undefined && { since }),
  };
  if (id !== undefined) return await show(id, source, filter, options);
  const [deliveries, counts] = await Promise.all([
    readRefused(source, filter),
    countRefused(source, filter),
  ]);
  const groups = groupRefused(deliveries, counts);
  const shown = deliveries.slice(0, limit);
  if (options.json) printJson({ groups, deliveries: shown.map(toDocument) });
  else process.stdout.write(drawRefused(groups, shown, deliveries.length));
}

async function show(
  id: string,
  source: RelaySource,
  filter: RefusedFilter,
  { json, limit }: RefusedOptions,
): Promise<void> {
  const found = await readRefused(source, { ...filter, id, limit });
  if (found.length === 0) {
    throw new RelayError('refused.unknown', `no refused delivery "${id}" is kept`);
  }
  if (json) printJson(found.map(toDocument));
  else for (const delivery of found) process.stdout.write(describeRefused(delivery));
}
