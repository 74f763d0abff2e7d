export type ScalarKind =
  | 'INT64'
  | 'FLOAT64'
  | 'NUMERIC'
  | 'BIGNUMERIC'
  | 'BOOL'
  | 'STRING'
  | 'BYTES'
  | 'DATE'
  | 'DATETIME'
  | 'TIME'
  | 'TIMESTAMP'
  | 'JSON'
  | 'INTERVAL'
  /** A NULL without a type, which every type takes. */
  | 'NULL';

export type SqlType =
  | { kind: ScalarKind }
  | { kind: 'ARRAY'; item: SqlType }
  | { kind: 'STRUCT'; fields: StructField[] };

export interface StructField {
  /** Undefined for a field without a name. */
  name: string | undefined;
  type: SqlType;
}

const SCALARS = Object.fromEntries(
  'INT64 FLOAT64 NUMERIC BIGNUMERIC BOOL STRING BYTES DATE DATETIME TIME TIMESTAMP JSON INTERVAL NULL'
    .split(' ')
    .map((kind) => [kind, { kind: kind as ScalarKind }]),
) as Record<ScalarKind, SqlType>;

export function scalar(kind: ScalarKind): SqlType {
  return SCALARS[kind];
}

export function arrayOf(item: SqlType): SqlType {
  return { kind: 'ARRAY', item: item.kind === 'NULL' ? scalar('INT64') : item };
}

const ALIASES: Readonly<Record<string, ScalarKind>> = {
  INT64: 'INT64',
  INT: 'INT64',
  SMALLINT: 'INT64',
  INTEGER: 'INT64',
  BIGINT: 'INT64',
  TINYINT: 'INT64',
  BYTEINT: 'INT64',
  FLOAT64: 'FLOAT64',
  NUMERIC: 'NUMERIC',
  DECIMAL: 'NUMERIC',
  BIGNUMERIC: 'BIGNUMERIC',
  BIGDECIMAL: 'BIGNUMERIC',
  BOOL: 'BOOL',
  BOOLEAN: 'BOOL',
  STRING: 'STRING',
  BYTES: 'BYTES',
  DATE: 'DATE',
  DATETIME: 'DATETIME',
  TIME: 'TIME',
  TIMESTAMP: 'TIMESTAMP',
  JSON: 'JSON',
  INTERVAL: 'INTERVAL',
};

/** The type of a name in GoogleSQL. */
export function scalarNamed(name: string): SqlType | undefined {
  const kind = Object.hasOwn(ALIASES, name.toUpperCase()) ? ALIASES[name.toUpperCase()] : undefined;
  return kind && scalar(kind);
}

/** A type as GoogleSQL writes it: `ARRAY<STRUCT<a INT64, STRING>>`. */
export function typeName(type: SqlType): string {
  if (type.kind === 'ARRAY') return `ARRAY<${typeName(type.item)}>`;
  if (type.kind !== 'STRUCT') return type.kind === 'NULL' ? 'INT64' : type.kind;
  const fields = type.fields.map((field) =>
    field.name === undefined ? typeName(field.type) : `${field.name} ${typeName(field.type)}`,
  );
  return `STRUCT<${fields.join(', ')}>`;
}

export function sameType(a: SqlType, b: SqlType): boolean {
  if (a.kind === 'ARRAY') return b.kind === 'ARRAY' && sameType(a.item, b.item);
  if (a.kind !== 'STRUCT') return a.kind === b.kind;
  if (b.kind !== 'STRUCT' || a.fields.length !== b.fields.length) return false;
  return a.fields.every((field, index) => {
    const other = b.fields[index];
    return other !== undefined && sameType(field.type, other.type);
  });
}

const DUCKDB: Readonly<Record<ScalarKind, string>> = {
  INT64: 'BIGINT',
  FLOAT64: 'DOUBLE',
  NUMERIC: 'DECIMAL(38, 9)',
  BIGNUMERIC: 'STRUCT("bignumeric units" BIGNUM)',
  BOOL: 'BOOLEAN',
  STRING: 'VARCHAR',
  BYTES: 'BLOB',
  DATE: 'DATE',
  DATETIME: 'TIMESTAMP',
  TIME: 'TIME',
  TIMESTAMP: 'TIMESTAMP WITH TIME ZONE',
  JSON: 'JSON',
  INTERVAL: 'INTERVAL',
  NULL: 'BIGINT',
};

/** The DuckDB type that holds the values, as tables/duckdb-types.ts stores them. */
export function duckType(type: SqlType): string {
  if (type.kind === 'ARRAY') return `${duckType(type.item)}[]`;
  if (type.kind !== 'STRUCT') return DUCKDB[type.kind];
  const names = fieldNames(type.fields);
  const fields = type.fields.map(
    (field, index) => `${quote(names[index])} ${duckType(field.type)}`,
  );
  return `STRUCT(${fields.join(', ')})`;
}

/** DuckDB's names for the fields of a STRUCT: its fields must have names, and different ones. */
export function fieldNames(fields: readonly StructField[]): string[] {
  const seen = new Set<string>();
  return fields.map(({ name }, index) => {
    const free = name !== undefined && name !== '' && !seen.has(name.toLowerCase());
    const chosen = free ? name : `_field_${index + 1}`;
    seen.add(chosen.toLowerCase());
    return chosen;
  });
}

export function quote(name = ''): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** A string literal of DuckDB. */
export function quoteText(text: string): string {
  if (text.includes('\0')) {
    return `(${text
      .split('\0')
      .map((part) => quoteText(part))
      .join(' || chr(0) || ')})`;
  }
  return `'${text.replaceAll("'", "''")}'`;
}

const NUMBERS: readonly string[] = ['INT64', 'NUMERIC', 'BIGNUMERIC', 'FLOAT64'];

/** INT64 is as near to FLOAT64 as to NUMERIC; a decimal is nearer to a decimal. */
function numberWidening(from: string, to: string): number {
  if (from === 'INT64') return to === 'BIGNUMERIC' ? 1.1 : 1;
  return to === 'FLOAT64' ? 2 : 1;
}

/** How far `from` must be widened to be `to`: 0 for the same type, undefined if it does not coerce. */
export function widening(from: SqlType, to: SqlType): number | undefined {
  if (sameType(from, to)) return 0;
  if (from.kind === 'NULL') return 1;
  const [low, high] = [NUMBERS.indexOf(from.kind), NUMBERS.indexOf(to.kind)];
  if (low >= 0 && high > low) return numberWidening(from.kind, to.kind);
  if (from.kind === 'DATE' && to.kind === 'DATETIME') return 1;
  if (from.kind === 'ARRAY' && to.kind === 'ARRAY') {
    return from.item.kind === 'NULL' ? 1 : undefined;
  }
  if (from.kind === 'STRUCT' && to.kind === 'STRUCT' && from.fields.length === to.fields.length) {
    const costs = from.fields.map((field, index) =>
      widening(field.type, to.fields[index]?.type ?? field.type),
    );
    return costs.includes(undefined) ? undefined : 1;
  }
  return undefined;
}
