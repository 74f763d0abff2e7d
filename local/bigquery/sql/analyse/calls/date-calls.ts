import type { Argument, Call, DatePart, Expression } from '../../parse/trees/tree.ts';
import { invalidQuery } from '../../query-error.ts';
import { quoteText, type SqlType, scalar, typeName } from '../../types.ts';
import type { Analysis } from '../analysis.ts';
import type { Scope } from '../scope.ts';
import type { Typed } from '../typed.ts';
import { coerce } from '../values/coerce.ts';
import { intervalUnit } from '../values/literals.ts';
import { requireType } from '../values/match.ts';

const DAYS = 'SUNDAY MONDAY TUESDAY WEDNESDAY THURSDAY FRIDAY SATURDAY'.split(' ');
const DATE_PARTS = ['DAY', 'WEEK', 'ISOWEEK', 'MONTH', 'QUARTER', 'YEAR', 'ISOYEAR'];
const TIME_PARTS = ['MICROSECOND', 'MILLISECOND', 'SECOND', 'MINUTE', 'HOUR'];

/** `DAY`, or `WEEK_MONDAY` for `WEEK(MONDAY)`. Throws invalidQuery. */
function partName({ name, day }: DatePart, allowed: readonly string[], pos: number): string {
  if (!allowed.includes(name))
    throw invalidQuery(`A valid date part name is required but found ${name}`, pos);
  if (day === undefined) return name;
  if (name !== 'WEEK' || !DAYS.includes(day))
    throw invalidQuery(`Invalid date part: ${name}(${day})`, pos);
  return day === 'SUNDAY' ? 'WEEK' : `WEEK_${day}`;
}

/** A date part in the place of an argument, which reads like a column or a call. */
function readPart(argument: Argument | undefined, allowed: readonly string[], pos: number): string {
  const value = argument?.value;
  if (value?.kind === 'name')
    return partName({ name: value.name.toUpperCase() }, allowed, value.pos);
  const [day] = value?.kind === 'call' ? value.args : [];
  if (value?.kind === 'call' && day?.value.kind === 'name') {
    return partName({ name: value.name, day: day.value.name.toUpperCase() }, allowed, value.pos);
  }
  throw invalidQuery('A valid date part name is required', value?.pos ?? pos);
}

type Kind = 'DATE' | 'DATETIME' | 'TIME' | 'TIMESTAMP';

function partsOf(kind: Kind): readonly string[] {
  if (kind === 'DATE') return DATE_PARTS;
  return kind === 'TIME' ? TIME_PARTS : [...TIME_PARTS, ...DATE_PARTS];
}

/** Functions that take a date part or an INTERVAL. Undefined for other names. */
export function analyseDateCall(
  analysis: Analysis,
  call: Call & { pos: number },
  scope: Scope,
): Typed | undefined {
  const match = /^(DATE|DATETIME|TIME|TIMESTAMP)_(ADD|SUB|DIFF|TRUNC)$/.exec(call.name);
  const value = (index: number): Typed => {
    const argument = call.args[index];
    if (argument === undefined) throw invalidQuery(`Too few arguments to ${call.name}`, call.pos);
    return analysis.expression(argument.value, scope);
  };
  if (match !== null) {
    const [, kind = '', operation = ''] = match;
    const first = value(0);
    const own = ownKind(kind as Kind, first);
    switch (operation) {
      case 'DIFF':
        return difference(call, own, first, value(1));
      case 'TRUNC':
        return truncation(call, own, first, () => value(2));
      default:
        return addition(analysis, call, own, first, operation === 'SUB', scope);
    }
  }
  return call.name === 'LAST_DAY' ? lastDay(call, value(0)) : currentTime(analysis, call, value);
}

/** DATE_ADD, DATE_DIFF and DATE_TRUNC also take a DATETIME or a TIMESTAMP. */
function ownKind(kind: Kind, value: Typed): Kind {
  const given = value.type.kind;
  const isMoment = given === 'DATETIME' || given === 'TIMESTAMP' || given === 'DATE';
  if (
    kind !== 'TIME' &&
    isMoment &&
    !(kind === 'TIMESTAMP' && given === 'DATE') &&
    !(kind === 'DATETIME' && given === 'DATE')
  )
    return given as Kind;
  return kind;
}

function operand(value: Typed, kind: Kind, call: { name: string; pos: number }): string {
  const sql = coerce(value, scalar(kind), call.pos);
  if (sql !== undefined) return sql;
  throw invalidQuery(
    `No matching signature for function ${call.name} for argument types: ${typeName(value.type)}`,
    call.pos,
  );
}

function addition(
  analysis: Analysis,
  call: Call & { pos: number },
  kind: Kind,
  first: Typed,
  isMinus: boolean,
  scope: Scope,
): Typed {
  const interval = call.args[1]?.value;
  const type = scalar(kind);
  const moment = operand(first, kind, call);
  if (call.args.length !== 2 || interval === undefined)
    throw invalidQuery(`${call.name} needs a value and an INTERVAL`, call.pos);
  if (interval.kind !== 'interval' || interval.to !== undefined) {
    const by = requireType(
      analysis.expression(interval, scope),
      scalar('INTERVAL'),
      'The second argument',
      call.pos,
    );
    if (kind === 'TIME') throw invalidQuery(`${call.name} needs an INTERVAL of one part`, call.pos);
    const sum = `gsql_${kind.toLowerCase()}_plus_interval(${moment}, ${by}, ${isMinus ? -1 : 1})`;
    return { sql: kind === 'DATE' ? `CAST(${sum} AS DATE)` : sum, type };
  }
  const allowed =
    kind === 'TIMESTAMP'
      ? [...TIME_PARTS, 'DAY']
      : partsOf(kind).filter((part) => !part.startsWith('ISO'));
  const part = partName({ name: interval.from }, allowed, interval.pos);
  const count = requireType(
    analysis.expression(interval.value, scope),
    scalar('INT64'),
    'The number of an INTERVAL',
    interval.pos,
  );
  return { sql: added(kind, moment, `(${isMinus ? '-' : ''}${count})`, part, interval.pos), type };
}

function added(kind: Kind, moment: string, count: string, part: string, pos: number): string {
  const [months, days, micros] = intervalUnit(part, pos);
  if (kind === 'DATE' && days > 0n)
    return `bq_in_dates(${moment} + CAST(${count} * ${days} AS INTEGER))`;
  const unit = kind === 'TIMESTAMP' && days > 0n ? 86_400_000_000n : micros;
  const by =
    months > 0n
      ? `to_months(CAST(${count} * ${months} AS INTEGER))`
      : unit > 0n
        ? `to_microseconds(${count} * ${unit})`
        : `to_days(CAST(${count} * ${days} AS INTEGER))`;
  if (kind === 'DATE') return `bq_in_dates(CAST(${moment} + ${by} AS DATE))`;
  if (kind === 'TIME') return `(${moment} + ${by})`;
  return `bq_in_${kind === 'DATETIME' ? 'times' : 'instants'}(${moment} + ${by})`;
}

function difference(call: Call & { pos: number }, kind: Kind, first: Typed, second: Typed): Typed {
  const own = kind === 'DATE' && second.type.kind === 'DATETIME' ? 'DATETIME' : kind;
  const [a, b] = [operand(first, own, call), operand(second, own, call)];
  const allowed = own === 'TIMESTAMP' ? [...TIME_PARTS, 'DAY'] : partsOf(own);
  const part = readPart(call.args[2], allowed, call.pos);
  const type = scalar('INT64');
  if (own === 'DATE' && ['DAY', 'MONTH', 'QUARTER', 'YEAR'].includes(part)) {
    return { sql: `datediff('${part.toLowerCase()}', ${b}, ${a})`, type };
  }
  return { sql: `gsql_${own.toLowerCase()}_diff(${a}, ${b}, '${part}')`, type };
}

/** DuckDB's names of the parts that it truncates to as BigQuery does. */
const NATIVE: Readonly<Record<string, string>> = Object.fromEntries(
  ['MICROSECOND', 'MILLISECOND', 'SECOND', 'MINUTE', 'HOUR', 'DAY', 'MONTH', 'QUARTER', 'YEAR'].map(
    (part) => [part, part.toLowerCase()],
  ),
);

function truncation(
  call: Call & { pos: number },
  kind: Kind,
  first: Typed,
  zone: () => Typed,
): Typed {
  const part = readPart(call.args[1], partsOf(kind), call.pos);
  const moment = operand(first, kind, call);
  const type = scalar(kind);
  const native = { ...NATIVE, ISOWEEK: 'week' }[part];
  const civil = (value: string) =>
    native === undefined
      ? `gsql_datetime_trunc(${value}, '${part}')`
      : `date_trunc('${native}', ${value})`;
  switch (kind) {
    case 'DATE':
      return {
        sql:
          native === undefined
            ? `gsql_date_trunc(${moment}, '${part}')`
            : `CAST(date_trunc('${native}', ${moment}) AS DATE)`,
        type,
      };
    case 'TIME':
      return { sql: `gsql_time_trunc(${moment}, '${part}')`, type };
    case 'DATETIME':
      return { sql: civil(moment), type };
    case 'TIMESTAMP': {
      if (call.args.length < 3)
        return { sql: `timezone('UTC', ${civil(`timezone('UTC', ${moment})`)})`, type };
      const name = requireType(zone(), scalar('STRING'), 'The time zone', call.pos);
      return { sql: `gsql_instant(${civil(`gsql_civil(${moment}, ${name})`)}, ${name})`, type };
    }
  }
}

function lastDay(call: Call & { pos: number }, first: Typed): Typed {
  const part = call.args.length > 1 ? readPart(call.args[1], DATE_PARTS, call.pos) : 'MONTH';
  const date =
    first.type.kind === 'DATETIME' ? `CAST(${first.sql} AS DATE)` : operand(first, 'DATE', call);
  return { sql: `gsql_last_day(${date}, '${part}')`, type: scalar('DATE') };
}

function currentTime(
  analysis: Analysis,
  call: Call & { pos: number },
  value: (index: number) => Typed,
): Typed | undefined {
  const kind = /^CURRENT_(DATE|DATETIME|TIME|TIMESTAMP)$/.exec(call.name)?.[1] as Kind | undefined;
  if (kind === undefined) return undefined;
  const now = `make_timestamptz(${analysis.environment.now})`;
  if (kind === 'TIMESTAMP') return { sql: now, type: scalar(kind) };
  const zone =
    call.args.length > 0
      ? requireType(value(0), scalar('STRING'), 'The time zone', call.pos)
      : quoteText('UTC');
  const civil = `gsql_civil(${now}, ${zone})`;
  if (kind === 'DATETIME') return { sql: civil, type: scalar(kind) };
  return { sql: `CAST(${civil} AS ${kind})`, type: scalar(kind) };
}

const EXTRACTS = [
  ...TIME_PARTS,
  'DAYOFWEEK',
  'DAY',
  'DAYOFYEAR',
  'WEEK',
  'ISOWEEK',
  'MONTH',
  'QUARTER',
  'YEAR',
  'ISOYEAR',
];
/** DuckDB's functions for parts that are alike. */
const SAME: Readonly<Record<string, string>> = {
  YEAR: 'year',
  MONTH: 'month',
  DAY: 'day',
  HOUR: 'hour',
  MINUTE: 'minute',
  QUARTER: 'quarter',
  DAYOFYEAR: 'dayofyear',
};

export function analyseExtract(
  analysis: Analysis,
  node: Extract<Expression, { kind: 'extract' }>,
  scope: Scope,
): Typed {
  const of = analysis.expression(node.of, scope);
  const zone =
    node.zone &&
    requireType(analysis.expression(node.zone, scope), scalar('STRING'), 'The time zone', node.pos);
  const int: SqlType = scalar('INT64');
  if (of.type.kind === 'INTERVAL')
    return { sql: `gsql_interval_extract(${of.sql}, '${node.part.name}')`, type: int };
  if (zone !== undefined && of.type.kind !== 'TIMESTAMP')
    throw invalidQuery(`EXTRACT from ${of.type.kind} does not support AT TIME ZONE`, node.pos);
  const allowed =
    of.type.kind === 'DATE'
      ? EXTRACTS.slice(TIME_PARTS.length)
      : of.type.kind === 'TIME'
        ? TIME_PARTS
        : EXTRACTS;
  let civil = of.sql;
  if (of.type.kind === 'TIMESTAMP')
    civil = zone === undefined ? `timezone('UTC', ${of.sql})` : `gsql_civil(${of.sql}, ${zone})`;
  else if (!['DATE', 'DATETIME', 'TIME'].includes(of.type.kind)) {
    throw invalidQuery(`EXTRACT does not support ${typeName(of.type)}`, node.pos);
  }
  const { name } = node.part;
  if ((name === 'DATE' || name === 'TIME') && of.type.kind !== 'DATE' && of.type.kind !== 'TIME') {
    return { sql: `CAST(${civil} AS ${name})`, type: scalar(name) };
  }
  if (name === 'DATETIME' && of.type.kind === 'TIMESTAMP')
    return { sql: civil, type: scalar('DATETIME') };
  const part = partName(node.part, allowed, node.pos);
  const native = Object.hasOwn(SAME, part) ? SAME[part] : undefined;
  if (native !== undefined) return { sql: `${native}(${civil})`, type: int };
  const suffix = of.type.kind === 'DATE' ? '_date' : of.type.kind === 'TIME' ? '_time' : '';
  return { sql: `gsql_extract${suffix}(${civil}, '${part}')`, type: int };
}
