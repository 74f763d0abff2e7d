import type { Announcement } from '../../shared/sources/source.ts';
import {
  type ExportDependencies,
  ExportLoad,
  type ExportOutcome,
} from '../../subscriber/exports/export-load.ts';
import type { ExportApi } from '../../subscriber/exports/fetch/export-api.ts';
import { apiOrigin } from '../../subscriber/exports/fetch/export-api.ts';

export interface LoadDependencies extends Omit<ExportDependencies, 'origin'> {
  api: ExportApi;
}

/** One try, as after a crash: nothing of an earlier try is left in memory. */
export async function loadExport(
  announcement: Announcement,
  dependencies: LoadDependencies,
): Promise<ExportOutcome> {
  const origin = apiOrigin(dependencies.api);
  await using load = new ExportLoad(announcement, { ...dependencies, origin });
  return await load.try();
}
