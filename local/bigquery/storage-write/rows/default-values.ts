// Values for columns that a row does not have.
// https://cloud.google.com/bigquery/docs/default-values

import { protos } from '@google-cloud/bigquery-storage';
import { status } from '@grpc/grpc-js';
import { BigQueryError } from '../../errors.ts';
import type { Store } from '../../storage/store.ts';
import type { Cell } from '../../tables/cell.ts';
import { type Field, findField, type Table } from '../../tables/schema.ts';
import { Refusal } from '../refusals.ts';
import { cellOfValue } from './cell-of-value.ts';

const { MissingValueInterpretation } = protos.google.cloud.bigquery.storage.v1.AppendRowsRequest;

type Interpretation =
  protos.google.cloud.bigquery.storage.v1.AppendRowsRequest['defaultMissingValueInterpretation'];
type Request = protos.google.cloud.bigquery.storage.v1.AppendRowsRequest;

export function hasDefault(field: Field): boolean {
  return expressionOf(field) !== '';
}

function expressionOf(field: Field): string {
  const text = field.extra?.['defaultValueExpression'];
  return typeof text === 'string' ? text : '';
}

/** How a request reads missing values: `columns` by name, and the interpretation of all other columns. */
export interface MissingValues {
  columns: Readonly<Record<string, unknown>>;
  byDefault: unknown;
}

/** Reads a request. Throws a Refusal for an interpretation without a meaning. */
export function readMissingValues(request: Request, earlier: unknown): MissingValues {
  const columns = request.missingValueInterpretations ?? {};
  for (const [name, value] of Object.entries(columns)) {
    if (isNull(value) || isDefault(value)) continue;
    throw new Refusal(
      status.INVALID_ARGUMENT,
      `Invalid missing value interpretation for the field ${name}: it must be NULL_VALUE or DEFAULT_VALUE`,
    );
  }
  // "It is applied to all requests from that point forward."
  return { columns, byDefault: request.defaultMissingValueInterpretation || earlier };
}

/**
 * The columns whose missing values become the column's default. A column that the writer schema lacks gets
 * its default unless the request asks for NULL; a column of the writer schema only if the request asks for it.
 */
export function defaultedColumns(
  table: Table,
  sent: ReadonlySet<number>,
  { columns, byDefault }: MissingValues,
): number[] {
  const named = new Map(
    Object.entries(columns).map(([name, value]) => [findField(table.schema, name), value]),
  );
  return table.schema.flatMap((field, position) => {
    if (!hasDefault(field)) return [];
    const asked = (named.get(field) ?? byDefault) as Interpretation;
    return isDefault(asked) || (!isNull(asked) && !sent.has(position)) ? [position] : [];
  });
}

/** Sets the missing cells of these columns to their defaults; each row gets a value of its own. */
export async function fillDefaults(
  store: Store,
  table: Table,
  positions: readonly number[],
  rows: readonly Cell[][],
): Promise<void> {
  for (const position of positions) {
    const missing = rows.filter((row) => (row[position] ?? null) === null);
    const field = table.schema[position];
    if (!field || missing.length === 0) continue;
    const values = await evaluate(store, table, field, missing.length);
    missing.forEach((row, index) => {
      row[position] = values[index] ?? null;
    });
  }
}

async function evaluate(store: Store, table: Table, field: Field, rows: number): Promise<Cell[]> {
  const { projectId, datasetId } = table;
  const sql = `SELECT ${castSql(field)} FROM UNNEST(GENERATE_ARRAY(1, ${rows}))`;
  try {
    // GoogleSQL is loaded when a default is first needed.
    const { runQuery } = await import('../../query/run-query.ts');
    const scope = { projectId, defaultDataset: { projectId, datasetId } };
    const result = await runQuery(store, { sql, scope, parameters: [] });
    return result.rows.slice(0, rows).map(([value]) => cellOfValue(field, value ?? null));
  } catch (cause) {
    if (!(cause instanceof BigQueryError)) throw cause;
    throw new Refusal(
      status.INVALID_ARGUMENT,
      `The default value of the column ${field.name} cannot be computed: ${cause.message}`,
    );
  }
}

/** The expression in the column's type. DDL has checked that it can be coerced. */
function castSql(field: Field): string {
  const expression = `(${expressionOf(field)})`;
  if (field.mode === 'REPEATED' || field.type === 'RECORD' || field.type === 'JSON')
    return expression;
  return `CAST(${expression} AS ${SQL_NAMES[field.type] ?? field.type})`;
}

const SQL_NAMES: Readonly<Partial<Record<Field['type'], string>>> = {
  INTEGER: 'INT64',
  FLOAT: 'FLOAT64',
  BOOLEAN: 'BOOL',
};

function isDefault(value: unknown): boolean {
  return value === MissingValueInterpretation.DEFAULT_VALUE || value === 'DEFAULT_VALUE';
}

function isNull(value: unknown): boolean {
  return value === MissingValueInterpretation.NULL_VALUE || value === 'NULL_VALUE';
}
