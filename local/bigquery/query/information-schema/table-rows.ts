import type { Field, Table } from '../../tables/schema.ts';
import { ddlText } from './ddl-text.ts';
import { instant, integer, text, type ViewRow, yesNo } from './rows.ts';
import type { SchemaContext } from './schema-context.ts';
import { sqlType } from './sql-type.ts';

interface Rows {
  rows: ViewRow[];
  sample: ViewRow;
}

export const EMPTY_TABLE: Table = {
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

export function tablesOf({ store, datasets }: SchemaContext): Table[] {
  return datasets.flatMap((dataset) => store.listTables(dataset));
}

function made(context: SchemaContext, read: (table: Table) => ViewRow[]): Rows {
  return { rows: tablesOf(context).flatMap(read), sample: read(EMPTY_TABLE)[0] ?? {} };
}

export function names(table: Table): ViewRow {
  return {
    table_catalog: text(table.projectId),
    table_schema: text(table.datasetId),
    table_name: text(table.tableId),
  };
}

function kindOf(table: Table): string {
  if (table.type !== 'VIEW') return 'BASE TABLE';
  return table.extra['materializedView'] === undefined ? 'VIEW' : 'MATERIALIZED VIEW';
}

export function tableRows(context: SchemaContext): Rows {
  return made(context, (table) => [
    {
      ...names(table),
      table_type: text(kindOf(table)),
      is_insertable_into: yesNo(table.type === 'TABLE'),
      is_typed: "'NO'",
      is_change_history_enabled: "'NO'",
      creation_time: instant(table.creationTime),
      ddl: text(ddlText(table)),
      default_collation_name: "'NULL'",
    },
  ]);
}

export function columnRows(context: SchemaContext): Rows {
  return made(context, (table) =>
    table.schema.map((field, index) => {
      const clustered = (table.clustering?.fields ?? []).indexOf(field.name);
      return {
        ...names(table),
        column_name: text(field.name),
        ordinal_position: integer(index + 1),
        is_nullable: yesNo(field.mode !== 'REQUIRED'),
        data_type: text(sqlType(field)),
        is_generated: "'NEVER'",
        generation_expression: text(undefined),
        is_stored: text(undefined),
        is_hidden: "'NO'",
        is_updatable: text(undefined),
        is_system_defined: "'NO'",
        is_partitioning_column: yesNo(table.timePartitioning?.field === field.name),
        clustering_ordinal_position: integer(clustered === -1 ? undefined : clustered + 1),
        collation_name: "'NULL'",
        column_default: text(String(field.extra?.['defaultValueExpression'] ?? 'NULL')),
        rounding_mode: text(undefined),
      };
    }),
  );
}

export function columnFieldPaths(context: SchemaContext): Rows {
  const paths = (table: Table, column: string, field: Field, path: string): ViewRow[] => [
    {
      ...names(table),
      column_name: text(column),
      field_path: text(path),
      data_type: text(sqlType(field)),
      description: text(field.description),
      collation_name: "'NULL'",
      rounding_mode: text(undefined),
    },
    ...(field.fields ?? []).flatMap((inner) =>
      paths(table, column, inner, `${path}.${inner.name}`),
    ),
  ];
  return made(context, (table) =>
    table.schema.flatMap((field) => paths(table, field.name, field, field.name)),
  );
}

export function viewRows(context: SchemaContext): Rows {
  const row = (table: Table): ViewRow => ({
    ...names(table),
    view_definition: text(table.view?.query),
    check_option: text(undefined),
    use_standard_sql: "'YES'",
  });
  return {
    rows: tablesOf(context)
      .filter(({ type }) => type === 'VIEW')
      .map(row),
    sample: row(EMPTY_TABLE),
  };
}

export function tableOptions(context: SchemaContext): Rows {
  const row = (table: Table, name: string, type: string, value: string): ViewRow => ({
    ...names(table),
    option_name: text(name),
    option_type: text(type),
    option_value: text(value),
  });
  const rows = tablesOf(context).flatMap((table) => {
    const { description, labels, friendlyName } = table.extra;
    const found: ViewRow[] = [];
    if (typeof description === 'string')
      found.push(row(table, 'description', 'STRING', JSON.stringify(description)));
    if (typeof friendlyName === 'string')
      found.push(row(table, 'friendly_name', 'STRING', JSON.stringify(friendlyName)));
    if (typeof labels === 'object' && labels !== null) {
      const pairs = Object.entries(labels).map(
        ([key, value]) => `STRUCT(${JSON.stringify(key)}, ${JSON.stringify(value)})`,
      );
      found.push(row(table, 'labels', 'ARRAY<STRUCT<STRING, STRING>>', `[${pairs.join(', ')}]`));
    }
    return found;
  });
  return { rows, sample: row(EMPTY_TABLE, '', '', '') };
}
