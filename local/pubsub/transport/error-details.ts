import { Metadata } from '@grpc/grpc-js';
import protobuf from 'protobufjs';
import type { PubsubError } from '../errors.ts';

/** https://github.com/googleapis/googleapis/blob/master/google/rpc/status.proto, as far as it is used here. */
const root = protobuf.Root.fromJSON({
  nested: {
    Any: { fields: { typeUrl: { type: 'string', id: 1 }, value: { type: 'bytes', id: 2 } } },
    Status: {
      fields: {
        code: { type: 'int32', id: 1 },
        message: { type: 'string', id: 2 },
        details: { rule: 'repeated', type: 'Any', id: 3 },
      },
    },
    ErrorInfo: {
      fields: {
        reason: { type: 'string', id: 1 },
        domain: { type: 'string', id: 2 },
        metadata: { keyType: 'string', type: 'string', id: 3 } as protobuf.IMapField,
      },
    },
  },
});
const Status = root.lookupType('Status');
const ErrorInfo = root.lookupType('ErrorInfo');

/** The error as grpc-js sends it: its details go into the trailers. */
export function withTrailers(error: PubsubError): PubsubError {
  const { code, message, info } = error;
  if (!info) return error;
  const value = ErrorInfo.encode(info).finish();
  const details = [{ typeUrl: 'type.googleapis.com/google.rpc.ErrorInfo', value }];
  const metadata = new Metadata();
  const status = Status.encode({ code, message, details }).finish();
  metadata.set('grpc-status-details-bin', Buffer.from(status));
  return Object.assign(error, { metadata });
}
