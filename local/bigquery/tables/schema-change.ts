import { BigQueryError } from '../errors.ts';
import { columnType, quoteIdentifier, quoteTable } from './duckdb-types.ts';
import { type Field, findField, formatTable, type Table } from './schema.ts';

export interface SchemaChange {
  schema: Field[];
  /** DuckDB statements that change the stored table to `schema`. */
  alterations: string[];
}

/**
 * The change from a table's schema to `wanted`, as BigQuery allows it: added NULLABLE and REPEATED
 * columns (also inside records, at the end), REQUIRED relaxed to NULLABLE, changed descriptions. Throws
 * invalid with Google's messages for every other change.
 */
export function changeSchema(table: Table, wanted: readonly Field[]): SchemaChange {
  const alterations: string[] = [];
  const schema = merge(table, table.schema, wanted, [], alterations);
  return { schema, alterations };
}

interface Place {
  /** For messages: `a.b`. */
  name: string;
  /** For DuckDB's ALTER: `"a"."element"."b"` inside a repeated record. */
  sql: string;
}

function merge(
  table: Table,
  current: readonly Field[],
  wanted: readonly Field[],
  parents: readonly Field[],
  alterations: string[],
): Field[] {
  const kept = current.map((field) => {
    const next = findField(wanted, field.name);
    const { name } = place(parents, field);
    if (next === undefined) throw mismatch(table, `Field ${name} is missing in new schema`);
    return mergeField(table, field, next, parents, alterations);
  });
  const added = wanted.filter((field) => findField(current, field.name) === undefined);
  for (const field of added) {
    const { name, sql } = place(parents, field);
    if (field.mode === 'REQUIRED') {
      throw mismatch(table, `Cannot add required fields to an existing schema. (field: ${name})`);
    }
    alterations.push(`ALTER TABLE ${quoteTable(table)} ADD COLUMN ${sql} ${columnType(field)}`);
  }
  return [...kept, ...added];
}

function mergeField(
  table: Table,
  field: Field,
  next: Field,
  parents: readonly Field[],
  alterations: string[],
): Field {
  const { name, sql } = place(parents, field);
  if (next.type !== field.type) {
    throw mismatch(table, `Field ${name} has changed type from ${field.type} to ${next.type}`);
  }
  const relaxed = field.mode === 'REQUIRED' && next.mode === 'NULLABLE';
  if (next.mode !== field.mode && !relaxed) {
    throw mismatch(table, `Field ${name} has changed mode from ${field.mode} to ${next.mode}`);
  }
  if (relaxed && parents.length === 0) {
    alterations.push(`ALTER TABLE ${quoteTable(table)} ALTER COLUMN ${sql} DROP NOT NULL`);
  }
  const { isModeImplicit: _, ...known } = field;
  const merged: Field = { ...known, ...next, name: field.name };
  if (field.type === 'RECORD') {
    const path = [...parents, field];
    merged.fields = merge(table, field.fields ?? [], next.fields ?? [], path, alterations);
  }
  return merged;
}

function place(parents: readonly Field[], field: Field): Place {
  const sql = parents.flatMap((parent) => {
    const own = quoteIdentifier(parent.name);
    return parent.mode === 'REPEATED' ? [own, 'element'] : [own];
  });
  return {
    name: [...parents, field].map((step) => step.name).join('.'),
    sql: [...sql, quoteIdentifier(field.name)].join('.'),
  };
}

function mismatch(table: Table, reason: string): BigQueryError {
  return new BigQueryError(
    'invalid',
    `Provided Schema does not match Table ${formatTable(table)}. ${reason}`,
  );
}
