import type { Readable } from 'node:stream';
import { GetObjectCommand, S3Client, type S3ServiceException } from '@aws-sdk/client-s3';
import type { ExportStorage } from '../../../shared/config/export-settings.ts';
import type { Bucket } from './bucket-origin.ts';

/** A bucket of Amazon S3, or of a server that speaks its API, with the credentials of the environment. */
export function openS3Bucket({ bucket, endpoint, region }: ExportStorage): Bucket {
  const client = new S3Client({
    ...(region && { region }),
    // Another server's buckets have no host names of their own.
    ...(endpoint && { endpoint, forcePathStyle: true }),
    // The export's queue tries again, with the patience that it has for everything else.
    maxAttempts: 1,
  });
  return {
    async get(key, abortSignal) {
      const command = new GetObjectCommand({ Bucket: bucket, Key: key });
      const { Body, ContentLength } = await client.send(command, { abortSignal });
      return {
        // On Node it is a stream of Node.
        content: Body as Readable,
        ...(ContentLength !== undefined && { bytes: ContentLength }),
      };
    },
    statusOf: (error) => (error as Partial<S3ServiceException>).$metadata?.httpStatusCode,
  };
}
