import type { BigQuery } from '@google-cloud/bigquery';
import { Command, Option } from 'commander';
import { RelayError } from '../shared/error.ts';
import { relay } from '../tributary.config.ts';
import { findBigQuery } from './find-bigquery.ts';
import { type FormatName, formats, type QueryField, type QueryResult } from './format.ts';

export function queryCommand(): Command {
  return new Command('query')
    .description('run GoogleSQL on the running local stack, or on BigQuery')
    .argument('<sql>', 'one statement, as in the BigQuery console')
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
    .option('--state <folder>', 'the state of the local stack', '.tributary')
    .action(
      async (
        sql: string,
        options: { format: FormatName; on?: 'local' | 'google'; state: string },
      ) => {
        const bigquery = findBigQuery(relay, options);
        const result = await runQuery(bigquery, sql);
        process.stdout.write(formats[options.format](result, process.stdout.columns));
      },
    );
}

interface ResultsPage {
  schema?: { fields?: QueryField[] };
  pageToken?: string;
  numDmlAffectedRows?: string;
}

/**
 * Runs one statement and reads every page, with the cells as BigQuery sends them: the client's own
 * parsing would round numbers in JSON columns.
 *
 * @throws RelayError `query.failed` with BigQuery's own message
 */
async function runQuery(bigquery: BigQuery, sql: string): Promise<QueryResult> {
  try {
    const [job] = await bigquery.createQueryJob({ query: sql, useLegacySql: false });
    const result: QueryResult = { fields: [], rows: [] };
    let pageToken: string | undefined;
    do {
      const [rows, , page] = (await job.getQueryResults({
        skipParsing: true,
        autoPaginate: false,
        maxResults: 10_000,
        ...(pageToken && { pageToken }),
      })) as unknown as [QueryResult['rows'], unknown, ResultsPage];
      result.fields = page.schema?.fields ?? result.fields;
      result.rows.push(...rows);
      pageToken = page.pageToken;
    } while (pageToken);
    return result;
  } catch (error) {
    throw new RelayError('query.failed', 'setup', (error as Error).message, { cause: error });
  }
}
