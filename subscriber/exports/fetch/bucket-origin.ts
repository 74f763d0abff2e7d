import { addAbortSignal } from 'node:stream';
import type { ExportStorage } from '../../../shared/config/export-settings.ts';
import { RelayError } from '../../../shared/errors.ts';
import type { Bucket, ExportOrigin } from './export-origin.ts';
import { describeCause, isTransientStatus } from './http-request.ts';

/**
 * Exports in a bucket of Cloud Storage or S3. The object's name is the last segment of the announced path.
 */
export function bucketOrigin(storage: ExportStorage, idleTimeoutMs: number): ExportOrigin {
  let opened: Promise<Bucket> | undefined;
  return {
    idleTimeoutMs,
    async open(path, idle) {
      const key = objectKey(storage, path);
      opened ??= openBucket(storage).catch((error) => {
        // The next export tries again.
        opened = undefined;
        throw error;
      });
      const bucket = await opened;
      idle.restart();
      try {
        const { content, ...declared } = await bucket.get(key, idle.signal);
        return { ...declared, content: addAbortSignal(idle.signal, content) };
      } catch (error) {
        const status = bucket.statusOf(error);
        if (status !== undefined) throw failureOf(status, storage, key, error);
        throw new RelayError('export.network', `the download failed: ${idle.explain(error)}`, {
          cause: error,
        });
      }
    },
  };
}

/** The vendor's loader also takes the last segment of the URL as the object's name. */
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

/** The clients are large, so each is loaded only where it is configured. */
async function openBucket(storage: ExportStorage): Promise<Bucket> {
  try {
    if (storage.kind === 'gcs') return (await import('./gcs-bucket.ts')).openGcsBucket(storage);
    return (await import('./s3-bucket.ts')).openS3Bucket(storage);
  } catch (cause) {
    const problem = `no client of ${storage.kind}: ${describeCause(cause)}`;
    throw new RelayError('export.client', problem, { cause });
  }
}

const permissionHints = {
  gcs: "the subscriber's service account needs the Storage Object Viewer role on the bucket",
  s3: "the subscriber's AWS credentials need s3:GetObject on the bucket",
};

function failureOf(status: number, { kind, bucket }: ExportStorage, key: string, cause: unknown) {
  const problem = `${status} on download of ${key} from the bucket ${bucket}`;
  if (status === 401 || status === 403) {
    return new RelayError('export.unauthorized', `${problem}: ${permissionHints[kind]}`, { cause });
  }
  if (status === 404) {
    const advice = 'the export file may have expired; check bucket and prefix';
    return new RelayError('export.not-found', `${problem}: ${advice}`, { cause });
  }
  return isTransientStatus(status)
    ? new RelayError('export.unavailable', problem, { cause })
    : new RelayError('export.status', problem, { cause });
}
