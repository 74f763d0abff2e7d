import type { BigQuery, Query } from '@google-cloud/bigquery';

/** One page of a result, with its cells as BigQuery sends them. */
interface ResultPage<Row> {
  rows: Row[];
  answer: ResultAnswer;
}

interface ResultAnswer {
  jobComplete?: boolean;
  pageToken?: string;
  schema?: { fields?: { name: string; type: string }[] };
}

/**
 * Runs one statement and reads every page of its result. Cells are not parsed, because the client would round
 * numbers in JSON columns. The next page is requested while the current one is read.
 *
 * @throws an error of the client
 */
export async function* readResult<Row>(
  bigquery: BigQuery,
  query: Query,
  maxResults: number,
): AsyncGenerator<ResultPage<Row>> {
  const [job] = await bigquery.createQueryJob({ ...query, useLegacySql: false });
  const ask = async (pageToken?: string): Promise<ResultPage<Row>> => {
    // BigQuery answers after ten seconds at most, even if the query runs for hours. Such an answer has no row and
    // no page token, like an empty result.
    for (;;) {
      const [rows, , answer] = (await job.getQueryResults({
        skipParsing: true,
        autoPaginate: false,
        maxResults,
        ...(pageToken && { pageToken }),
      })) as unknown as [Row[], unknown, ResultAnswer];
      if (answer.jobComplete !== false) return { rows, answer };
    }
  };
  for (let next: Promise<ResultPage<Row>> | undefined = ask(); next; ) {
    const page: ResultPage<Row> = await next;
    const { pageToken } = page.answer;
    next = pageToken ? ask(pageToken) : undefined;
    // The error is thrown when the page is read. Until then nobody awaits it.
    next?.catch(() => {});
    yield page;
  }
}
