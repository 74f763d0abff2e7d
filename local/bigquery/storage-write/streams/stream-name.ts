import type { TableRef } from '../../tables/schema.ts';

const NAME = /^projects\/([^/]+)\/datasets\/([^/]+)\/tables\/([^/]+)(?:\/streams)?\/([^/]+)$/;

export interface StreamName {
  table: TableRef;
  /** `_default`, or what CreateWriteStream named. */
  stream: string;
}

/** Reads `projects/…/datasets/…/tables/…/streams/…`; the default stream may also be `…/tables/…/_default`. */
export function parseStreamName(name: string): StreamName | undefined {
  const [, projectId, datasetId, tableId, stream] = NAME.exec(name) ?? [];
  if (!projectId || !datasetId || !tableId || !stream) return undefined;
  if (!name.includes('/streams/') && stream !== '_default') return undefined;
  return { table: { projectId, datasetId, tableId }, stream };
}

/** Reads `projects/…/datasets/…/tables/…`. */
export function parseTableName(name: string): TableRef | undefined {
  return parseStreamName(`${name}/_default`)?.table;
}

export function formatStreamName({ table, stream }: StreamName): string {
  return `projects/${table.projectId}/datasets/${table.datasetId}/tables/${table.tableId}/streams/${stream}`;
}
