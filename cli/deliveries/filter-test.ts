import type { BigQuery } from '@google-cloud/bigquery';
import { Command, InvalidArgumentError, Option } from 'commander';
import { parseSpan } from '../../history/time-window.ts';
import type { Relay, RelayStream } from '../../shared/config/config.ts';
import { RelayError } from '../../shared/errors.ts';
import { compileFilter } from '../../shared/filters/filter.ts';
import { censusTable } from '../../shared/report/census.ts';
import { terminalJson } from '../../shared/terminal-text.ts';
import { readResult } from '../../subscriber/bigquery/result-pages.ts';
import { loadRelay } from '../../subscriber/service/load-relay.ts';
import { addBigQueryOptions, type BigQueryOptions, findBigQuery } from '../find/bigquery.ts';
import { findStream } from '../find/stream.ts';
import { drawTable } from '../terminal/draw-table.ts';
import { countText } from '../terminal/progress-bar.ts';
import { FilterComparison, type NameCount } from './judge-filter.ts';
import { readFilter } from './read-filter.ts';
import { type StoredEvents, storedEvents } from './stored-events.ts';

interface FilterTestOptions extends BigQueryOptions {
  filter: string;
  /** In milliseconds. */
  since: number;
  limit: number;
  json: boolean;
}

const dayMs = 24 * 3_600_000;
const pageRows = 10_000;

export function filterTestCommand(): Command {
  const command = new Command('filter-test')
    .description('tell what another filter would have kept and dropped of the stored rows')
    .argument('<stream>', 'stream whose table is read')
    .requiredOption('--filter <filter>', 'the filter, as in tributary.config.ts, or as JSON')
    .addOption(
      new Option('--since <span>', 'how far back: 30m, 6h, 7d')
        .argParser(readSpan)
        .default(7 * dayMs, '7d'),
    )
    .addOption(
      new Option('--limit <rows>', 'how many rows at most, the newest first')
        .argParser(readLimit)
        .default(100_000),
    )
    .option('--json', 'print JSON', false);
  return addBigQueryOptions(command)
    .addHelpText(
      'after',
      '\nOnly what was kept is stored. What the filter dropped is known by name,\nfrom the census.',
    )
    .action(filterTest);
}

async function filterTest(name: string, options: FilterTestOptions): Promise<void> {
  const relay = await loadRelay();
  const stream = findStream(relay, name);
  const filter = readFilter(options.filter, stream, relay);
  const stored = judgeable(stream, filter);
  const bigquery = findBigQuery(relay, options);
  const comparison = new FilterComparison(stream.filter, filter);
  await addRows(comparison, bigquery, relay, stream, stored, options);
  await addCensus(comparison, bigquery, relay, stream, options);
  const counts = comparison.counts();
  process.stdout.write(options.json ? toJson(stream, counts, options) : toText(stream, counts));
}

/** @throws RelayError `filter.unjudged`, which names the fields that the table does not hold */
function judgeable(stream: RelayStream, filter: Parameters<typeof compileFilter>[0]): StoredEvents {
  const { fields, named } = compileFilter(filter);
  const stored = storedEvents(stream, named);
  const missing = fields.filter((path) => !stored.holds(path));
  if (missing.length === 0) return stored;
  const paths = missing.map((path) => `$.${path.map((step) => step ?? '[]').join('.')}`);
  const problem = `the table of "${stream.name}" does not hold ${paths.join(', ')}`;
  throw new RelayError('filter.unjudged', problem);
}

interface WireRow {
  f: { v: string | null }[];
}

async function addRows(
  comparison: FilterComparison,
  bigquery: BigQuery,
  relay: Relay,
  { table }: RelayStream,
  { columns, time, read }: StoredEvents,
  { since, limit }: FilterTestOptions,
): Promise<void> {
  const names = columns.map((column) => `\`${column}\``).join(', ');
  const recent =
    time === undefined
      ? ''
      : ` WHERE \`${time}\` > TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL @minutes MINUTE) ORDER BY \`${time}\` DESC`;
  const query = `SELECT ${names} FROM \`${relay.project}.${table}\`${recent} LIMIT ${limit}`;
  const params = time === undefined ? {} : { minutes: Math.ceil(since / 60_000) };
  for await (const { f } of rowsOf(bigquery, query, params)) {
    comparison.add(
      read(Object.fromEntries(columns.map((column, at) => [column, f[at]?.v ?? null]))),
    );
  }
}

async function addCensus(
  comparison: FilterComparison,
  bigquery: BigQuery,
  relay: Relay,
  { name }: RelayStream,
  { since }: FilterTestOptions,
): Promise<void> {
  const query = `SELECT event_name, SUM(dropped) FROM \`${relay.project}.${censusTable(relay)}\`
WHERE stream = @stream AND cause = 'event-filter'
  AND last_at > TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL @minutes MINUTE)
GROUP BY event_name`;
  const params = { stream: name, minutes: Math.ceil(since / 60_000) };
  for await (const { f } of rowsOf(bigquery, query, params)) {
    comparison.addDropped(f[0]?.v ?? null, Number(f[1]?.v ?? 0));
  }
}

/** No rows where the table is not there yet. @throws RelayError `query.failed` with BigQuery's own message */
async function* rowsOf(
  bigquery: BigQuery,
  query: string,
  params: Record<string, string | number>,
): AsyncGenerator<WireRow> {
  try {
    for await (const { rows } of readResult<WireRow>(bigquery, { query, params }, pageRows)) {
      yield* rows;
    }
  } catch (error) {
    if ((error as { code?: unknown }).code === 404) return;
    throw new RelayError('query.failed', (error as Error).message, { cause: error });
  }
}

function totalsOf(counts: readonly NameCount[]) {
  const sum = (of: 'rows' | 'keptToday' | 'kept' | 'dropped' | 'droppedToday') =>
    counts.reduce((total, count) => total + count[of], 0);
  return {
    rows: sum('rows'),
    keptToday: sum('keptToday'),
    kept: sum('kept'),
    dropped: sum('dropped'),
    droppedToday: sum('droppedToday'),
  };
}

function toJson(
  { name, table }: RelayStream,
  events: readonly NameCount[],
  { since, limit }: FilterTestOptions,
): string {
  const totals = totalsOf(events);
  const report = {
    stream: name,
    table,
    sinceMinutes: Math.ceil(since / 60_000),
    limited: totals.rows >= limit,
    totals,
    events,
  };
  return terminalJson(`${JSON.stringify(report)}\n`);
}

function toText({ table }: RelayStream, counts: readonly NameCount[]): string {
  const totals = totalsOf(counts);
  const lines = counts.map((count) => [
    count.event ?? '(no name)',
    countText(count.rows),
    countText(count.keptToday),
    countText(count.kept),
    countText(count.dropped),
    count.droppedToday === 0 ? '' : countText(count.droppedToday),
    count.ofThese ?? '',
  ]);
  const head = ['event', 'rows', 'kept now', 'kept', 'dropped', 'not stored', 'of these'];
  const align = ['left', ...Array<'right'>(5).fill('right'), 'left'] as ('left' | 'right')[];
  const drawn = lines.length === 0 ? '' : drawTable([head, ...lines], align);
  return `${drawn}${countText(totals.rows)} rows of ${table}:
the new filter keeps ${countText(totals.kept)} and drops ${countText(totals.dropped)}; today's keeps ${countText(totals.keptToday)}.
Today's filter dropped ${countText(totals.droppedToday)} more, which are not stored. Of these, a filter on
names can be judged, and a filter on fields can't (unknown).
`;
}

function readSpan(text: string): number {
  const span = parseSpan(text);
  if (span !== undefined) return span;
  throw new InvalidArgumentError('a span looks like 30m, 6h or 7d');
}

function readLimit(text: string): number {
  if (/^[1-9]\d{0,7}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('a limit is a whole number of rows');
}
