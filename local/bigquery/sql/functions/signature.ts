import { MACRO_NAMES, MACRO_PREFIX } from '../macros.ts';
import { arrayOf, type SqlType, scalar, scalarNamed, typeName } from '../types.ts';

/** A parameter's type: a type, a variable `T`, `ANY`, or an array of one of these. */
export type Pattern =
  | { kind: 'type'; type: SqlType }
  | { kind: 'variable'; name: string }
  | { kind: 'any' }
  | { kind: 'array'; item: Pattern };

export interface Signature {
  parameters: Pattern[];
  /** The last parameter may stand any number of times. */
  repeated: boolean;
  returns: Pattern;
  /** DuckDB's SQL, with `$1` for the first argument and `$*` for the repeated ones. */
  template: string;
}

const ROW = /^(\S+?)\((.*?)\) (\S+) = (.+)$/;

/**
 * Reads a table of functions. Each line is `NAME(types) type = template`; a `*` after the last type lets it stand
 * any number of times.
 */
export function signatures(table: string): Map<string, Signature[]> {
  const found = new Map<string, Signature[]>();
  for (const line of table.split('\n')) {
    const text = line.trim();
    if (text === '' || text.startsWith('#')) continue;
    const match = ROW.exec(text);
    if (match === null) throw new Error(`Not a row of a table of functions: ${text}`);
    const [, name = '', parameters = '', returns = '', template = ''] = match;
    const types = parameters === '' ? [] : parameters.split(', ');
    const repeated = types.at(-1)?.endsWith('*') ?? false;
    const signature: Signature = {
      parameters: types.map((type) => readPattern(type.replace(/\*$/, ''))),
      repeated,
      returns: readPattern(returns),
      template: withMacros(template),
    };
    found.set(name, [...(found.get(name) ?? []), signature]);
  }
  return found;
}

/** In a template, a macro stands without its prefix. */
function withMacros(template: string): string {
  return template.replace(/(?<![\w.])([a-z_]+)(?=\()/g, (name) =>
    MACRO_NAMES.has(name) ? MACRO_PREFIX + name : name,
  );
}

function readPattern(text: string): Pattern {
  const item = /^ARRAY<(.*)>$/.exec(text)?.[1];
  if (item !== undefined) return { kind: 'array', item: readPattern(item) };
  if (text === 'ANY') return { kind: 'any' };
  const type = scalarNamed(text);
  return type === undefined ? { kind: 'variable', name: text } : { kind: 'type', type };
}

export function patternType(pattern: Pattern, variables: ReadonlyMap<string, SqlType>): SqlType {
  switch (pattern.kind) {
    case 'type':
      return pattern.type;
    case 'array':
      return arrayOf(patternType(pattern.item, variables));
    case 'variable':
      return variables.get(pattern.name) ?? scalar('INT64');
    case 'any':
      return scalar('NULL');
  }
}

/** As BigQuery names the types of a call that no signature matches. */
export function typeNames(types: readonly SqlType[]): string {
  return types.map(typeName).join(', ');
}
