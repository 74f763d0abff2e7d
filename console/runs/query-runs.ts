import { randomUUID } from 'node:crypto';
import type { BigQuery, Job } from '@google-cloud/bigquery';
import { RelayError } from '../../shared/errors.ts';
import { cellTexts, csvCell, type QueryResult } from '../../subscriber/query/result-cells.ts';
import type { PreparedQuery } from '../../subscriber/query/saved-queries.ts';
import type { QueryCheck, QueryRunInfo } from '../contract.ts';
import { cutRows } from '../readers/rows.ts';

const pageRows = 500;
const csvPageRows = 10_000;
const keptRuns = 30;

interface Run {
  info: QueryRunInfo;
  job?: Job;
  ended: Promise<void>;
}

interface Answer {
  jobComplete?: boolean;
  pageToken?: string;
  totalRows?: string;
  totalBytesProcessed?: string;
  schema?: { fields?: QueryResult['fields'] };
}

interface Page {
  fields: QueryResult['fields'];
  rows: QueryResult['rows'];
  answer: Answer;
}

/** Statements that people run. Only SELECT: the console changes no table. */
export class QueryRuns {
  readonly #bigquery: BigQuery;
  readonly #runs = new Map<string, Run>();

  constructor(bigquery: BigQuery) {
    this.#bigquery = bigquery;
  }

  /** What BigQuery says of the statement, and how much it would read. It costs nothing. */
  async check(query: PreparedQuery): Promise<QueryCheck> {
    try {
      const { statementType, bytes } = await this.#dryRun(query);
      if (statementType !== 'SELECT') return { problem: refusal(statementType) };
      return { bytes };
    } catch (error) {
      return { problem: { code: 'query.failed', detail: (error as Error).message } };
    }
  }

  /**
   * Starts what a person wrote.
   *
   * @throws RelayError `query.failed`
   */
  async start(query: PreparedQuery): Promise<QueryRunInfo> {
    const { problem } = await this.check(query);
    if (problem) throw new RelayError('query.failed', problem.detail);
    return this.startOwn(query);
  }

  /** Starts a statement of the console's own. */
  startOwn(query: PreparedQuery): QueryRunInfo {
    const info: QueryRunInfo = {
      id: randomUUID(),
      state: 'running',
      startedAt: Date.now(),
      ms: 0,
    };
    const run: Run = { info, ended: Promise.resolve() };
    this.#runs.set(info.id, run);
    const [oldest] = this.#runs.keys();
    if (this.#runs.size > keptRuns && oldest) this.#forget(oldest);
    run.ended = this.#run(run, query);
    return info;
  }

  /** Waits a while for the end. */
  async get(id: string, waitMs: number): Promise<QueryRunInfo | undefined> {
    const run = this.#runs.get(id);
    if (!run) return undefined;
    if (run.info.state === 'running') {
      const timer = new AbortController();
      await Promise.race([run.ended, elapsed(waitMs, timer.signal)]);
      timer.abort();
      if (run.info.state === 'running') run.info.ms = Date.now() - run.info.startedAt;
    }
    return run.info;
  }

  /** The next page of a result. */
  async page(id: string, token: string): Promise<QueryRunInfo | undefined> {
    const run = this.#runs.get(id);
    if (!run?.job) return undefined;
    const page = await readPage(run.job, pageRows, token);
    return { ...run.info, ...shownPage(page) };
  }

  /** The whole text of one cell. */
  async cell(id: string, row: number, column: number): Promise<string | null | undefined> {
    const job = this.#runs.get(id)?.job;
    if (!job) return undefined;
    const page = await readPage(job, 1, undefined, String(row));
    return cellTexts(page)[0]?.[column];
  }

  /** At once, whatever BigQuery says. */
  cancel(id: string): QueryRunInfo | undefined {
    const run = this.#runs.get(id);
    if (!run) return undefined;
    if (run.info.state !== 'running') return run.info;
    run.info.state = 'cancelled';
    run.info.ms = Date.now() - run.info.startedAt;
    run.job?.cancel().catch(() => {});
    return run.info;
  }

  cancelAll(): void {
    for (const id of this.#runs.keys()) this.cancel(id);
  }

  /** The whole result as CSV, a page at a time. */
  async *csv(id: string): AsyncGenerator<string> {
    const job = this.#runs.get(id)?.job;
    if (!job) return;
    let isFirst = true;
    for (let token: string | undefined; isFirst || token; ) {
      const page = await readPage(job, csvPageRows, token);
      const names = page.fields.map(({ name }) => csvCell(name, true)).join(',');
      const lines = cellTexts(page).map((row) => row.map((cell) => csvCell(cell, false)).join(','));
      if (isFirst) lines.unshift(names);
      if (lines.length > 0) yield `${lines.join('\n')}\n`;
      isFirst = false;
      token = page.answer.pageToken;
    }
  }

  has(id: string): boolean {
    return this.#runs.get(id)?.job !== undefined;
  }

  async #run(run: Run, query: PreparedQuery): Promise<void> {
    const { info } = run;
    try {
      const [job] = await this.#bigquery.createQueryJob({ ...query, useLegacySql: false });
      run.job = job;
      // It was cancelled while it was being started.
      if (info.state !== 'running') return void job.cancel().catch(() => {});
      let page: Page;
      do page = await readPage(job, pageRows);
      while (page.answer.jobComplete === false && info.state === 'running');
      if (info.state !== 'running') return;
      const { totalRows, totalBytesProcessed } = page.answer;
      Object.assign(info, shownPage(page), {
        state: 'done',
        totalRows: Number(totalRows ?? page.rows.length),
        bytes: Number(totalBytesProcessed ?? 0),
      });
    } catch (error) {
      if (info.state !== 'running') return;
      info.state = 'failed';
      info.problem = { code: 'query.failed', detail: (error as Error).message };
    } finally {
      if (info.state !== 'cancelled') info.ms = Date.now() - info.startedAt;
    }
  }

  async #dryRun(query: PreparedQuery): Promise<{ statementType: string; bytes: number }> {
    const [, answer] = await this.#bigquery.createQueryJob({
      ...query,
      useLegacySql: false,
      dryRun: true,
    });
    const { statementType = '', totalBytesProcessed = 0 } =
      (
        answer as {
          statistics?: { query?: { statementType?: string; totalBytesProcessed?: string } };
        }
      ).statistics?.query ?? {};
    return { statementType, bytes: Number(totalBytesProcessed) };
  }

  #forget(id: string): void {
    this.cancel(id);
    this.#runs.delete(id);
  }
}

function refusal(statementType: string) {
  const kind = statementType || 'no SELECT';
  const detail = `the statement is ${kind}: the console runs SELECT only, and changes no table`;
  return { code: 'query.failed', detail };
}

async function readPage(
  job: Job,
  maxResults: number,
  pageToken?: string,
  startIndex?: string,
): Promise<Page> {
  const [rows, , answer] = (await job.getQueryResults({
    skipParsing: true,
    autoPaginate: false,
    maxResults,
    ...(pageToken && { pageToken }),
    ...(startIndex && { startIndex }),
  })) as unknown as [QueryResult['rows'], unknown, Answer];
  return { rows: rows ?? [], fields: answer.schema?.fields ?? [], answer };
}

function shownPage({ fields, rows, answer }: Page) {
  const { pageToken: next } = answer;
  return { ...cutRows({ fields, rows }), ...(next !== undefined && { next }) };
}

function elapsed(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
