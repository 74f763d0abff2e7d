import { status } from '@grpc/grpc-js';
import { Refusal } from '../storage-write/refusals.ts';
import { type Field, findField } from '../tables/schema.ts';

/** The fields of a record that are read: all of them, or some. */
type Selection = 'all' | Map<string, Selection>;

/** A column of a session: as the client sees it, and its value in DuckDB's SQL. */
export interface SelectedField {
  field: Field;
  sql(value: string): string;
}

/**
 * The columns of `selected_fields`, in the order of the table. A path selects a field of a record; a record selects all
 * its fields. Throws INVALID_ARGUMENT for a path that the table does not have.
 */
export function selectFields(fields: readonly Field[], paths: readonly string[]): SelectedField[] {
  if (paths.length === 0) return select(fields, 'all', 0);
  const selection = new Map<string, Selection>();
  for (const path of paths) addPath(fields, selection, path);
  return select(fields, selection, 0);
}

function addPath(fields: readonly Field[], selection: Map<string, Selection>, path: string): void {
  let level = selection;
  let known: readonly Field[] = fields;
  const steps = path.split('.').map((step) => step.trim().toLowerCase());
  for (const [index, step] of steps.entries()) {
    const field = findField(known, step);
    if (field === undefined) throw unknown(path);
    const chosen = level.get(step);
    if (chosen === 'all') return;
    if (index === steps.length - 1) {
      level.set(step, 'all');
      return;
    }
    known = field.fields ?? [];
    const next = chosen ?? new Map<string, Selection>();
    level.set(step, next);
    level = next;
  }
}

function unknown(path: string): Refusal {
  return new Refusal(
    status.INVALID_ARGUMENT,
    `request failed: The following selected fields do not exist in the table schema: ${path}`,
  );
}

function select(fields: readonly Field[], selection: Selection, depth: number): SelectedField[] {
  return fields.flatMap((field) => {
    const own = selection === 'all' ? 'all' : selection.get(field.name.toLowerCase());
    if (own === undefined) return [];
    if (own === 'all') return [{ field, sql: (value: string) => value }];
    return [selectInner(field, select(field.fields ?? [], own, depth + 1), depth)];
  });
}

function selectInner(field: Field, inner: readonly SelectedField[], depth: number): SelectedField {
  const pack = (value: string) => {
    const cells = inner.map(
      ({ field: { name }, sql }) =>
        `"${name.replaceAll('"', '""')}" := ${sql(`struct_extract(${value}, '${name.replaceAll("'", "''")}')`)}`,
    );
    return `CASE WHEN ${value} IS NOT NULL THEN struct_pack(${cells.join(', ')}) END`;
  };
  const item = `item${depth}`;
  return {
    field: { ...field, fields: inner.map((each) => each.field) },
    sql: (value) =>
      field.mode === 'REPEATED'
        ? `list_transform(${value}, lambda ${item}: ${pack(item)})`
        : pack(value),
  };
}
