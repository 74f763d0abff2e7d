// Checks of a stream's state, with the API's error codes.

import { protos } from '@google-cloud/bigquery-storage';
import { status } from '@grpc/grpc-js';
import { Refusal, type StorageErrorCode } from '../refusals.ts';
import { formatStreamName } from './stream-name.ts';
import type { WriteStreamRecord } from './stream-store.ts';

const { StorageError } = protos.google.cloud.bigquery.storage.v1;

type StorageErrorMessage = protos.google.cloud.bigquery.storage.v1.IStorageError;

export function streamNotFound(entity: string): Refusal {
  const details = { code: 'STREAM_NOT_FOUND', entity } as const;
  return new Refusal(status.NOT_FOUND, 'Requested entity was not found.', details);
}

export function finalized(record: WriteStreamRecord): Refusal {
  const entity = formatStreamName(record);
  const details = { code: 'STREAM_FINALIZED', entity } as const;
  return new Refusal(status.INVALID_ARGUMENT, 'Stream has been finalized.', details);
}

/** Throws ALREADY_EXISTS and OUT_OF_RANGE. */
export function checkOffset(record: WriteStreamRecord, offset: number): void {
  const entity = formatStreamName(record);
  const where = `expected offset ${record.rows}, received ${offset}`;
  if (offset < record.rows) {
    const details = { code: 'OFFSET_ALREADY_EXISTS', entity } as const;
    const message = `The offset is within stream, ${where}`;
    throw new Refusal(status.ALREADY_EXISTS, message, details);
  }
  if (offset > record.rows) {
    const details = { code: 'OFFSET_OUT_OF_RANGE', entity } as const;
    const message = `The offset is beyond stream, ${where}`;
    throw new Refusal(status.OUT_OF_RANGE, message, details);
  }
}

/**
 * The number of rows that a flush makes visible. Without an offset it flushes what the stream has.
 *
 * @throws Refusal INVALID_ARGUMENT, ALREADY_EXISTS for rows that are visible, OUT_OF_RANGE beyond the end
 */
export function flushTarget(record: WriteStreamRecord, offset: number | undefined): number {
  const entity = formatStreamName(record);
  if (record.type !== 'BUFFERED') {
    const details = { code: 'INVALID_STREAM_TYPE', entity } as const;
    const reason = `Only a BUFFERED stream can be flushed, not a ${record.type} stream.`;
    throw new Refusal(status.INVALID_ARGUMENT, reason, details);
  }
  // Apache Beam's connector, which Google maintains, relies on these three codes.
  if (record.finalized) throw finalized(record);
  if (offset === undefined) return record.rows;
  if (offset < 0) throw new Refusal(status.INVALID_ARGUMENT, `the offset ${offset} is negative`);
  if (offset < (record.flushed ?? 0)) {
    const details = { code: 'OFFSET_ALREADY_EXISTS', entity } as const;
    const reason = `Rows up to the offset ${offset} have already been flushed.`;
    throw new Refusal(status.ALREADY_EXISTS, reason, details);
  }
  if (offset >= record.rows) {
    const details = { code: 'OFFSET_OUT_OF_RANGE', entity } as const;
    const reason = `The flush offset ${offset} is beyond the end of the stream, which has ${record.rows} rows.`;
    throw new Refusal(status.OUT_OF_RANGE, reason, details);
  }
  return offset + 1;
}

/** Why a stream cannot be committed; undefined if it can. */
export function whyNotCommit(
  record: WriteStreamRecord | undefined,
  entity: string,
): StorageErrorMessage | undefined {
  const error = (code: StorageErrorCode, errorMessage: string) => ({
    code: StorageError.StorageErrorCode[code],
    entity,
    errorMessage,
  });
  if (!record) return error('STREAM_NOT_FOUND', `Not found: stream ${entity}`);
  if (record.type !== 'PENDING')
    return error('INVALID_STREAM_TYPE', 'only a PENDING stream is committed');
  if (record.committed !== undefined) {
    return error('STREAM_ALREADY_COMMITTED', 'the stream is committed already');
  }
  return record.finalized
    ? undefined
    : error('INVALID_STREAM_STATE', 'the stream is not finalized');
}
