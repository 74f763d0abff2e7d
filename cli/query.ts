import type { BigQuery } from '@google-cloud/bigquery';
import { Command, Option } from 'commander';
import type { Relay } from '../shared/config/config.ts';
import { RelayError } from '../shared/errors.ts';
import { readResult } from '../subscriber/bigquery/result-pages.ts';
import type { QueryResult } from '../subscriber/query/result-cells.ts';
import {
  type PreparedQuery,
  prepareSaved,
  savedQueries,
} from '../subscriber/query/saved-queries.ts';
import { loadRelay } from '../subscriber/service/load-relay.ts';
import { addBigQueryOptions, type BigQueryOptions, findBigQuery } from './find/bigquery.ts';
import { type FormatName, formats } from './query/result-formats.ts';

interface QueryOptions extends BigQueryOptions {
  format: FormatName;
  param: string[];
  saved?: string;
  stream?: string;
}

export function queryCommand(): Command {
  const saved = Object.entries(savedQueries).map(([name, { about, parameters }]) => {
    const names = Object.entries(parameters).map(([key, { default: text }]) =>
      text === undefined ? `${key}, required` : `${key}=${text}`,
    );
    return `  ${name} (${names.join('; ')})\n    ${about}`;
  });
  const command = new Command('query')
    .description('run a GoogleSQL statement on the local stack or on BigQuery')
    .argument('[sql]', 'one statement, as in the BigQuery console')
    .addOption(
      new Option('--format <format>', 'output format')
        .choices(Object.keys(formats))
        .default('table'),
    )
    .addOption(new Option('--json', 'the same as --format json').implies({ format: 'json' }))
    .option('--saved <name>', 'run a saved query instead of a statement')
    .option('--param <name=value...>', 'parameters of the saved query', [])
    .option('--stream <name>', 'stream whose table the saved query reads');
  return addBigQueryOptions(command)
    .addHelpText('after', `\nSaved queries:\n${saved.join('\n')}`)
    .action(query);
}

async function query(sql: string | undefined, options: QueryOptions): Promise<void> {
  const relay = await loadRelay();
  const prepared = prepare(relay, sql, options);
  const result = await runQuery(findBigQuery(relay, options), prepared);
  const { columns: width, isTTY: onTerminal = false } = process.stdout;
  process.stdout.write(formats[options.format](result, { width, onTerminal }));
}

function prepare(relay: Relay, sql: string | undefined, options: QueryOptions): PreparedQuery {
  const { saved: name, param: parameters, stream } = options;
  if (name !== undefined && sql === undefined) {
    return prepareSaved(relay, { name, parameters, ...(stream !== undefined && { stream }) });
  }
  if (name === undefined && sql !== undefined) return { query: sql, params: {}, types: {} };
  const given =
    name === undefined
      ? 'neither a statement nor --saved was'
      : 'a statement and --saved were both';
  throw new RelayError('query.none', `${given} given`);
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
