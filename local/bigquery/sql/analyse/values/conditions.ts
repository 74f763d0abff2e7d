import type { Expression } from '../../parse/trees/tree.ts';
import { invalidQuery } from '../../query-error.ts';
import { type SqlType, scalar, typeName } from '../../types.ts';
import type { Analysis } from '../analysis.ts';
import type { Scope } from '../scope.ts';
import type { Typed } from '../typed.ts';
import { coerce, commonType } from './coerce.ts';
import { compare } from './comparisons.ts';
import { requireType } from './match.ts';

/** The values in their common type. Throws invalidQuery. */
export function unified(
  values: readonly Typed[],
  what: string,
  pos: number,
): { values: string[]; type: SqlType } {
  const isNull = values.every(({ type, items }) => type.kind === 'NULL' && items === undefined);
  const type = commonType(values);
  const coerced = type && values.map((value) => coerce(value, type, pos));
  if (type === undefined || coerced === undefined || coerced.includes(undefined)) {
    const types = values.map((value) => typeName(value.type)).join(', ');
    throw invalidQuery(`No matching signature for ${what} for argument types: ${types}`, pos);
  }
  return { type: isNull ? scalar('NULL') : type, values: coerced as string[] };
}

export function analyseCase(
  analysis: Analysis,
  node: Extract<Expression, { kind: 'case' }>,
  scope: Scope,
): Typed {
  const subject = node.of && analysis.expression(node.of, scope);
  const conditions = node.branches.map(({ when }) => {
    const condition = analysis.expression(when, scope);
    if (subject !== undefined) return compare('=', subject, condition, when.pos).sql;
    return requireType(condition, scalar('BOOL'), 'The condition of CASE', when.pos);
  });
  const results = node.branches.map(({ result }) => analysis.expression(result, scope));
  const otherwise = node.otherwise && analysis.expression(node.otherwise, scope);
  const { type, values } = unified(
    [...results, ...(otherwise ? [otherwise] : [])],
    'operator CASE',
    node.pos,
  );
  const branches = conditions.map((condition, index) => `WHEN ${condition} THEN ${values[index]}`);
  const last = otherwise ? ` ELSE ${values.at(-1)}` : '';
  return { sql: `(CASE ${branches.join(' ')}${last} END)`, type };
}

/** IF, IFNULL, COALESCE, NULLIF. Undefined for other names. */
export function analyseConditional(
  name: string,
  args: readonly Typed[],
  pos: number,
): Typed | undefined {
  const [first, second, third] = args;
  switch (name) {
    case 'IF': {
      if (first === undefined || second === undefined || third === undefined || args.length > 3)
        return undefined;
      const condition = requireType(first, scalar('BOOL'), 'The first argument of IF', pos);
      const { type, values } = unified([second, third], 'function IF', pos);
      return { sql: `(CASE WHEN ${condition} THEN ${values[0]} ELSE ${values[1]} END)`, type };
    }
    case 'COALESCE':
    case 'IFNULL': {
      if (args.length === 0 || (name === 'IFNULL' && args.length !== 2)) return undefined;
      const { type, values } = unified(args, `function ${name}`, pos);
      return { sql: `coalesce(${values.join(', ')})`, type };
    }
    case 'NULLIF': {
      if (first === undefined || second === undefined) return undefined;
      const { type, values } = unified([first, second], 'function NULLIF', pos);
      return {
        sql: `nullif(${values[0]}, ${values[1]})`,
        type: first.type.kind === 'NULL' ? type : first.type.kind === type.kind ? first.type : type,
      };
    }
    case 'ZEROIFNULL': {
      if (first === undefined) return undefined;
      return { sql: `coalesce(${first.sql}, 0)`, type: first.type };
    }
    case 'NULLIFZERO': {
      if (first === undefined) return undefined;
      return { sql: `nullif(${first.sql}, 0)`, type: first.type };
    }
    case 'GREATEST':
    case 'LEAST':
      return extreme(name, args, pos);
  }
  return undefined;
}

/** NULL if one argument is NULL, NaN if one is NaN. */
function extreme(name: string, args: readonly Typed[], pos: number): Typed {
  const { type, values } = unified(args, `function ${name}`, pos);
  if (['JSON', 'STRUCT', 'ARRAY'].includes(type.kind)) {
    throw invalidQuery(
      `No matching signature for function ${name} for argument types: ${typeName(type)}`,
      pos,
    );
  }
  const missing = values.map((value) => `${value} IS NULL`).join(' OR ');
  const chosen = `${name.toLowerCase()}(${values.join(', ')})`;
  const nan =
    type.kind === 'FLOAT64' && name === 'LEAST'
      ? ` WHEN ${values.map((value) => `isnan(${value})`).join(' OR ')} THEN CAST('nan' AS DOUBLE)`
      : '';
  return { sql: `(CASE WHEN ${missing} THEN NULL${nan} ELSE ${chosen} END)`, type };
}
