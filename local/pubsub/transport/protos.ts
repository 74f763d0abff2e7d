// Google's own service definitions, as the client package ships them.

import { createRequire } from 'node:module';
import protobuf from 'protobufjs';

const path = '@google-cloud/pubsub/build/protos/protos.json';
const root = protobuf.Root.fromJSON(createRequire(import.meta.url)(path));
root.resolveAll();

/** By its name within google.pubsub.v1, or by its full one. */
export function messageType(name: string): protobuf.Type {
  return root.lookupType(name.includes('.') ? name : `google.pubsub.v1.${name}`);
}

export function serviceOf(name: string): protobuf.Service {
  return root.lookupService(`google.pubsub.v1.${name}`);
}
