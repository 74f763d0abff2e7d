import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { Storage } from '@google-cloud/storage';
import type { ExportStorage } from '../../../shared/config/export-settings.ts';
import type { Bucket } from './bucket-origin.ts';

/** A bucket of Google Cloud Storage, with the credentials of the environment. */
export function openGcsBucket({ bucket, endpoint }: ExportStorage): Bucket {
  const storage = new Storage({
    ...(endpoint && { apiEndpoint: endpoint }),
    // The export's queue tries again, with the patience that it has for everything else.
    retryOptions: { autoRetry: false },
  });
  return {
    async get(key, signal) {
      const content = storage.bucket(bucket).file(key).createReadStream({ decompress: false });
      // Errors may come after it was given up, and would end the process.
      content.on('error', () => {});
      // The client hangs two pipelines on an answer: twelve listeners, which Node takes for a leak.
      content.once('response', (answer: Readable) => answer.setMaxListeners(16));
      // The request begins with the first read.
      content.read(0);
      try {
        const [answer] = (await once(content, 'response', { signal })) as [Answer];
        if (answer.statusCode === 200) return { content, ...declared(answer) };
        throw Object.assign(new Error('no success'), { code: answer.statusCode });
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

/** What the client's `response` event tells. */
interface Answer {
  statusCode: number;
  headers: Record<string, unknown>;
}

function declared({ headers }: Answer): { bytes?: number } {
  const bytes = Number(headers['content-length']);
  return Number.isSafeInteger(bytes) ? { bytes } : {};
}
