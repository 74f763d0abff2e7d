import type { Token } from '../sql/lexer.ts';
import { invalidQuery, notSupported } from '../sql/query-error.ts';
import { runAssert } from './assert.ts';
import { runDdl } from './ddl/run-ddl.ts';
import { checkDml, runDml } from './dml.ts';
import { ResultRows } from './results/result-rows.ts';
import { type QueryResult, runSelect } from './select.ts';
import type { Session } from './session/session.ts';

const CHANGES: ReadonlySet<string> = new Set(['INSERT', 'UPDATE', 'DELETE', 'MERGE']);

/** The statement's first word; SELECT for every query. */
export function verbOf(tokens: readonly Token[]): string {
  const first = tokens.find((token) => token.text !== '(');
  const verb = first?.kind === 'word' ? first.text.toUpperCase() : '';
  return verb === 'WITH' || verb === 'FROM' ? 'SELECT' : verb;
}

/** Runs one statement that is no part of the procedural language. */
export async function runStatement(session: Session, tokens: Token[]): Promise<QueryResult> {
  const verb = verbOf(tokens);
  if (verb === 'SELECT') return await runSelect(session, tokens, false);
  if (CHANGES.has(verb)) return await runDml(session, tokens, verb);
  if (verb === 'ASSERT') return await runAssert(session, tokens);
  if (session.transaction !== undefined) throw notSupported(`${verb} in a transaction`);
  return await runDdl(session, tokens);
}

/** Returns the schema of a SELECT. DML is translated but not run; DDL is not checked. */
export async function checkStatement(session: Session, tokens: Token[]): Promise<QueryResult> {
  const verb = verbOf(tokens);
  if (verb === 'SELECT') return await runSelect(session, tokens, true);
  if (CHANGES.has(verb)) {
    const bytes = await checkDml(session, tokens);
    return { statementType: verb, schema: [], rows: ResultRows.none(), bytesRead: bytes };
  }
  if (verb === '') throw invalidQuery('Syntax error: Unexpected end of script');
  return { statementType: verb, schema: [], rows: ResultRows.none() };
}
