import type { BigQuery } from '@google-cloud/bigquery';
import { Command, Option } from 'commander';
import { readResult } from '../history/table/result-pages.ts';
import { RelayError } from '../shared/errors.ts';
import { relay } from '../tributary.config.ts';
import { findBigQuery } from './find-bigquery.ts';
import { type PreparedQuery, prepareSaved, savedQueries } from './saved-queries.ts';
import { type FormatName, formats, type QueryResult } from './terminal/format.ts';

interface QueryOptions {
  format: FormatName;
  on?: 'local' | 'google';
  param: string[];
  saved?: string;
  state: string;
  stream?: string;
}

export function queryCommand(): Command {
  const saved = Object.entries(savedQueries).map(([name, { about, parameters }]) => {
    const names = Object.entries(parameters).map(([key, { default: text }]) => `${key}=${text}`);
    return `  ${name}: ${about} (${names.join(', ')})`;
  });
  return new Command('query')
    .description('run GoogleSQL on the running local stack, or on BigQuery')
    .argument('[sql]', 'one statement, as in the BigQuery console')
    .addOption(
      new Option('--format <format>', 'how to print the rows')
        .choices(Object.keys(formats))
        .default('table'),
    )
    .addOption(
      new Option(
        '--on <place>',
        'where to run it (default: local if a stack runs here, else google)',
      ).choices(['local', 'google']),
    )
    .option('--saved <name>', 'run a saved query instead')
    .option('--param <name=value...>', 'parameters of the saved query', [])
    .option('--stream <name>', 'the stream whose table the saved query reads')
    .option('--state <folder>', 'the state of the local stack', '.tributary')
    .addHelpText('after', `\nSaved queries:\n${saved.join('\n')}`)
    .action(async (sql: string | undefined, options: QueryOptions) => {
      const query = prepare(sql, options);
      const result = await runQuery(findBigQuery(relay, options), query);
      const { columns: width, isTTY: onTerminal = false } = process.stdout;
      process.stdout.write(formats[options.format](result, { width, onTerminal }));
    });
}

function prepare(sql: string | undefined, options: QueryOptions): PreparedQuery {
  const { saved: name, param: parameters, stream } = options;
  if (name !== undefined && sql === undefined) {
    return prepareSaved(relay, { name, parameters, ...(stream !== undefined && { stream }) });
  }
  if (name === undefined && sql !== undefined) return { query: sql, params: {}, types: {} };
  throw new RelayError('query.none', 'give either one statement or --saved <name>');
}

type Row = QueryResult['rows'][number];

const pageRows = 10_000;

/** @throws RelayError `query.failed` with BigQuery's own message */
async function runQuery(bigquery: BigQuery, query: PreparedQuery): Promise<QueryResult> {
  try {
    const result: QueryResult = { fields: [], rows: [] };
    for await (const { rows, answer } of readResult<Row>(bigquery, query, pageRows)) {
      result.fields = answer.schema?.fields ?? result.fields;
      for (const row of rows) result.rows.push(row);
    }
    return result;
  } catch (error) {
    throw new RelayError('query.failed', (error as Error).message, { cause: error });
  }
}
