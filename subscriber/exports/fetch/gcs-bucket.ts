import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { Storage } from '@google-cloud/storage';
import type { ExportStorage } from '../../../shared/config/export-settings.ts';
import type { Bucket } from './export-origin.ts';

/** A bucket of Google Cloud Storage, with the credentials of the environment. */
export function openGcsBucket({ bucket, endpoint }: ExportStorage): Bucket {
  const storage = new Storage({
    ...(endpoint && { apiEndpoint: endpoint }),
    // The export queue retries.
    retryOptions: { autoRetry: false },
  });
  return {
    async get(key, signal) {
      const content = storage.bucket(bucket).file(key).createReadStream({ decompress: false });
      // An error may come after the stream was abandoned. Without a listener it would end the process.
      content.on('error', () => {});
      // The client attaches two pipelines to a response: twelve listeners, which Node reports as a leak.
      content.once('response', (response: Readable) => response.setMaxListeners(16));
      // The request begins with the first read.
      content.read(0);
      try {
        const [response] = (await once(content, 'response', { signal })) as [GcsResponse];
        if (response.statusCode === 200) return { content, ...declaredBytes(response) };
        throw Object.assign(new Error('no success'), { code: response.statusCode });
      } catch (error) {
        content.destroy();
        throw error;
      }
    },
    statusOf: (error) => {
      const { code } = error as { code?: unknown };
      return typeof code === 'number' ? code : undefined;
    },
  };
}

/** What the client's `response` event passes on. */
interface GcsResponse {
  statusCode: number;
  headers: Record<string, unknown>;
}

function declaredBytes({ headers }: GcsResponse): { bytes?: number } {
  const bytes = Number(headers['content-length']);
  return Number.isSafeInteger(bytes) ? { bytes } : {};
}
