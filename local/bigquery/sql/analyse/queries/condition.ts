import type { Expression } from '../../parse/trees/tree.ts';
import { scalar } from '../../types.ts';
import type { Analysis } from '../analysis.ts';
import type { Scope } from '../scope.ts';
import { requireType } from '../values/match.ts';

/**
 * A BOOL in SQL.
 *
 * @param clause what it stands in, for the error: `WHERE clause`
 */
export function conditionSql(
  analysis: Analysis,
  expression: Expression,
  scope: Scope,
  clause: string,
  pos = expression.pos,
): string {
  return requireType(analysis.expression(expression, scope), scalar('BOOL'), clause, pos);
}
