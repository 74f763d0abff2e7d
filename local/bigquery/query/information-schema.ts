import { BigQueryError } from '../errors.ts';
import { writeString } from '../sql/lexer.ts';
import type { Store } from '../storage/store.ts';
import type { DatasetRef, Field, Table } from '../tables/schema.ts';

/** A row of an INFORMATION_SCHEMA view, as GoogleSQL expressions by column. */
type ViewRow = Record<string, string>;

/** GoogleSQL for the rows of one view of a dataset's INFORMATION_SCHEMA. */
export function informationSchema(store: Store, dataset: DatasetRef, view: string): string {
  store.requireDataset(dataset);
  const tables = store.listTables(dataset);
  switch (view.toUpperCase()) {
    case 'TABLES':
      return selectRows(tables.map(tableRow), tableRow(EMPTY_TABLE));
    case 'COLUMNS':
      return selectRows(tables.flatMap(columnRows), columnRows(EMPTY_TABLE)[0] ?? {});
    case 'SCHEMATA': {
      const rows = store.listDatasets(dataset.projectId).map((found) => ({
        catalog_name: writeString(found.projectId),
        schema_name: writeString(found.datasetId),
        location: writeString(found.location),
        creation_time: `TIMESTAMP_MILLIS(${found.creationTime})`,
      }));
      return selectRows(rows, rows[0] ?? {});
    }
    default:
      throw new BigQueryError('invalidQuery', `INFORMATION_SCHEMA.${view} is not supported`);
  }
}

const EMPTY_TABLE: Table = {
  projectId: '',
  datasetId: '',
  tableId: '',
  type: 'TABLE',
  schema: [{ name: '', type: 'STRING', mode: 'NULLABLE' }],
  schemaVersion: 0,
  location: '',
  creationTime: 0,
  lastModifiedTime: 0,
  etag: '',
  extra: {},
};

function names(table: Table): ViewRow {
  return {
    table_catalog: writeString(table.projectId),
    table_schema: writeString(table.datasetId),
    table_name: writeString(table.tableId),
  };
}

function tableRow(table: Table): ViewRow {
  return {
    ...names(table),
    table_type: table.type === 'TABLE' ? "'BASE TABLE'" : "'VIEW'",
    is_insertable_into: table.type === 'TABLE' ? "'YES'" : "'NO'",
    creation_time: `TIMESTAMP_MILLIS(${table.creationTime})`,
  };
}

function columnRows(table: Table): ViewRow[] {
  return table.schema.map((field, index) => {
    const clustered = (table.clustering?.fields ?? []).indexOf(field.name);
    return {
      ...names(table),
      column_name: writeString(field.name),
      ordinal_position: String(index + 1),
      is_nullable: field.mode === 'REQUIRED' ? "'NO'" : "'YES'",
      data_type: writeString(sqlType(field)),
      is_partitioning_column: table.timePartitioning?.field === field.name ? "'YES'" : "'NO'",
      clustering_ordinal_position: clustered === -1 ? 'CAST(NULL AS INT64)' : String(clustered + 1),
    };
  });
}

/** A column's type as GoogleSQL writes it. */
function sqlType(field: Field): string {
  const spelt: Record<string, string> = { INTEGER: 'INT64', FLOAT: 'FLOAT64', BOOLEAN: 'BOOL' };
  const inner = (field.fields ?? []).map((child) => `${child.name} ${sqlType(child)}`);
  const single =
    field.type === 'RECORD' ? `STRUCT<${inner.join(', ')}>` : (spelt[field.type] ?? field.type);
  return field.mode === 'REPEATED' ? `ARRAY<${single}>` : single;
}

function selectRows(rows: readonly ViewRow[], sample: ViewRow): string {
  const select = (row: ViewRow) =>
    `SELECT ${Object.entries(row)
      .map(([column, value]) => `${value} AS ${column}`)
      .join(', ')}`;
  if (rows.length === 0) return `SELECT * FROM (${select(sample)}) AS sample WHERE FALSE`;
  return rows.map(select).join(' UNION ALL ');
}
