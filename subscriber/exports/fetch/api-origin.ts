import { type ExportApi, requestApi } from './export-api.ts';
import type { ExportOrigin } from './export-origin.ts';
import { exportUrl } from './export-url.ts';

/** Exports as the sender's API gives them. */
export function apiOrigin(api: ExportApi): ExportOrigin {
  return {
    timeoutMs: api.timeoutMs,
    async open(path, silence) {
      const url = exportUrl(api.url, path);
      const asked = {
        what: 'download',
        readable: 'exports',
        absent: `the export file may have expired; check the API URL (${url.origin}) and the download_url`,
      };
      const response = await requestApi(url, api.key, asked, silence);
      const declared = response.headers['content-length'];
      return { ...(declared !== undefined && { bytes: Number(declared) }), content: response };
    },
  };
}
