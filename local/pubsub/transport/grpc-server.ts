import { Server, type ServerUnaryCall, type sendUnaryData } from '@grpc/grpc-js';
import { guardCalls } from '../../guards/grpc-guard.ts';
import type { AllowedHosts } from '../../guards/request-guard.ts';
import type { Broker } from '../broker.ts';
import { asPubsubError } from '../errors.ts';
import type { Api, Method } from '../methods/method.ts';
import { withTrailers } from './error-details.ts';
import { defineService, type SizedRequest } from './protos.ts';
import { type PullStream, streamingPull } from './streaming-pull.ts';

/** Well above the 10 MiB of a publish, so that our own check refuses a request that is too large. */
const MAX_RECEIVED_BYTES = 64 * 1024 * 1024;

/** Serves the API over gRPC. grpc-js answers UNIMPLEMENTED to methods that the API lacks. */
export function createGrpcServer(api: Api, broker: Broker, allowHosts?: AllowedHosts): Server {
  const server = new Server({
    interceptors: [guardCalls(allowHosts)],
    'grpc.max_receive_message_length': MAX_RECEIVED_BYTES,
    'grpc.max_send_message_length': -1,
  });
  const streams = { StreamingPull: (call: PullStream) => streamingPull(broker, call) };
  for (const [name, methods] of Object.entries(api)) {
    const handlers = Object.entries(methods).map(([method, run]) => [method, unary(run)]);
    const implementation = { ...Object.fromEntries(handlers), ...streams };
    server.addService(defineService(name), implementation);
  }
  return server;
}

function unary(method: Method) {
  return (
    call: ServerUnaryCall<SizedRequest<never>, object>,
    callback: sendUnaryData<object>,
  ): void => {
    const { request, bytes } = call.request;
    const onCancelled = (listener: () => void) => void call.once('cancelled', listener);
    const answer = async () => method(request, { bytes, onCancelled });
    answer().then(
      (response) => callback(null, response),
      (error) => callback(withTrailers(asPubsubError(error))),
    );
  };
}
