import { doubledNames, maxColumns, maxDescriptionLength, nameProblem } from '../../column-rules.ts';
import {
  type Column,
  type ColumnType,
  clusterTypes,
  keyedLayout,
  type TableLayout,
} from '../../columns.ts';
import { RelayError } from '../../errors.ts';
import type { Problem } from '../../filters/condition.ts';
import { sources } from '../../sources/registry.ts';
import type { RowSource } from '../../sources/source.ts';
import type { Stream } from '../config.ts';

/** https://cloud.google.com/bigquery/docs/partitioned-tables#date_timestamp_partitioned_tables */
const partitionTypes: ReadonlySet<ColumnType> = new Set(['TIMESTAMP', 'DATE', 'DATETIME']);

/**
 * What BigQuery would refuse in a stream's table, found before anything is deployed.
 *
 * @param name the stream's name: a problem between two columns names both with their full paths
 */
export function tableProblems(name: string, stream: Stream): Problem[] {
  const source = sources[stream.source];
  if (source.delivers !== 'rows') return schemaProblems(name, stream);
  const layout = layoutOf(source, stream);
  if (!layout) return [];
  const { columns } = layout;
  return [
    ...countProblems(stream.columns ? 'columns' : 'moreColumns', columns.length),
    ...columns.flatMap((column) => columnProblems(column, stream)),
    ...doubledColumns(name, stream, columns),
    ...arrangementProblems(stream, layout),
  ];
}

/** Undefined for an unknown time zone: here only its form is checked; the subscriber asks Intl. */
function layoutOf(source: RowSource, stream: Stream): TableLayout | undefined {
  try {
    return keyedLayout(source.layout(stream), stream);
  } catch (error) {
    if (error instanceof RelayError) return undefined;
    throw error;
  }
}

function schemaProblems(streamName: string, { schema }: Stream): Problem[] {
  if (typeof schema !== 'object') return [];
  const names = Object.keys(schema);
  return [
    ...countProblems('schema', names.length),
    ...doubledNames(names).map(({ name, first }) => ({
      path: `schema.${first}`,
      message: `and streams.${streamName}.schema.${name} are one column to BigQuery`,
    })),
  ];
}

function countProblems(path: string, columns: number): Problem[] {
  if (columns <= maxColumns) return [];
  return [{ path, message: `make ${columns} columns, and a table has ${maxColumns} at most` }];
}

function columnProblems({ name, description = '' }: Column, stream: Stream): Problem[] {
  const path = pathOf(name, stream);
  // The source's own columns are right.
  if (path === undefined) return [];
  const problem = nameProblem(name);
  const problems = problem === undefined ? [] : [{ path, message: problem }];
  if (description.length > maxDescriptionLength) {
    const message = `must have ${maxDescriptionLength} characters at most`;
    problems.push({ path: `${path}.description`, message });
  }
  return problems;
}

/** Where the stream declares it; undefined for a column of its source. */
function pathOf(column: string, { columns, moreColumns }: Stream): string | undefined {
  if (columns) return `columns.${column}`;
  return moreColumns && Object.hasOwn(moreColumns, column) ? `moreColumns.${column}` : undefined;
}

function doubledColumns(streamName: string, stream: Stream, columns: readonly Column[]): Problem[] {
  // check-config.ts compares `moreColumns` with the columns of the source.
  const names =
    stream.source === 'generic'
      ? columns.map(({ name }) => name)
      : Object.keys(stream.moreColumns ?? {});
  return doubledNames(names).map(({ name, first }) => {
    const other = pathOf(name, stream) ?? name;
    const path = pathOf(first, stream);
    const message = 'are one column to BigQuery';
    if (path) return { path, message: `and streams.${streamName}.${other} ${message}` };
    return { path: other, message: `and the column ${first} of every such stream ${message}` };
  });
}

/** The columns that the table is partitioned and clustered by. A key is checked by `keyProblems`. */
function arrangementProblems(stream: Stream, layout: TableLayout): Problem[] {
  const { columns, partitionBy, clusterBy = [], key = [] } = layout;
  const typeOf = (wanted: string) => columns.find(({ name }) => name === wanted)?.type;
  const check = (name: string, types: ReadonlySet<ColumnType>, by: string): Problem[] => {
    const type = typeOf(name);
    if (type && types.has(type)) return [];
    const message = `is ${type ?? 'missing'}, and the table is ${by} by it`;
    return [{ path: pathOf(name, stream) ?? `columns.${name}`, message }];
  };
  return [
    ...(partitionBy ? check(partitionBy.column, partitionTypes, 'partitioned') : []),
    ...clusterBy
      .filter((name) => !key.includes(name))
      .flatMap((name) => check(name, clusterTypes, 'clustered')),
  ];
}

/** What is wrong with the key that a stream declares. */
export function keyProblems(stream: Stream): Problem[] {
  const { key } = stream;
  const source = sources[stream.source];
  if (!key) return [];
  if (source.delivers !== 'rows') {
    const message = 'is only for streams of rows: files are loaded unchanged';
    return [{ path: 'key', message, remedy: 'Remove it.' }];
  }
  const columns = new Map(source.layout(stream).columns.map((column) => [column.name, column]));
  const problems = key.flatMap((name, index) => {
    const type = columns.get(name)?.type;
    const path = `key.${index}`;
    if (!type) return [{ path, message: `names no column: "${name}"` }];
    if (clusterTypes.has(type)) return [];
    return [{ path, message: `"${name}" is ${type}, which a primary key can't have` }];
  });
  if (new Set(key).size < key.length) problems.push({ path: 'key', message: 'names one twice' });
  return problems;
}
