import { writeString } from '../../sql/lexer.ts';
import type { Field, Table } from '../../tables/schema.ts';
import { sqlType } from './sql-type.ts';

/** The CREATE statement of a table or a view, as the `ddl` column has it. */
export function ddlText(table: Table): string {
  const name = `\`${table.projectId}.${table.datasetId}.${table.tableId}\``;
  const options = optionsText(table);
  if (table.view !== undefined) {
    return `CREATE VIEW ${name}${options}\nAS ${table.view.query};`;
  }
  const columns = table.schema.map((field) => `  ${columnText(field)}`);
  const keys = table.tableConstraints?.primaryKey?.columns;
  if (keys !== undefined) columns.push(`  PRIMARY KEY (${keys.join(', ')}) NOT ENFORCED`);
  const clustering = table.clustering ? `\nCLUSTER BY ${table.clustering.fields.join(', ')}` : '';
  return `CREATE TABLE ${name}\n(\n${columns.join(',\n')}\n)${partitionText(table)}${clustering}${options};`;
}

function columnText(field: Field): string {
  const byDefault = field.extra?.['defaultValueExpression'];
  const described =
    field.description === undefined
      ? ''
      : ` OPTIONS(description=${writeString(field.description).replaceAll("'", '"')})`;
  return `${field.name} ${sqlType(field)}${byDefault === undefined ? '' : ` DEFAULT ${byDefault}`}${field.mode === 'REQUIRED' ? ' NOT NULL' : ''}${described}`;
}

function partitionText(table: Table): string {
  const { timePartitioning } = table;
  if (timePartitioning === undefined) return '';
  const { field, type } = timePartitioning;
  if (field === undefined)
    return `\nPARTITION BY ${type === 'DAY' ? '_PARTITIONDATE' : `TIMESTAMP_TRUNC(_PARTITIONTIME, ${type})`}`;
  const column = table.schema.find(({ name }) => name === field)?.type;
  if (column === 'DATE')
    return `\nPARTITION BY ${type === 'DAY' ? field : `DATE_TRUNC(${field}, ${type})`}`;
  if (type === 'DAY') return `\nPARTITION BY DATE(${field})`;
  return `\nPARTITION BY ${column}_TRUNC(${field}, ${type})`;
}

function optionsText(table: Table): string {
  const options: string[] = [];
  for (const [key, value] of Object.entries(table.extra)) {
    if (key === 'description' && typeof value === 'string')
      options.push(`description=${JSON.stringify(value)}`);
    if (key === 'friendlyName' && typeof value === 'string')
      options.push(`friendly_name=${JSON.stringify(value)}`);
    if (key === 'labels') {
      const pairs = Object.entries(value as Record<string, string>).map(
        ([name, each]) => `(${JSON.stringify(name)}, ${JSON.stringify(each)})`,
      );
      options.push(`labels=[${pairs.join(', ')}]`);
    }
  }
  return options.length === 0 ? '' : `\nOPTIONS(\n  ${options.join(',\n  ')}\n)`;
}
