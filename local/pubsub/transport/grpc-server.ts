import {
  Server,
  type ServerUnaryCall,
  type ServiceDefinition,
  type sendUnaryData,
} from '@grpc/grpc-js';
import type protobuf from 'protobufjs';
import { guardCalls } from '../../guards/grpc-guard.ts';
import type { AllowedHosts } from '../../guards/request-guard.ts';
import type { Api, Method } from '../api.ts';
import type { Broker } from '../broker.ts';
import { asPubsubError } from '../errors.ts';
import { serviceOf } from './protos.ts';
import { type PullStream, streamingPull } from './streaming-pull.ts';

/** A decoded request and the size it came in, which limits are stated for. */
export interface Sized<T> {
  readonly request: T;
  readonly bytes: number;
}

/** Well above the 10 MiB of a publish, so that a request too large is refused by name. */
const MAX_RECEIVED_BYTES = 64 * 1024 * 1024;

/** The services; what the API lacks, grpc-js answers with UNIMPLEMENTED and the method's path. */
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
  return (call: ServerUnaryCall<Sized<never>, object>, callback: sendUnaryData<object>): void => {
    const { request, bytes } = call.request;
    const onCancelled = (listener: () => void) => void call.once('cancelled', listener);
    const answer = async () => method(request, { bytes, onCancelled });
    answer().then(
      (response) => callback(null, response),
      (error) => callback(asPubsubError(error)),
    );
  };
}

function defineService(name: string): ServiceDefinition {
  const service = serviceOf(name);
  return Object.fromEntries(
    service.methodsArray.map((method) => [method.name, defineMethod(service, method)]),
  );
}

function defineMethod(service: protobuf.Service, method: protobuf.Method) {
  const { resolvedRequestType, resolvedResponseType } = method;
  return {
    path: `/${service.fullName.slice(1)}/${method.name}`,
    requestStream: method.requestStream ?? false,
    responseStream: method.responseStream ?? false,
    requestSerialize: (request: object) => resolvedRequestType?.encode(request).finish() as Buffer,
    requestDeserialize: (bytes: Buffer) => ({
      request: resolvedRequestType?.decode(bytes),
      bytes: bytes.length,
    }),
    // Deliveries come encoded.
    responseSerialize: (response: object) =>
      Buffer.isBuffer(response)
        ? response
        : (resolvedResponseType?.encode(response).finish() as Buffer),
    responseDeserialize: (bytes: Buffer) => resolvedResponseType?.decode(bytes),
  };
}
