import type { Call, WindowSpec } from '../../parse/trees/tree.ts';
import { invalidQuery, notSupported } from '../../query-error.ts';
import { scalar } from '../../types.ts';
import type { Analysis } from '../analysis.ts';
import type { Scope } from '../scope.ts';
import type { Typed } from '../typed.ts';
import { coerce } from '../values/coerce.ts';
import { unified } from '../values/conditions.ts';
import { noSignature, requireType } from '../values/match.ts';
import { apart } from '../values/safely.ts';
import { effectiveWindow, overSql } from './windows.ts';

const RANKS: Readonly<Record<string, 'INT64' | 'FLOAT64'>> = {
  ROW_NUMBER: 'INT64',
  RANK: 'INT64',
  DENSE_RANK: 'INT64',
  PERCENT_RANK: 'FLOAT64',
  CUME_DIST: 'FLOAT64',
};
const VALUES = new Set(['FIRST_VALUE', 'LAST_VALUE', 'NTH_VALUE', 'LEAD', 'LAG']);

export function isAnalytic(name: string): boolean {
  return (
    Object.hasOwn(RANKS, name) ||
    VALUES.has(name) ||
    name === 'NTILE' ||
    name.startsWith('PERCENTILE_')
  );
}

/** Functions that need an OVER clause. */
export function analyseAnalytic(
  analysis: Analysis,
  call: Call & { pos: number },
  scope: Scope,
): Typed {
  const result = analytic(analysis, call, scope);
  return { ...result, sql: apart(result.sql) };
}

function analytic(analysis: Analysis, call: Call & { pos: number }, scope: Scope): Typed {
  if (call.over === undefined)
    throw invalidQuery(
      `Analytic function ${call.name} cannot be called without an OVER clause`,
      call.pos,
    );
  checkWindow(call, effectiveWindow(call.over, scope));
  analysis.aggregates += 1;
  const args = call.args.map(({ value }) => analysis.expression(value, scope));
  const over = overSql(analysis, call.over, scope);
  const rank = Object.hasOwn(RANKS, call.name) ? RANKS[call.name] : undefined;
  if (rank !== undefined) return { sql: `${call.name.toLowerCase()}()${over}`, type: scalar(rank) };
  const [first] = args;
  if (first === undefined) throw noSignature(call.name, args, call.pos);
  if (call.name === 'NTILE') {
    return {
      sql: `ntile(${requireType(first, scalar('INT64'), 'The argument of NTILE', call.pos)})${over}`,
      type: scalar('INT64'),
    };
  }
  if (call.name.startsWith('PERCENTILE_')) return percentile(call, args, over);
  return navigated(call, args, over);
}

const ORDERED = new Set('RANK DENSE_RANK PERCENT_RANK CUME_DIST NTILE LEAD LAG'.split(' '));
const FRAMED = new Set(['FIRST_VALUE', 'LAST_VALUE', 'NTH_VALUE']);

/** Which of ORDER BY and a frame each function needs, and which it does not take. */
function checkWindow(call: Call & { pos: number }, window: WindowSpec): void {
  const { name, pos } = call;
  const said = name.toLowerCase();
  if (ORDERED.has(name) && window.orderBy.length === 0)
    throw invalidQuery(`Window ORDER BY is required for analytic function ${said}`, pos);
  if (name.startsWith('PERCENTILE_') && window.orderBy.length > 0)
    throw invalidQuery(`Window ORDER BY is not allowed for analytic function ${said}`, pos);
  if (!FRAMED.has(name) && window.frame !== undefined)
    throw invalidQuery(`Window framing clause is not allowed for analytic function ${said}`, pos);
}

function percentile(call: Call & { pos: number }, args: readonly Typed[], over: string): Typed {
  const [first, place] = args;
  const at = place && coerce(place, scalar('FLOAT64'), call.pos);
  if (first === undefined || at === undefined) throw noSignature(call.name, args, call.pos);
  if (call.nulls === 'RESPECT')
    throw invalidQuery(
      `RESPECT NULLS in ${call.name} is not supported by the local server`,
      call.pos,
    );
  const fraction = place?.literal === undefined ? at : String(Number(place.literal.text));
  if (call.name === 'PERCENTILE_DISC') {
    return { sql: `quantile_disc(${first.sql}, ${fraction})${over}`, type: first.type };
  }
  const sql = coerce(first, scalar('FLOAT64'), call.pos);
  if (sql === undefined) throw noSignature(call.name, args, call.pos);
  if (first.type.kind === 'NUMERIC' || first.type.kind === 'BIGNUMERIC')
    throw notSupported(`${call.name} of ${first.type.kind}`, call.pos);
  return { sql: `quantile_cont(${sql}, ${fraction})${over}`, type: scalar('FLOAT64') };
}

function navigated(call: Call & { pos: number }, args: readonly Typed[], over: string): Typed {
  const [first, second, third] = args as [Typed, Typed | undefined, Typed | undefined];
  const nulls = call.nulls === 'IGNORE' ? ' IGNORE NULLS' : '';
  const name = call.name.toLowerCase();
  const own = coerce(first, first.type) ?? first.sql;
  if (name === 'first_value' || name === 'last_value')
    return { sql: `${name}(${own}${nulls})${over}`, type: first.type };
  const offset =
    second === undefined
      ? '1'
      : requireType(second, scalar('INT64'), `The offset of ${call.name}`, call.pos);
  const isWrong =
    second?.type.kind === 'NULL' ||
    (second?.literal?.kind === 'INT64' &&
      BigInt(second.literal.text) < (name === 'nth_value' ? 1n : 0n));
  if (isWrong)
    throw invalidQuery(
      `The offset to the function ${call.name} must not be null or ${name === 'nth_value' ? 'less than 1' : 'negative'}`,
      call.pos,
    );
  if (third === undefined)
    return { sql: `${name}(${own}, ${offset}${nulls})${over}`, type: first.type };
  const { type, values } = unified([first, third], `function ${call.name}`, call.pos);
  return { sql: `${name}(${values[0]}, ${offset}, ${values[1]}${nulls})${over}`, type };
}
