import { invalidQuery } from '../../query-error.ts';
import { fieldNames, quoteText, type SqlType, typeName } from '../../types.ts';
import { apart } from './safely.ts';

/** Throws invalidQuery for a type whose values cannot be compared. */
export function refuseUnequal(type: SqlType, pos: number): void {
  const bad = type.kind === 'JSON' || type.kind === 'ARRAY' ? type : undefined;
  if (bad !== undefined)
    throw invalidQuery(`Equality is not defined for arguments of type ${typeName(bad)}`, pos);
  if (type.kind === 'STRUCT') for (const field of type.fields) refuseUnequal(field.type, pos);
}

/** DuckDB takes NaN for equal to itself, and a NULL field for equal to another one. */
export function needsOwnEquality({ kind }: SqlType): boolean {
  return kind === 'FLOAT64' || kind === 'STRUCT';
}

/** Whether both are equal: NULL if a NULL in one of them could make the difference. */
export function equalitySql(type: SqlType, a: string, b: string): string {
  if (type.kind === 'FLOAT64') return compareFloats('=', a, b);
  if (type.kind !== 'STRUCT') return `(${a} = ${b})`;
  const names = fieldNames(type.fields);
  const field = (of: string, index: number) =>
    `struct_extract(${of}, ${quoteText(names[index] ?? '')})`;
  const same = type.fields.map(({ type: own }, index) =>
    equalitySql(own, field(a, index), field(b, index)),
  );
  return `(${same.join(' AND ')})`;
}

const MACROS: Readonly<Record<string, (a: string, b: string) => string>> = {
  '=': (a, b) => `bq_float_eq(${a}, ${b})`,
  '!=': (a, b) => `(NOT bq_float_eq(${a}, ${b}))`,
  '<': (a, b) => `bq_float_lt(${a}, ${b})`,
  '<=': (a, b) => `bq_float_le(${a}, ${b})`,
  '>': (a, b) => `bq_float_lt(${b}, ${a})`,
  '>=': (a, b) => `bq_float_le(${b}, ${a})`,
};

/** Comparisons that DuckDB, for which NaN is the greatest number, makes alike if this side is a literal. */
const WITH_LEFT = new Set(['=', '!=', '>', '>=']);
const WITH_RIGHT = new Set(['=', '!=', '<', '<=']);

/** NaN is neither equal to a number, itself among them, nor less or greater. */
export function compareFloats(
  operator: string,
  a: string,
  b: string,
  [leftIsLiteral, rightIsLiteral]: readonly [boolean, boolean] = [false, false],
): string {
  const isAlike =
    (leftIsLiteral && WITH_LEFT.has(operator)) || (rightIsLiteral && WITH_RIGHT.has(operator));
  if (isAlike) return `(${a} ${operator === '!=' ? '<>' : operator} ${b})`;
  return MACROS[operator]?.(a, b) ?? `(${a} ${operator} ${b})`;
}

/** Whether the value is equal to one of the items of `from`, with the NULLs of IN. */
export function anyEqual(
  type: SqlType,
  value: string,
  item: string,
  from: string,
  not: boolean,
): string {
  const same = equalitySql(type, value, item);
  const [yes, no] = not ? ['FALSE', 'TRUE'] : ['TRUE', 'FALSE'];
  return apart(
    `(SELECT CASE WHEN bool_or(${same}) THEN ${yes} WHEN bool_or((${same}) IS NULL) THEN NULL ELSE ${no} END FROM ${from})`,
  );
}
