import type { ColumnType, TableLayout } from '../columns.ts';
import type { Problem } from '../filters/condition.ts';
import { sources } from '../sources/registry.ts';
import type { Stream } from './config.ts';

/**
 * What a table can be clustered by: https://cloud.google.com/bigquery/docs/creating-clustered-tables#limitations. A key
 * holds these too, and BYTES (https://cloud.google.com/bigquery/docs/primary-foreign-keys); but ours are clustered by it.
 */
export const clusterTypes: ReadonlySet<ColumnType> = new Set([
  'STRING',
  'INT64',
  'NUMERIC',
  'BIGNUMERIC',
  'BOOL',
  'TIMESTAMP',
  'DATE',
  'DATETIME',
]);
const maxClusters = 4;

/** What is wrong with the key that a stream declares. */
export function keyProblems(stream: Stream): Problem[] {
  const { key } = stream;
  const source = sources[stream.source];
  if (!key) return [];
  if (source.delivers !== 'rows') {
    return [{ path: 'key', message: 'is for streams of rows: files are loaded as they are' }];
  }
  const columns = new Map(source.layout(stream).columns.map((column) => [column.name, column]));
  const problems = key.flatMap((name, index) => {
    const type = columns.get(name)?.type;
    const path = `key.${index}`;
    if (!type) return [{ path, message: `names no column: "${name}"` }];
    if (clusterTypes.has(type)) return [];
    return [{ path, message: `"${name}" is ${type}, which no primary key holds` }];
  });
  if (new Set(key).size < key.length) problems.push({ path: 'key', message: 'names one twice' });
  return problems;
}

/** The layout of a stream's table: its source's, with the key that the stream declares. */
export function keyedLayout(layout: TableLayout, { key }: Pick<Stream, 'key'>): TableLayout {
  if (!key) return layout;
  // Changes are merged by the key, and clusters make that cheap.
  const clusterBy = [...new Set([...key, ...(layout.clusterBy ?? [])])].slice(0, maxClusters);
  const newest = layout.copies?.newest;
  return { ...layout, clusterBy, key, copies: { by: key, ...(newest && { newest }) } };
}
