import type { Announcement } from '../../shared/sources/source.ts';
import {
  type ExportDependencies,
  ExportLoad,
  type ExportOutcome,
} from '../../subscriber/exports/export-load.ts';
import { apiOrigin } from '../../subscriber/exports/fetch/api-origin.ts';
import type { ExportApi } from '../../subscriber/exports/fetch/export-api.ts';

export interface LoadDependencies extends Omit<ExportDependencies, 'origin'> {
  api: ExportApi;
}

/** Tries once, as after a crash: nothing of an earlier try is left. */
export async function loadExport(
  announcement: Announcement,
  dependencies: LoadDependencies,
): Promise<ExportOutcome> {
  const origin = apiOrigin(dependencies.api);
  await using load = new ExportLoad(announcement, { ...dependencies, origin });
  return await load.try();
}
