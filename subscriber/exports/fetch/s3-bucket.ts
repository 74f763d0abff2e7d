import type { Readable } from 'node:stream';
import { GetObjectCommand, S3Client, type S3ServiceException } from '@aws-sdk/client-s3';
import type { ExportStorage } from '../../../shared/config/export-settings.ts';
import type { Bucket } from './export-origin.ts';

/** A bucket of Amazon S3, or of a server that speaks its API, with the credentials of the environment. */
export function openS3Bucket({ bucket, endpoint, region }: ExportStorage): Bucket {
  const client = new S3Client({
    ...(region && { region }),
    // The buckets of other servers have no host names of their own.
    ...(endpoint && { endpoint, forcePathStyle: true }),
    // The export queue retries.
    maxAttempts: 1,
  });
  return {
    async get(key, abortSignal) {
      const command = new GetObjectCommand({ Bucket: bucket, Key: key });
      const { Body, ContentLength } = await client.send(command, { abortSignal });
      return {
        // On Node the body is a Readable.
        content: Body as Readable,
        ...(ContentLength !== undefined && { bytes: ContentLength }),
      };
    },
    statusOf: (error) => (error as Partial<S3ServiceException>).$metadata?.httpStatusCode,
  };
}
