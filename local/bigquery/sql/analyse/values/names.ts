import { nearestName } from '../../../../../shared/nearest-name.ts';
import { invalidQuery } from '../../query-error.ts';
import { fieldNames, quoteText, type SqlType, scalar, typeName } from '../../types.ts';
import { type Column, columnOf, findColumn, type Range, type Scope } from '../scope.ts';
import type { Typed } from '../typed.ts';

/** The expression of a name. Throws invalidQuery if there is none, or if it is ambiguous. */
export function resolveName(name: string, scope: Scope, pos: number): Typed {
  const found = lookUp(name, scope, pos);
  if (found !== undefined) return found;
  const nearest = nearestName(name, allNames(scope));
  const hint = nearest === undefined ? '' : `; Did you mean ${nearest}?`;
  throw invalidQuery(`Unrecognized name: ${name}${hint}`, pos);
}

export function lookUp(name: string, scope: Scope, pos: number): Typed | undefined {
  const key = name.toLowerCase();
  for (let at: Scope | undefined = scope; at !== undefined; at = at.parent) {
    const own = at.locals?.get(key) ?? at.aliases?.get(key) ?? at.merged?.get(key);
    if (own !== undefined) return own;
    const columns = at.ranges.flatMap((range) => columnsNamed(range, name));
    if (columns.length > 1 && !isSame(columns))
      throw invalidQuery(`Column name ${name} is ambiguous`, pos);
    if (columns[0] !== undefined) return columns[0];
    const range = at.ranges.find((each) => each.name?.toLowerCase() === key);
    if (range !== undefined) return rowOf(range);
  }
  return undefined;
}

function isSame(columns: readonly Typed[]): boolean {
  return columns.every(({ sql }) => sql === columns[0]?.sql);
}

function columnsNamed(range: Range, name: string): Typed[] {
  if (range.value !== undefined) {
    if (range.name?.toLowerCase() === name.toLowerCase()) return [columnOf(range, range.value)];
    const offset = findColumn(range.columns, name).filter((column) => column !== range.value);
    if (offset.length > 0) return offset.map((column) => columnOf(range, column));
    return fieldsNamed(columnOf(range, range.value), name);
  }
  return findColumn(range.columns, name).map((column) => columnOf(range, column));
}

function fieldsNamed(value: Typed, name: string): Typed[] {
  if (value.type.kind !== 'STRUCT') return [];
  const index = value.type.fields.findIndex(
    (field) => field.name?.toLowerCase() === name.toLowerCase(),
  );
  return index < 0 ? [] : [fieldAt(value, value.type, index)];
}

/** The row of a table as a STRUCT, or the value of UNNEST. */
export function rowOf(range: Range): Typed {
  if (range.value !== undefined) return columnOf(range, range.value);
  const columns = range.columns.filter(({ isPseudo }) => isPseudo !== true);
  const type: SqlType = {
    kind: 'STRUCT',
    fields: columns.map(({ name, type: own }) => ({ name, type: own })),
  };
  const names = fieldNames(type.fields);
  const fields = columns.map(
    (column, index) => `"${names[index]}" := ${columnOf(range, column).sql}`,
  );
  return { sql: `struct_pack(${fields.join(', ')})`, type };
}

/** The range with this alias, if no column hides it. */
export function rangeNamed(name: string, scope: Scope): Range | undefined {
  for (let at: Scope | undefined = scope; at !== undefined; at = at.parent) {
    const found = at.ranges.find((range) => range.name?.toLowerCase() === name.toLowerCase());
    if (found !== undefined) return found;
    if (at.locals?.has(name.toLowerCase())) return undefined;
  }
  return undefined;
}

/** `t.x`: a column of a table, else a field of a value. */
export function qualified(range: Range, name: string, pos: number): Typed {
  if (range.value !== undefined) return fieldOf(columnOf(range, range.value), name, pos);
  const [found, ...others] = findColumn(range.columns, name);
  if (others.length > 0) throw invalidQuery(`Column name ${name} is ambiguous`, pos);
  if (found !== undefined) return columnOf(range, found);
  throw invalidQuery(`Unrecognized name: ${range.name}.${name}`, pos);
}

/** `x.field` of a STRUCT or of a JSON value. */
export function fieldOf(of: Typed, name: string, pos: number): Typed {
  if (of.type.kind === 'JSON') {
    return { sql: `json_extract(${of.sql}, ${quoteText(`$."${name}"`)})`, type: scalar('JSON') };
  }
  if (of.type.kind !== 'STRUCT') {
    throw invalidQuery(
      `Cannot access field ${name} on a value with type ${typeName(of.type)}`,
      pos,
    );
  }
  const matches = of.type.fields.filter(
    (field) => field.name?.toLowerCase() === name.toLowerCase(),
  );
  if (matches.length > 1) throw invalidQuery(`Struct field name ${name} is ambiguous`, pos);
  const [only] = matches;
  const index = only === undefined ? -1 : of.type.fields.indexOf(only);
  if (index < 0)
    throw invalidQuery(`Field name ${name} does not exist in ${typeName(of.type)}`, pos);
  return fieldAt(of, of.type, index);
}

export function fieldAt(of: Typed, type: SqlType & { kind: 'STRUCT' }, index: number): Typed {
  const name = fieldNames(type.fields)[index] ?? '';
  return {
    sql: `struct_extract(${of.sql}, ${quoteText(name)})`,
    type: type.fields[index]?.type ?? scalar('NULL'),
  };
}

function allNames(scope: Scope | undefined): string[] {
  if (scope === undefined) return [];
  const own = scope.ranges.flatMap((range) =>
    range.columns.map((column: Column) => column.name ?? ''),
  );
  return [...own, ...allNames(scope.parent)].filter((name) => name !== '');
}
