import type { Announcement } from '../../../shared/source.ts';
import { apiOrigin } from '../../../subscriber/exports/api-origin.ts';
import type { ExportApi } from '../../../subscriber/exports/api-request.ts';
import {
  type ExportDependencies,
  ExportLoad,
  type ExportOutcome,
} from '../../../subscriber/exports/export-load.ts';

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
