// Google's own service definitions, as the client package ships them, and one method of IAM.

import { createRequire } from 'node:module';
import type { ServiceDefinition } from '@grpc/grpc-js';
import protobuf from 'protobufjs';
import { iam } from './iam-protos.ts';

const path = '@google-cloud/pubsub/build/protos/protos.json';
const root = protobuf.Root.fromJSON(createRequire(import.meta.url)(path));
root.define('google.iam.v1', iam);
root.resolveAll();

/** Finds a type by its name within google.pubsub.v1, or by its full name. */
export function messageType(name: string): protobuf.Type {
  return root.lookupType(fullName(name));
}

/** Finds a service by its name within google.pubsub.v1, or by its full name. */
export function serviceOf(name: string): protobuf.Service {
  return root.lookupService(fullName(name));
}

function fullName(name: string): string {
  return name.includes('.') ? name : `google.pubsub.v1.${name}`;
}

/** A decoded request with its size on the wire, because Google's limits apply to that size. */
export interface SizedRequest<T> {
  readonly request: T;
  readonly bytes: number;
}

/** A service as grpc-js takes it. Requests arrive as `SizedRequest`. */
export function defineService(name: string): ServiceDefinition {
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
    // Deliveries are encoded already.
    responseSerialize: (response: object) =>
      Buffer.isBuffer(response)
        ? response
        : (resolvedResponseType?.encode(response).finish() as Buffer),
    responseDeserialize: (bytes: Buffer) => resolvedResponseType?.decode(bytes),
  };
}
