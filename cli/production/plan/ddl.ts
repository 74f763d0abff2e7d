import type { Column, TableLayout } from '../../../shared/columns.ts';

/** GoogleSQL that makes a table as its layout says; https://cloud.google.com/bigquery/docs/reference/standard-sql/data-definition-language */
export function createTableStatement(name: string, layout: TableLayout): string {
  const { columns, key, partitionBy, clusterBy, description } = layout;
  const lines = columns.map((column) => `  ${columnText(column)}`);
  if (key) lines.push(`  PRIMARY KEY (${key.map(identifier).join(', ')}) NOT ENFORCED`);
  return [
    `CREATE TABLE IF NOT EXISTS ${identifier(name)} (\n${lines.join(',\n')}\n)`,
    ...(partitionBy ? [`PARTITION BY ${partitionText(partitionBy, columns)}`] : []),
    ...(clusterBy?.length ? [`CLUSTER BY ${clusterBy.map(identifier).join(', ')}`] : []),
    ...(description ? [optionsText(description)] : []),
  ].join('\n');
}

export function createViewStatement(
  name: string,
  { view, description }: { view: { query: string }; description: string },
): string {
  return `CREATE OR REPLACE VIEW ${identifier(name)}\n${optionsText(description)}\nAS ${view.query}`;
}

function columnText(column: Column): string {
  const { name, mode, description } = column;
  const type = mode === 'REPEATED' ? `ARRAY<${typeText(column)}>` : typeText(column);
  const notNull = mode === 'REQUIRED' ? ' NOT NULL' : '';
  return `${identifier(name)} ${type}${notNull}${description ? ` ${optionsText(description)}` : ''}`;
}

function typeText({ type, columns = [] }: Column): string {
  return type === 'RECORD' ? `STRUCT<${columns.map(columnText).join(', ')}>` : type;
}

function partitionText(
  { column, by }: NonNullable<TableLayout['partitionBy']>,
  columns: readonly Column[],
): string {
  const type = columns.find(({ name }) => name === column)?.type ?? 'TIMESTAMP';
  if (type === 'DATE' && by === 'DAY') return identifier(column);
  return `${type}_TRUNC(${identifier(column)}, ${by})`;
}

function optionsText(description: string): string {
  return `OPTIONS (description = ${text(description)})`;
}

function identifier(name: string): string {
  return `\`${name}\``;
}

/** As a string literal, in the quotes that a shell's word can hold. */
function text(value: string): string {
  return `"${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`;
}
