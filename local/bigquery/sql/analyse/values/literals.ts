import type { Expression, Literal } from '../../parse/trees/tree.ts';
import { invalidQuery } from '../../query-error.ts';
import { jsonText } from '../../runtime/json/json-text.ts';
import { parseJson } from '../../runtime/json/json-tree.ts';
import { BIGNUMERIC, parseDecimal } from '../../runtime/values/decimals.ts';
import { parseInterval } from '../../runtime/values/interval-text.ts';
import { quoteText, type SqlType, scalar, scalarNamed } from '../../types.ts';
import type { Typed } from '../typed.ts';
import { dateLiteral, numericLiteral } from './coerce.ts';

export function analyseLiteral({ type, text, pos }: Literal & { pos: number }): Typed {
  switch (type) {
    case 'NULL':
      return { sql: 'NULL', type: scalar('NULL'), literal: { kind: 'NULL', text } };
    case 'BOOL':
      return { sql: text, type: scalar('BOOL') };
    case 'STRING':
      return { sql: quoteText(text), type: scalar('STRING'), literal: { kind: 'STRING', text } };
    case 'BYTES': {
      const hex = Buffer.from(text, 'latin1').toString('hex');
      return { sql: `unhex('${hex}')`, type: scalar('BYTES') };
    }
    case 'INT64': {
      const value = BigInt(text);
      if (value < -(2n ** 63n) || value >= 2n ** 63n)
        throw invalidQuery(`Invalid integer literal: ${text}`, pos);
      return { sql: intSql(value), type: scalar('INT64'), literal: { kind: 'INT64', text } };
    }
    case 'FLOAT64': {
      const value = Number(text);
      if (!Number.isFinite(value))
        throw invalidQuery(`Invalid floating point literal: ${text}`, pos);
      return {
        sql: `CAST('${Object.is(value, -0) ? '-0.0' : value}' AS DOUBLE)`,
        type: scalar('FLOAT64'),
        literal: { kind: 'FLOAT64', text },
      };
    }
  }
}

/** DuckDB would take a smaller type for a small number, and none for the least INT64. */
function intSql(value: bigint): string {
  return value < 0n ? `CAST('${value}' AS BIGINT)` : `CAST(${value} AS BIGINT)`;
}

/** `DATE '2024-01-01'`. */
export function analyseTyped({
  type: name,
  text,
  pos,
}: Extract<Expression, { kind: 'typed' }>): Typed {
  const type = scalarNamed(name) as SqlType;
  switch (type.kind) {
    case 'NUMERIC':
      return { sql: numericLiteral(text, pos), type };
    case 'BIGNUMERIC': {
      const units = parseDecimal(BIGNUMERIC, text);
      if (units === undefined) throw invalidQuery(`Invalid BIGNUMERIC literal: ${text}`, pos);
      return { sql: `bq_big('{''bignumeric units'': ${units}}')`, type };
    }
    case 'JSON':
      return { sql: `CAST(${quoteText(canonicalJson(text, pos))} AS JSON)`, type };
    default:
      return { sql: dateLiteral(text, type, pos), type };
  }
}

function canonicalJson(text: string, pos: number): string {
  try {
    return jsonText(parseJson(text));
  } catch (cause) {
    throw invalidQuery(`Invalid JSON literal: ${(cause as Error).message}`, pos);
  }
}

/** The parts of an INTERVAL, by unit: months, days or microseconds. */
const UNITS: Readonly<Record<string, readonly [months: bigint, days: bigint, micros: bigint]>> = {
  YEAR: [12n, 0n, 0n],
  QUARTER: [3n, 0n, 0n],
  MONTH: [1n, 0n, 0n],
  WEEK: [0n, 7n, 0n],
  DAY: [0n, 1n, 0n],
  HOUR: [0n, 0n, 3_600_000_000n],
  MINUTE: [0n, 0n, 60_000_000n],
  SECOND: [0n, 0n, 1_000_000n],
  MILLISECOND: [0n, 0n, 1000n],
  MICROSECOND: [0n, 0n, 1n],
};

export function intervalUnit(part: string, pos: number): readonly [bigint, bigint, bigint] {
  const unit = Object.hasOwn(UNITS, part) ? UNITS[part] : undefined;
  if (unit === undefined)
    throw invalidQuery(`A valid date part name is required but found ${part}`, pos);
  return unit;
}

/** `INTERVAL n DAY`, with the SQL of n. */
export function intervalOf(count: string, part: string, pos: number): string {
  const [months, days, micros] = intervalUnit(part, pos);
  const product = (unit: bigint) => (unit === 0n ? '0' : `${count} * ${unit}`);
  return `gsql_interval_of(${product(months)}, ${product(days)}, ${product(micros)})`;
}

/** `INTERVAL '1-2' YEAR TO MONTH`, or `INTERVAL '1 2:3:4' DAY TO SECOND`. */
export function intervalLiteral(text: string, from: string, to: string, pos: number): string {
  const found = parseInterval(text, from, to);
  if (found === undefined) throw invalidQuery(`Invalid INTERVAL value '${text}'`, pos);
  return `gsql_interval_of(${found.months}, ${found.days}, ${found.micros})`;
}
