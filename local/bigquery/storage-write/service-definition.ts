import { protos } from '@google-cloud/bigquery-storage';
import type { MethodDefinition, ServiceDefinition } from '@grpc/grpc-js';

const v1 = protos.google.cloud.bigquery.storage.v1;
const PACKAGE = '/google.cloud.bigquery.storage.v1';

/** A request with its size on the wire, because the API's limit applies to that size. */
export interface SizedAppend {
  request: protos.google.cloud.bigquery.storage.v1.AppendRowsRequest;
  bytes: number;
}

interface Message<T> {
  encode(message: T): { finish(): Uint8Array };
  decode(bytes: Uint8Array): T;
}

/**
 * The service BigQueryWrite, encoded with the generated classes of Google's own package. They leave unset
 * fields unset; proto-loader's `defaults` would put every descriptor field into a oneof.
 */
export const BIG_QUERY_WRITE = {
  appendRows: {
    ...method('AppendRows', v1.AppendRowsRequest, v1.AppendRowsResponse),
    requestStream: true,
    responseStream: true,
    requestSerialize: ({ request }: SizedAppend) => finish(v1.AppendRowsRequest, request),
    requestDeserialize: (bytes: Buffer): SizedAppend => ({
      request: v1.AppendRowsRequest.decode(bytes),
      bytes: bytes.length,
    }),
  },
  createWriteStream: method('CreateWriteStream', v1.CreateWriteStreamRequest, v1.WriteStream),
  getWriteStream: method('GetWriteStream', v1.GetWriteStreamRequest, v1.WriteStream),
  finalizeWriteStream: method(
    'FinalizeWriteStream',
    v1.FinalizeWriteStreamRequest,
    v1.FinalizeWriteStreamResponse,
  ),
  batchCommitWriteStreams: method(
    'BatchCommitWriteStreams',
    v1.BatchCommitWriteStreamsRequest,
    v1.BatchCommitWriteStreamsResponse,
  ),
  flushRows: method('FlushRows', v1.FlushRowsRequest, v1.FlushRowsResponse),
} satisfies ServiceDefinition;

/** A method of the API that takes one request and gives one response. */
export function method<Request, Response>(
  name: string,
  request: Message<Request>,
  response: Message<Response>,
  service = 'BigQueryWrite',
): MethodDefinition<Request, Response> {
  return {
    path: `${PACKAGE}.${service}/${name}`,
    requestStream: false,
    responseStream: false,
    requestSerialize: (message) => finish(request, message),
    requestDeserialize: (bytes) => request.decode(bytes),
    responseSerialize: (message) => finish(response, message),
    responseDeserialize: (bytes) => response.decode(bytes),
  };
}

function finish<T>(codec: Message<T>, message: T): Buffer {
  const bytes = codec.encode(message).finish();
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
}
