import type { BigQuery, Query } from '@google-cloud/bigquery';

/** Some rows of a result, their cells as BigQuery sends them, and what else it tells with them. */
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
 * Runs one statement and reads every page of its result. The cells are not parsed: the client would round
 * numbers in JSON columns. One page is asked for while the one before it is read.
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
    // BigQuery answers after ten seconds at most, though the query may run for hours; then there is no
    // page token, and no row, as if there were none.
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
  for (let asked: Promise<ResultPage<Row>> | undefined = ask(); asked; ) {
    const page: ResultPage<Row> = await asked;
    const { pageToken } = page.answer;
    asked = pageToken ? ask(pageToken) : undefined;
    // Its failure is told when it is read; until then nobody waits for it.
    asked?.catch(() => {});
    yield page;
  }
}
