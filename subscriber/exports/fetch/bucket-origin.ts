import { addAbortSignal, type Readable } from 'node:stream';
import type { ExportStorage } from '../../../shared/config/export-settings.ts';
import { RelayError } from '../../../shared/errors.ts';
import { causeOf } from '../export-failure.ts';
import { isPassing } from './export-api.ts';
import type { ExportOrigin } from './export-origin.ts';

/** A bucket, by the client of its vendor. */
export interface Bucket {
  /** Resolves when the answer begins; rejects with the client's error, and so does the content. */
  get(key: string, signal: AbortSignal): Promise<{ bytes?: number; content: Readable }>;
  /** The HTTP status of an error of the client; undefined where there was no answer. */
  statusOf(error: unknown): number | undefined;
}

/**
 * Exports as they lie in a bucket of Cloud Storage or S3, under the last segment of the announced path.
 *
 * @param timeoutMs the longest silence
 */
export function bucketOrigin(storage: ExportStorage, timeoutMs: number): ExportOrigin {
  let opened: Promise<Bucket> | undefined;
  return {
    timeoutMs,
    async open(path, silence) {
      const key = objectKey(storage, path);
      opened ??= openBucket(storage).catch((error) => {
        // The next export asks for it anew.
        opened = undefined;
        throw error;
      });
      const bucket = await opened;
      silence.heard();
      try {
        const { content, ...declared } = await bucket.get(key, silence.signal);
        return { ...declared, content: addAbortSignal(silence.signal, content) };
      } catch (error) {
        const status = bucket.statusOf(error);
        if (status !== undefined) throw refusal(status, storage, key, error);
        throw new RelayError('export.network', `the download failed: ${silence.explain(error)}`, {
          cause: error,
        });
      }
    },
  };
}

/** The vendor's loader takes the last segment of the URL as the object's name. */
function objectKey({ prefix = '' }: ExportStorage, path: string): string {
  const [beforeQuery = ''] = path.split('?', 1);
  const name = decode(beforeQuery.slice(beforeQuery.lastIndexOf('/') + 1));
  if (name === undefined || name === '' || name === '.' || name === '..') {
    throw new RelayError('export.url', 'the download_url ends in no file name');
  }
  return `${prefix}${name}`;
}

function decode(name: string): string | undefined {
  try {
    return decodeURIComponent(name);
  } catch {
    return undefined;
  }
}

/** Each client is large: it is loaded where it is configured, and nowhere else. */
async function openBucket(storage: ExportStorage): Promise<Bucket> {
  try {
    if (storage.kind === 'gcs') return (await import('./gcs-bucket.ts')).openGcsBucket(storage);
    return (await import('./s3-bucket.ts')).openS3Bucket(storage);
  } catch (error) {
    throw new RelayError('export.client', `no client of ${storage.kind}: ${causeOf(error)}`, {
      cause: error,
    });
  }
}

const readers = {
  gcs: "the subscriber's service account needs the Storage Object Viewer role on the bucket",
  s3: "the subscriber's AWS credentials need s3:GetObject on the bucket",
};

function refusal(status: number, { kind, bucket }: ExportStorage, key: string, cause: unknown) {
  const told = `${status} on download of ${key} from the bucket ${bucket}`;
  if (status === 401 || status === 403) {
    return new RelayError('export.unauthorized', `${told}: ${readers[kind]}`, { cause });
  }
  if (status === 404) {
    return new RelayError(
      'export.not-found',
      `${told}: the export file may have expired; check bucket and prefix`,
      {
        cause,
      },
    );
  }
  return isPassing(status)
    ? new RelayError('export.unavailable', told, { cause })
    : new RelayError('export.status', told, { cause });
}
