import { BigQueryError } from '../../errors.ts';
import { invalidQuery } from '../../sql/query-error.ts';
import type { DatasetRef, TableRef } from '../../tables/schema.ts';

/** The project and dataset of unqualified names. */
export interface Scope {
  projectId: string;
  defaultDataset?: DatasetRef | undefined;
}

/** The table of a dotted path; a project name may contain dots itself. Throws invalidQuery. */
export function tableRef(path: readonly string[], scope: Scope): TableRef {
  const tableId = path.at(-1);
  if (tableId === undefined) throw invalidQuery('Syntax error: a table name is missing');
  if (path.length === 1 && scope.defaultDataset === undefined) {
    throw new BigQueryError(
      'invalid',
      `Table "${tableId}" must be qualified with a dataset (e.g. dataset.table).`,
      { location: tableId },
    );
  }
  return { ...datasetRef(path.slice(0, -1), scope), tableId };
}

export function datasetRef(path: readonly string[], scope: Scope): DatasetRef {
  const datasetId = path.at(-1);
  if (datasetId === undefined) {
    if (scope.defaultDataset !== undefined) return scope.defaultDataset;
    throw invalidQuery('A dataset must be named');
  }
  return { projectId: path.slice(0, -1).join('.') || scope.projectId, datasetId };
}
