import { Analyser } from '../sql/analyse/analyser.ts';
import { EMPTY_SCOPE } from '../sql/analyse/scope.ts';
import { requireType } from '../sql/analyse/values/match.ts';
import type { Token } from '../sql/lexer.ts';
import { readerOf } from '../sql/parse/parse.ts';
import { invalidQuery } from '../sql/query-error.ts';
import { scalar } from '../sql/types.ts';
import { ResultRows } from './results/result-rows.ts';
import { type QueryResult, runScalar } from './select.ts';
import { environmentOf } from './session/environment.ts';
import type { Session } from './session/session.ts';

/** `ASSERT condition [AS 'description']` */
export async function runAssert(session: Session, tokens: readonly Token[]): Promise<QueryResult> {
  const reader = readerOf(tokens);
  reader.expect('ASSERT');
  const expression = reader.expression();
  const described = reader.accept('AS') ? reader.take().text : undefined;
  if (!reader.done) throw reader.unexpected();
  const condition = new Analyser(environmentOf(session)).expression(expression, EMPTY_SCOPE);
  const sql = requireType(condition, scalar('BOOL'), 'The condition of ASSERT', expression.pos);
  const { value } = await runScalar(session, tokens, `SELECT ${sql}`);
  if (value !== true)
    throw invalidQuery(`Assertion failed${described === undefined ? '' : `: ${described}`}`);
  return { statementType: 'ASSERT', schema: [], rows: ResultRows.none() };
}
