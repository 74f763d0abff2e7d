import { notSupported } from '../../sql/query-error.ts';
import type { Store } from '../../storage/store.ts';
import { datasetRef, type Scope } from '../session/names.ts';
import {
  jobRows,
  partitionRows,
  routineRows,
  schemataOptions,
  schemataRows,
  tableStorageRows,
  tablesMetaRows,
} from './other-rows.ts';
import { selectRows, type ViewRow } from './rows.ts';
import type { SchemaContext } from './schema-context.ts';
import { columnFieldPaths, columnRows, tableOptions, tableRows, viewRows } from './table-rows.ts';

type View = (context: SchemaContext) => { rows: (ViewRow | string)[]; sample: ViewRow };

const VIEWS: Readonly<Record<string, View>> = {
  TABLES: tableRows,
  COLUMNS: columnRows,
  COLUMN_FIELD_PATHS: columnFieldPaths,
  VIEWS: viewRows,
  TABLE_OPTIONS: tableOptions,
  SCHEMATA: schemataRows,
  SCHEMATA_OPTIONS: schemataOptions,
  PARTITIONS: partitionRows,
  TABLE_STORAGE: tableStorageRows,
  TABLE_STORAGE_BY_PROJECT: tableStorageRows,
  JOBS: jobRows,
  JOBS_BY_PROJECT: jobRows,
  JOBS_BY_USER: jobRows,
  ROUTINES: routineRows,
};

export function isSchemaView(path: readonly string[]): boolean {
  return path.at(-1) === '__TABLES__' || path.at(-2)?.toUpperCase() === 'INFORMATION_SCHEMA';
}

/** GoogleSQL for the rows of `dataset.INFORMATION_SCHEMA.view`, of a region's, or of `dataset.__TABLES__`. */
export function schemaView(store: Store, path: readonly string[], scope: Scope): string {
  const name = (path.at(-1) ?? '').toUpperCase();
  const isMeta = name === '__TABLES__';
  const view = isMeta ? tablesMetaRows : Object.hasOwn(VIEWS, name) ? VIEWS[name] : undefined;
  if (view === undefined) throw notSupported(`INFORMATION_SCHEMA.${name}`);
  const { rows, sample } = view(contextOf(store, path.slice(0, isMeta ? -1 : -2), scope, name));
  return selectRows(rows, sample);
}

function contextOf(
  store: Store,
  qualifier: readonly string[],
  scope: Scope,
  name: string,
): SchemaContext {
  const last = qualifier.at(-1) ?? '';
  const isRegion = /^region-/i.test(last);
  const covers =
    isRegion ||
    (qualifier.length === 0 && scope.defaultDataset === undefined) ||
    /^(?:SCHEMATA|JOBS)/.test(name);
  if (covers) {
    const ofProject = isRegion
      ? qualifier.slice(0, -1).join('.')
      : qualifier.length > 1
        ? qualifier.slice(0, -1).join('.')
        : '';
    const projectId = ofProject || scope.projectId;
    return {
      store,
      projectId,
      datasets: store.listDatasets(projectId).filter(({ datasetId }) => !datasetId.startsWith('_')),
    };
  }
  const dataset = datasetRef(qualifier, scope);
  store.requireDataset(dataset);
  return { store, projectId: dataset.projectId, datasets: [dataset] };
}
