import { arrayTable } from '../../functions/array-table.ts';
import { dateTable } from '../../functions/date-table.ts';
import { jsonTable } from '../../functions/json-table.ts';
import { mathTable } from '../../functions/math-table.ts';
import { textTable } from '../../functions/text-table.ts';
import type { Call } from '../../parse/trees/tree.ts';
import { invalidQuery, notSupported } from '../../query-error.ts';
import { duckType, quoteText, type SqlType, scalar, typeName } from '../../types.ts';
import type { Analysis, Routine } from '../analysis.ts';
import { innerScope, type Scope } from '../scope.ts';
import type { Typed } from '../typed.ts';
import { explicitCast } from '../values/casts.ts';
import { coerce, mustCoerce } from '../values/coerce.ts';
import { analyseConditional, unified } from '../values/conditions.ts';
import { applySignature, noSignature, requireType } from '../values/match.ts';
import { bound, item, tried } from '../values/safely.ts';
import { analyseAggregate, isAggregate } from './aggregates.ts';
import { analyseAnalytic, isAnalytic } from './analytic-calls.ts';
import { analyseDateCall } from './date-calls.ts';
import { analyseJsonCall, type CallArguments, described, values } from './json-calls.ts';

const TABLES = [mathTable, textTable, dateTable, jsonTable, arrayTable];

/** Functions of BigQuery that are not here. Other unknown names do not exist in BigQuery either. */
const ABSENT =
  /^(?:ST_|S2_|AEAD\.|KEYS\.|DETERMINISTIC_|ML\.|AI\.|KLL_QUANTILES\.|VECTOR_|RANGE|GENERATE_RANGE|BAG_OF_WORDS|TEXT_ANALYZE|TF_IDF|SEARCH$|EXTERNAL_QUERY|APPROX_TOP_SUM|PERCENTILE_|OBJ\.|BOOL_ARRAY|INT64_ARRAY|FLOAT64_ARRAY|STRING_ARRAY|LAX_\w+_ARRAY|JSON_\w+|MATCH_|APPENDS|CHANGES|GAP_FILL|REGEXP_\w+|NET\.|TS_|D3A_|DLP_|ELEMENT|ARRAY_\w+|CURRENT_\w+|JUSTIFY_\w+|MAKE_INTERVAL)/;

export function analyseCall(analysis: Analysis, call: Call & { pos: number }, scope: Scope): Typed {
  if (isAggregate(call.name)) return analyseAggregate(analysis, call, scope);
  if (isAnalytic(call.name)) return analyseAnalytic(analysis, call, scope);
  if (call.over !== undefined) {
    if (!isKnown(analysis, call)) throw unknown(call);
    throw invalidQuery(`Function ${call.spelt} does not support an OVER clause`, call.pos);
  }
  return call.safe ? analyseSafe(analysis, call, scope) : analyseScalar(analysis, call, scope);
}

/** Arguments that may fail. Their errors are not those of the function. */
const COMPUTED: ReadonlySet<string> = new Set(
  'call binary unary between in like case cast subquery index with'.split(' '),
);

/** `SAFE.PARSE_DATE(…)`: NULL if the function fails. */
function analyseSafe(analysis: Analysis, call: Call & { pos: number }, scope: Scope): Typed {
  const before: string[] = [];
  const locals = new Map<string, Typed>();
  const args = call.args.map((argument) => {
    const { value } = argument;
    // `WEEK(MONDAY)` is a part of a date.
    const isPart = value.kind === 'call' && value.name === 'WEEK';
    if (!COMPUTED.has(value.kind) || isPart) return argument;
    const name = `safe argument ${before.length}`;
    const typed = analysis.expression(value, scope);
    locals.set(name, { ...typed, sql: item(before.length) });
    before.push(coerce(typed, typed.type) ?? typed.sql);
    return { ...argument, value: { kind: 'name' as const, name, pos: value.pos } };
  });
  if (before.length === 0) {
    const result = analyseScalar(analysis, call, scope);
    return { ...result, sql: tried(result.sql) };
  }
  const result = analyseScalar(analysis, { ...call, args }, innerScope(scope, { locals }));
  return { ...result, sql: bound(before, tried(result.sql)) };
}

function isKnown(analysis: Analysis, call: Call): boolean {
  return (
    TABLES.some((table) => table.has(call.name)) ||
    analysis.environment.routine(call.spelt) !== undefined
  );
}

function analyseScalar(analysis: Analysis, call: Call & { pos: number }, scope: Scope): Typed {
  const date = analyseDateCall(analysis, call, scope);
  if (date !== undefined) return date;
  const routine = analysis.environment.routine(call.spelt);
  if (routine !== undefined) return callRoutine(analysis, routine, call, scope);
  if (call.name === 'NORMALIZE' || call.name === 'NORMALIZE_AND_CASEFOLD')
    return normalize(analysis, call, scope);
  const firstNamed = call.args.findIndex(({ name }) => name !== undefined);
  if (firstNamed >= 0 && call.args.slice(firstNamed).some(({ name }) => name === undefined))
    throw invalidQuery(
      `Call to function ${call.name} must not specify positional arguments after named arguments; named arguments must be specified last in the argument list`,
      call.pos,
    );
  const positional = call.args.filter(({ name }) => name === undefined);
  const args = positional.map(({ value }) => analysis.expression(value, scope));
  const named = new Map(
    call.args.flatMap(({ name, value }) =>
      name === undefined ? [] : [[name, analysis.expression(value, scope)] as const],
    ),
  );
  const found =
    analyseConditional(call.name, args, call.pos) ??
    analyseJsonCall({ name: call.name, pos: call.pos, args, named });
  if (found !== undefined) return found;
  const other = OTHERS[call.name]?.({ name: call.name, pos: call.pos, args, named });
  if (other !== undefined) return other;
  for (const [name] of named) {
    if (NAMED[call.name] !== name)
      throw invalidQuery(
        `Named argument ${name} not found in signature for call to function ${call.name}`,
        call.pos,
      );
  }
  args.push(...named.values());
  for (const table of TABLES) {
    const candidates = table.get(call.name);
    if (candidates !== undefined) return applySignature(call.name, candidates, args, call.pos);
  }
  throw unknown(call);
}

/** The last argument of these functions may be named. */
const NAMED: Readonly<Record<string, string>> = { EDIT_DISTANCE: 'max_distance' };

function unknown(call: Call & { pos: number }): Error {
  if (ABSENT.test(call.name)) return notSupported(`The function ${call.name}`, call.pos);
  return invalidQuery(`Function not found: ${call.spelt}`, call.pos);
}

/** Functions whose result depends on more than the types of their arguments. */
const OTHERS: Readonly<Record<string, (call: CallArguments) => Typed | undefined>> = {
  CONCAT: concat,
  FORMAT: format,
  ARRAY_CONCAT: arrayConcat,
  COLLATE: collate,
  CONTAINS_SUBSTR: containsSubstr,
  ERROR: ({ args, pos }) => {
    const [message] = args;
    const text = message && (explicitCast(message, scalar('STRING')) ?? message.sql);
    if (text === undefined) throw noSignature('ERROR', args, pos);
    return { sql: `gsql_fail(${text})`, type: scalar('NULL') };
  },
  IFERROR: ({ args, pos }) => {
    const {
      type,
      values: [a, b],
    } = unified(args, 'function IFERROR', pos);
    return { sql: `CASE WHEN ${failed(a ?? '')} THEN ${b} ELSE ${tried(a ?? '')} END`, type };
  },
  ISERROR: ({ args: [first] }) => first && { sql: failed(first.sql), type: scalar('BOOL') },
  NULLIFERROR: ({ args: [first] }) => first && { sql: tried(first.sql), type: first.type },
  TYPEOF: ({ args: [first] }) =>
    first && { sql: quoteText(typeName(first.type)), type: scalar('STRING') },
  MAKE_INTERVAL: makeInterval,
  'HLL_COUNT.EXTRACT': ({ args, pos }) => {
    const sketch = args[0] && requireType(args[0], scalar('BYTES'), 'The sketch', pos);
    return {
      sql: `coalesce(CAST(json_array_length(CAST(decode(${sketch}) AS JSON)) AS BIGINT), 0)`,
      type: scalar('INT64'),
    };
  },
};

function failed(sql: string): string {
  return `(${tried(`CASE WHEN ${sql} IS NULL THEN TRUE ELSE TRUE END`)} IS NULL)`;
}

/** Values of other types are cast to STRING. */
function concat({ args, pos }: CallArguments): Typed {
  if (args.length === 0) throw noSignature('CONCAT', args, pos);
  const isBytes = args.some(({ type }) => type.kind === 'BYTES');
  const type = scalar(isBytes ? 'BYTES' : 'STRING');
  const parts = args.map((arg) => {
    const own =
      arg.type.kind === 'NULL'
        ? coerce(arg, type)
        : isBytes
          ? coerce(arg, type)
          : explicitCast(arg, type);
    if (own === undefined || ['ARRAY', 'STRUCT', 'JSON'].includes(arg.type.kind))
      throw noSignature('CONCAT', args, pos);
    return own;
  });
  return { sql: `(${parts.join(' || ')})`, type };
}

function format({ args, pos }: CallArguments): Typed {
  const [pattern, ...rest] = args;
  if (pattern === undefined) throw noSignature('FORMAT', args, pos);
  const text = requireType(pattern, scalar('STRING'), 'The format string', pos);
  const call = { name: 'FORMAT', pos, args };
  const tail = rest.length === 0 ? '' : `, ${values(call, rest)}`;
  return { sql: `gsql_format(${described(call, rest)}, ${text}${tail})`, type: scalar('STRING') };
}

/** In a STRING, or in one of the values of something else, as of a row. */
function containsSubstr(call: CallArguments): Typed | undefined {
  const [of, part] = call.args;
  if (of === undefined || part === undefined || ['STRING', 'NULL'].includes(of.type.kind))
    return undefined;
  if (part.type.kind === 'NULL')
    throw invalidQuery('Argument 2 to CONTAINS_SUBSTR must not be NULL', call.pos);
  const text = requireType(part, scalar('STRING'), 'The text to find', call.pos);
  return {
    sql: `gsql_contains_in(${described(call, [of])}, ${text}, ${values(call, [of])})`,
    type: scalar('BOOL'),
  };
}

function arrayConcat({ args, pos }: CallArguments): Typed {
  const { type, values: lists } = unified(args, 'function ARRAY_CONCAT', pos);
  if (type.kind !== 'ARRAY') throw noSignature('ARRAY_CONCAT', args, pos);
  return { sql: lists.reduce((all, list) => `bq_concatenated(${all}, ${list})`), type };
}

function collate({ args, pos }: CallArguments): Typed {
  const [value, specification] = args;
  if (value?.type.kind !== 'STRING' || specification?.literal?.kind !== 'STRING')
    throw noSignature('COLLATE', args, pos);
  const { text } = specification.literal;
  if (text !== 'und:ci' && text !== '' && text !== 'binary')
    throw invalidQuery(`Unsupported collation: ${text}`, pos);
  return { sql: value.sql, type: value.type, ignoresCase: text === 'und:ci' };
}

function makeInterval({ args, named, pos }: CallArguments): Typed {
  const parts = ['year', 'month', 'day', 'hour', 'minute', 'second'].map((part, index) => {
    const given = named.get(part) ?? args[index];
    return given === undefined ? '0' : requireType(given, scalar('INT64'), part, pos);
  });
  const [year, month, day, hour, minute, second] = parts;
  const clock = `(${hour} * 3600 + ${minute} * 60 + ${second}) * 1000000`;
  return {
    sql: `gsql_interval_of(${year} * 12 + ${month}, ${day}, ${clock})`,
    type: scalar('INTERVAL'),
  };
}

/** The mode is a keyword: `NORMALIZE(x, NFKC)`. */
function normalize(analysis: Analysis, call: Call & { pos: number }, scope: Scope): Typed {
  const [first, mode] = call.args;
  const text =
    first &&
    requireType(
      analysis.expression(first.value, scope),
      scalar('STRING'),
      'The argument',
      call.pos,
    );
  const name =
    mode === undefined ? 'NFC' : mode.value.kind === 'name' ? mode.value.name.toUpperCase() : '';
  if (text === undefined || !/^NFK?[CD]$/.test(name))
    throw invalidQuery(`Argument is not valid. Valid values: NFC, NFD, NFKC, NFKD`, call.pos);
  const runtime = call.name === 'NORMALIZE' ? 'normalize' : 'normalize_folded';
  return { sql: `gsql_${runtime}(${text}, ${quoteText(name)})`, type: scalar('STRING') };
}

function callRoutine(
  analysis: Analysis,
  routine: Routine,
  call: Call & { pos: number },
  scope: Scope,
): Typed {
  if (call.args.length !== routine.parameters.length) {
    throw invalidQuery(
      `Number of arguments does not match for function ${call.spelt}. Supported signature: ${call.spelt}(${routine.parameters.length} arguments)`,
      call.pos,
    );
  }
  const args = routine.parameters.map(({ name, type }, index): [string, Typed] => {
    const given = analysis.expression(
      call.args[index]?.value ?? { kind: 'literal', type: 'NULL', text: 'NULL', pos: call.pos },
      scope,
    );
    const sql =
      type === undefined
        ? (coerce(given, given.type) ?? given.sql)
        : mustCoerce(given, type, `Argument ${name}`, call.pos);
    return [name.toLowerCase(), { sql, type: type ?? given.type }];
  });
  if (routine.javaScript !== undefined && routine.returns !== undefined) {
    return callJavaScript(
      routine.javaScript,
      routine.returns,
      args.map(([, arg]) => arg),
      call,
    );
  }
  if (routine.body === undefined) throw notSupported(`The function ${call.spelt}`, call.pos);
  const body = analysis.expression(routine.body, {
    ...innerScope({ parent: undefined, ranges: [], ctes: new Map() }),
    locals: new Map(args),
  });
  if (routine.returns === undefined) return { sql: body.sql, type: body.type };
  return {
    sql: mustCoerce(body, routine.returns, `Function ${call.spelt}`, call.pos),
    type: routine.returns,
  };
}

function callJavaScript(
  id: string,
  returns: SqlType,
  args: readonly Typed[],
  call: Call & { pos: number },
): Typed {
  const types = described({ name: call.spelt, pos: call.pos, args }, args);
  const tail = args.length === 0 ? '' : `, ${values({ name: call.spelt, pos: call.pos }, args)}`;
  const text = `gsql_js(${quoteText(id)}, ${types}${tail})`;
  if (returns.kind === 'STRING') return { sql: text, type: returns };
  if (returns.kind === 'BYTES') return { sql: `gsql_from_base64(${text})`, type: returns };
  const isPlain = returns.kind !== 'ARRAY' && returns.kind !== 'STRUCT' && returns.kind !== 'JSON';
  const cast = isPlain
    ? explicitCast({ sql: text, type: scalar('STRING') }, returns)
    : `CAST(CAST(${text} AS JSON) AS ${duckType(returns)})`;
  if (cast === undefined)
    throw notSupported(`A JavaScript function that returns ${returns.kind}`, call.pos);
  return { sql: cast, type: returns };
}
