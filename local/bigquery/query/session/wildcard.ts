import { BigQueryError } from '../../errors.ts';
import type { Relation } from '../../sql/analyse/scope.ts';
import { duckType, quote, quoteText, scalar } from '../../sql/types.ts';
import type { Store } from '../../storage/store.ts';
import { quoteTable } from '../../tables/duckdb-types.ts';
import { type DatasetRef, findField, formatDataset } from '../../tables/schema.ts';
import { typeOfField } from './field-types.ts';

/**
 * `FROM dataset.prefix*`: the rows of all tables with the prefix, in the columns of the newest table.
 * https://cloud.google.com/bigquery/docs/querying-wildcard-tables
 */
export function wildcardRelation(store: Store, dataset: DatasetRef, pattern: string): Relation {
  const prefix = pattern.slice(0, -1);
  const tables = store
    .listTables(dataset)
    .filter(({ tableId, type }) => type === 'TABLE' && tableId.startsWith(prefix));
  const newest = tables.reduce<(typeof tables)[number] | undefined>(
    (best, table) => (best === undefined || table.creationTime >= best.creationTime ? table : best),
    undefined,
  );
  if (newest === undefined) {
    throw new BigQueryError(
      'notFound',
      `${formatDataset(dataset)}.${pattern} does not match any table.`,
    );
  }
  const columns = newest.schema.map((field) => ({
    name: field.name,
    sqlName: field.name,
    type: typeOfField(field),
  }));
  const parts = tables.map((table) => {
    const cells = columns.map(({ name, type }) => {
      const own = findField(table.schema, name);
      if (own === undefined) return `CAST(NULL AS ${duckType(type)}) AS ${quote(name)}`;
      return `CAST(${quote(own.name)} AS ${duckType(type)}) AS ${quote(name)}`;
    });
    return `SELECT ${[...cells, `${quoteText(table.tableId.slice(prefix.length))} AS _TABLE_SUFFIX`].join(', ')} FROM ${quoteTable(table)}`;
  });
  const suffix = {
    name: '_TABLE_SUFFIX',
    sqlName: '_TABLE_SUFFIX',
    type: scalar('STRING'),
    isPseudo: true,
  };
  return {
    sql: `(${parts.join(' UNION ALL ')})`,
    columns: [...columns, suffix],
    isValueTable: false,
  };
}
