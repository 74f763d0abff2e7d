import { BigQueryError } from '../errors.ts';
import { type Token, tokenize } from '../sql/lexer.ts';
import { registerRuntime } from '../sql/runtime/register.ts';
import type { Store } from '../storage/store.ts';
import type { BytesRead } from './bytes-read.ts';
import { runIntoTable } from './destination.ts';
import { deleteExpired } from './expired-partitions.ts';
import { locatedError } from './located-error.ts';
import { ResultRows } from './results/result-rows.ts';
import { checkStatement, runStatement, verbOf } from './run-statement.ts';
import { parseScript } from './script/parse-script.ts';
import { type ChildStatement, ScriptRunner } from './script/run-script.ts';
import type { ScriptNode } from './script/script-tree.ts';
import type { QueryResult } from './select.ts';
import type { Query } from './session/query.ts';
import type { Session } from './session/session.ts';

/** The result of a job's text. A script tells what its statements did. */
export interface JobResult extends QueryResult {
  children?: ChildStatement[];
}

/** Runs a statement or a script. Throws BigQueryError: invalidQuery, notFound, notImplemented. */
export async function runQuery(store: Store, query: Query): Promise<JobResult> {
  await store.prepareSql(registerRuntime);
  const tokens = readTokens(query.sql);
  const session = sessionOf(store, query);
  await deleteExpired(store, query.scope.projectId, Date.now());
  try {
    const nodes = parseScript(tokens);
    const [only] = nodes;
    if (nodes.length === 1 && only?.kind === 'statement')
      return await runOnly(session, only.tokens, query);
    return await runScript(session, nodes);
  } catch (error) {
    throw locatedError(error, query.sql, tokens);
  }
}

async function runOnly(
  session: Session,
  tokens: Token[],
  { destination }: Query,
): Promise<JobResult> {
  if (destination === undefined) return await runStatement(session, tokens);
  if (verbOf(tokens) === 'SELECT') return await runIntoTable(session, tokens, destination);
  throw new BigQueryError(
    'invalid',
    `Cannot set destination table in jobs with ${verbOf(tokens)} statements`,
  );
}

async function runScript(session: Session, nodes: readonly ScriptNode[]): Promise<JobResult> {
  const children: ChildStatement[] = [];
  const runner = new ScriptRunner(session, { onStatement: (child) => children.push(child) });
  const result = await runner.run(nodes);
  const { affectedRows: _, ...rest } = result;
  return { ...rest, statementType: 'SCRIPT', children, bytesRead: sumOf(children) };
}

function sumOf(children: readonly ChildStatement[]): BytesRead {
  const all = children.flatMap(({ result }) => result?.bytesRead ?? []);
  return {
    processed: all.reduce((sum, { processed }) => sum + processed, 0),
    billed: all.reduce((sum, { billed }) => sum + billed, 0),
    tables: [],
  };
}

/** Returns the schema of a SELECT. DML is translated but not run; DDL and scripts are not checked. */
export async function dryRun(store: Store, query: Query): Promise<QueryResult> {
  await store.prepareSql(registerRuntime);
  const tokens = readTokens(query.sql);
  try {
    const nodes = parseScript(tokens);
    const [only] = nodes;
    if (nodes.length === 1 && only?.kind === 'statement')
      return await checkStatement(sessionOf(store, query), only.tokens);
    return { statementType: 'SCRIPT', schema: [], rows: ResultRows.none() };
  } catch (error) {
    throw locatedError(error, query.sql, tokens);
  }
}

function readTokens(sql: string): Token[] {
  const tokens = tokenize(sql);
  if (tokens.some(({ text, kind }) => kind !== 'symbol' || text !== ';')) return tokens;
  throw new BigQueryError('invalidQuery', 'Syntax error: Unexpected end of statement at [1:1]', {
    location: 'query',
  });
}

export function sessionOf(store: Store, query: Query): Session {
  return {
    store,
    scope: query.scope,
    sql: query.sql,
    parameters: query.parameters,
    variables: new Map(),
    routines: new Map(),
    tableFunctions: new Map(),
    temporary: new Map(),
    systemVariables: new Map(),
    referenced: new Map(),
    now: BigInt(Date.now()) * 1000n,
    jobId: query.jobId,
    signal: query.signal,
  };
}
