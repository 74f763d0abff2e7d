import { BigQueryError } from '../errors.ts';
import { dryRun } from '../query/run-query.ts';
import type { Store } from '../storage/store.ts';
import { type Field, findField, type TableRef } from '../tables/schema.ts';
import { asObject, asText, isTrue, type JsonObject } from './json.ts';

/** The GoogleSQL of the view that a request defines, if it does. Throws notImplemented for legacy SQL. */
export function readView(body: JsonObject): string | undefined {
  if (body['materializedView'] !== undefined) {
    throw new BigQueryError('notImplemented', 'Materialized views are not supported');
  }
  if (body['view'] === undefined) return undefined;
  const view = asObject(body['view']);
  if (isTrue(view['useLegacySql'])) {
    throw new BigQueryError('notImplemented', 'Views in legacy SQL are not supported');
  }
  const sql = asText(view['query']);
  if (!sql) throw new BigQueryError('required', 'Required parameter is missing: view.query');
  return sql;
}

/** The columns of a view's query. Throws what the query itself would. */
export async function viewSchema(store: Store, ref: TableRef, sql: string): Promise<Field[]> {
  const query = { sql, scope: { projectId: ref.projectId }, parameters: [] };
  const { statementType, schema } = await dryRun(store, query);
  if (statementType !== 'SELECT') {
    throw new BigQueryError('invalidQuery', 'A view must be a SELECT statement');
  }
  return schema as Field[];
}

/** A view's columns follow from its query; a request may only describe them. */
export function describeColumns(fields: readonly Field[], given: readonly Field[]): Field[] {
  return fields.map((field) => {
    const description = findField(given, field.name)?.description;
    return description === undefined ? field : { ...field, description };
  });
}
