import { quote, type SqlType, scalar } from '../../types.ts';
import { type Column, columnOf, type Range, type Relation } from '../scope.ts';
import type { Typed } from '../typed.ts';
import { coerce } from '../values/coerce.ts';

export interface OutputColumn {
  name: string | undefined;
  value: Typed;
}

/** Columns with names for DuckDB, which must differ. */
export function columnsOf(
  outputs: readonly {
    name: string | undefined;
    type: SqlType;
    ignoresCase?: boolean | undefined;
  }[],
): Column[] {
  const seen = new Set<string>();
  return outputs.map(({ name, type, ignoresCase }, index) => {
    const isFree = name !== undefined && !seen.has(name.toLowerCase()) && !/^_c\d+$/i.test(name);
    const sqlName = isFree ? name : `_c${index + 1}`;
    seen.add(sqlName.toLowerCase());
    const isUntyped = type.kind === 'NULL';
    return {
      name,
      sqlName,
      type: isUntyped ? scalar('INT64') : type,
      ...(isUntyped && { isUntyped }),
      ...(ignoresCase === true && { ignoresCase }),
    };
  });
}

/** The list of a SELECT, and the columns that it makes. */
export function selectList(outputs: readonly OutputColumn[]): { list: string; columns: Column[] } {
  const columns = columnsOf(
    outputs.map(({ name, value }) => ({
      name,
      type: value.type,
      ignoresCase: value.ignoresCase,
    })),
  );
  const items = outputs.map(({ value }, index) => {
    const column = columns[index];
    return `${coerce(value, column?.type ?? value.type) ?? value.sql} AS ${quote(column?.sqlName)}`;
  });
  return { list: items.join(', '), columns };
}

/** A relation in a FROM clause, under an alias. */
export function rangeOf(relation: Relation, name: string | undefined, alias: string): Range {
  const [only] = relation.columns;
  const range: Range = { name, alias, columns: relation.columns };
  return relation.isValueTable && only !== undefined ? { ...range, value: only } : range;
}

/** The columns that `*` stands for. */
export function starColumns(range: Range): { name: string | undefined; value: Typed }[] {
  const reference = (column: Column): Typed => columnOf(range, column);
  if (range.value !== undefined) {
    const value = reference(range.value);
    const others = range.columns.filter(
      (column) => column !== range.value && column.isPseudo !== true,
    );
    const own =
      value.type.kind === 'STRUCT'
        ? structColumns(value, value.type)
        : [{ name: range.name ?? range.value.name, value }];
    return [...own, ...others.map((column) => ({ name: column.name, value: reference(column) }))];
  }
  return range.columns
    .filter(({ isPseudo }) => isPseudo !== true)
    .map((column) => ({ name: column.name, value: reference(column) }));
}

export function structColumns(
  value: Typed,
  type: SqlType & { kind: 'STRUCT' },
): { name: string | undefined; value: Typed }[] {
  return type.fields.map((field, index) => ({
    name: field.name,
    value: { sql: `struct_extract_at(${value.sql}, ${index + 1})`, type: field.type },
  }));
}
