import { type Pattern, patternType, type Signature, typeNames } from '../../functions/signature.ts';
import { invalidQuery, notSupported } from '../../query-error.ts';
import { type SqlType, sameType } from '../../types.ts';
import type { Typed } from '../typed.ts';
import { coerce, coercionCost, commonType } from './coerce.ts';
import { bound, isSimple, item } from './safely.ts';

/** The call with the signature that costs the least. Throws invalidQuery if none fits. */
export function applySignature(
  name: string,
  candidates: readonly Signature[],
  args: readonly Typed[],
  pos: number | undefined,
): Typed {
  let best: { signature: Signature; variables: Map<string, SqlType>; cost: number } | undefined;
  for (const signature of candidates) {
    const fit = fitOf(signature, args);
    if (fit !== undefined && (best === undefined || fit.cost < best.cost))
      best = { signature, ...fit };
  }
  if (best === undefined) throw noSignature(name, args, pos);
  const { signature, variables } = best;
  const isFolded = args.some(({ ignoresCase }) => ignoresCase === true);
  if (isFolded && COLLATED.has(name)) throw notSupported(`${name} of a collated STRING`, pos);
  const values = args.map((arg, index) => {
    const pattern = parameterAt(signature, index);
    if (pattern === undefined || pattern.kind === 'any') return arg.sql;
    return coerce(arg, patternType(pattern, variables), pos) ?? arg.sql;
  });
  // What fails in an argument of SAFE_DIVIDE is not its own error.
  const isBound = signature.template.includes('TRY(') && !values.every(isSimple);
  const sql = isBound
    ? bound(
        values,
        fill(
          signature,
          values.map((_, index) => item(index)),
        ),
      )
    : fill(signature, values);
  const type = patternType(signature.returns, variables);
  return { sql, type, ...(isFolded && type.kind === 'STRING' && { ignoresCase: true }) };
}

/** Functions that compare texts, which a collation would change. */
const COLLATED: ReadonlySet<string> = new Set(
  'REPLACE SPLIT STRPOS INSTR STARTS_WITH ENDS_WITH CONTAINS_SUBSTR ARRAY_FIRST ARRAY_LAST RANGE_BUCKET'.split(
    ' ',
  ),
);

export function noSignature(name: string, args: readonly Typed[], pos: number | undefined): Error {
  const isOperator = /^\W/.test(name) || /^(?:AND|OR|NOT|u[-+])$/.test(name);
  const what = isOperator ? `operator ${name.replace(/^u/, '')}` : `function ${name}`;
  return invalidQuery(
    `No matching signature for ${what} for argument types: ${typeNames(args.map(({ type }) => type))}`,
    pos,
  );
}

function parameterAt({ parameters, repeated }: Signature, index: number): Pattern | undefined {
  return parameters[index] ?? (repeated ? parameters.at(-1) : undefined);
}

function fitOf(
  signature: Signature,
  args: readonly Typed[],
): { variables: Map<string, SqlType>; cost: number } | undefined {
  const { parameters, repeated } = signature;
  const fits = repeated ? args.length >= parameters.length - 1 : args.length === parameters.length;
  const variables = fits ? bindVariables(signature, args) : undefined;
  if (variables === undefined) return undefined;
  let cost = 0;
  for (const [index, arg] of args.entries()) {
    const pattern = parameterAt(signature, index);
    if (pattern === undefined || pattern.kind === 'any') continue;
    const own = coercionCost(arg, patternType(pattern, variables));
    if (own === undefined) return undefined;
    cost += own;
  }
  return { variables, cost };
}

/** The types of the variables, from all arguments that name them. */
function bindVariables(
  signature: Signature,
  args: readonly Typed[],
): Map<string, SqlType> | undefined {
  const found = new Map<string, Typed[]>();
  for (const [index, arg] of args.entries()) {
    const pattern = parameterAt(signature, index);
    if (pattern === undefined) continue;
    const bound = variableOf(pattern, arg);
    if (bound === 'mismatch') return undefined;
    if (bound) found.set(bound.name, [...(found.get(bound.name) ?? []), ...bound.values]);
  }
  const variables = new Map<string, SqlType>();
  for (const [name, values] of found) {
    const type = commonType(values);
    if (type === undefined) return undefined;
    variables.set(name, type);
  }
  return variables;
}

function variableOf(
  pattern: Pattern,
  arg: Typed,
): { name: string; values: Typed[] } | 'mismatch' | undefined {
  if (pattern.kind === 'variable') return { name: pattern.name, values: [arg] };
  if (pattern.kind !== 'array') return undefined;
  if (arg.type.kind === 'NULL') return variableOf(pattern.item, arg);
  if (arg.type.kind !== 'ARRAY') return 'mismatch';
  if (pattern.item.kind !== 'variable') return undefined;
  const values =
    arg.items !== undefined && arg.items.length > 0
      ? arg.items
      : [{ sql: '', type: arg.type.item }];
  return { name: pattern.item.name, values };
}

function fill({ template, parameters, repeated }: Signature, values: readonly string[]): string {
  const rest = repeated ? values.slice(parameters.length - 1) : [];
  return template.replace(/\$(\d|\*)/g, (_, place: string) =>
    place === '*' ? rest.join(', ') : (values[Number(place) - 1] ?? 'NULL'),
  );
}

export function requireType(
  typed: Typed,
  type: SqlType,
  what: string,
  pos: number | undefined,
): string {
  const sql = coerce(typed, type, pos);
  if (sql !== undefined) return sql;
  const found = sameType(typed.type, type) ? '' : `, but is ${typeNames([typed.type])}`;
  throw invalidQuery(`${what} must be ${typeNames([type])}${found}`, pos);
}
