// Write streams as the API's messages.

import { protos } from '@google-cloud/bigquery-storage';
import { status } from '@grpc/grpc-js';
import type { Table } from '../../tables/schema.ts';
import { Refusal } from '../refusals.ts';
import { toTableSchema } from '../rows/table-schema.ts';
import { formatStreamName } from './stream-name.ts';
import type { WriteStreamRecord } from './stream-store.ts';

const {
  BatchCommitWriteStreamsResponse,
  FinalizeWriteStreamResponse,
  FlushRowsResponse,
  WriteStream,
  WriteStreamView,
} = protos.google.cloud.bigquery.storage.v1;

export type CreateStream = protos.google.cloud.bigquery.storage.v1.CreateWriteStreamRequest;
export type GetStream = protos.google.cloud.bigquery.storage.v1.GetWriteStreamRequest;
export type FinalizeStream = protos.google.cloud.bigquery.storage.v1.FinalizeWriteStreamRequest;
export type CommitStreams = protos.google.cloud.bigquery.storage.v1.BatchCommitWriteStreamsRequest;
export type Flush = protos.google.cloud.bigquery.storage.v1.FlushRowsRequest;
export type Flushed = protos.google.cloud.bigquery.storage.v1.FlushRowsResponse;
export type StreamResource = protos.google.cloud.bigquery.storage.v1.WriteStream;
export type FinalizedStream = protos.google.cloud.bigquery.storage.v1.FinalizeWriteStreamResponse;
export type CommittedStreams =
  protos.google.cloud.bigquery.storage.v1.BatchCommitWriteStreamsResponse;

/** Throws INVALID_ARGUMENT. */
export function readType({ writeStream }: CreateStream): WriteStreamRecord['type'] {
  switch (writeStream?.type) {
    case WriteStream.Type.COMMITTED:
      return 'COMMITTED';
    case WriteStream.Type.PENDING:
      return 'PENDING';
    case WriteStream.Type.BUFFERED:
      return 'BUFFERED';
    default:
      throw new Refusal(status.INVALID_ARGUMENT, 'write_stream.type must be given');
  }
}

export function wantsSchema({ view }: GetStream): boolean {
  return view === WriteStreamView.FULL;
}

/** Describes a stream; without a record, the table's default stream. */
export function describeStream(
  record: WriteStreamRecord | undefined,
  table: Table,
  withSchema: boolean,
): StreamResource {
  const created = record?.created ?? table.creationTime;
  // "If a stream is of COMMITTED type, then it will have a commit_time same as create_time."
  const committed =
    record === undefined || record.type === 'COMMITTED' ? created : record.committed;
  return WriteStream.fromObject({
    name: formatStreamName(record ?? { table, stream: '_default' }),
    type: WriteStream.Type[record?.type ?? 'COMMITTED'],
    createTime: timestamp(created),
    ...(committed !== undefined && { commitTime: timestamp(committed) }),
    writeMode: WriteStream.WriteMode.INSERT,
    location: table.location,
    ...(withSchema && { tableSchema: toTableSchema(table.schema) }),
  });
}

export function toFinalizeResponse({ rows }: WriteStreamRecord): FinalizedStream {
  return FinalizeWriteStreamResponse.fromObject({ rowCount: rows });
}

/** @param rows how many rows of the stream are visible; the response names the last one's offset */
export function toFlushResponse(rows: number): Flushed {
  return FlushRowsResponse.fromObject({ offset: Math.max(rows - 1, 0) });
}

export function toCommitResponse(outcome: {
  committed?: number;
  errors?: readonly protos.google.cloud.bigquery.storage.v1.IStorageError[];
}): CommittedStreams {
  return BatchCommitWriteStreamsResponse.fromObject({
    ...(outcome.committed !== undefined && { commitTime: timestamp(outcome.committed) }),
    streamErrors: outcome.errors ?? [],
  });
}

function timestamp(ms: number): { seconds: number; nanos: number } {
  return { seconds: Math.floor(ms / 1000), nanos: (ms % 1000) * 1_000_000 };
}
